#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "agent/audit/domain/pattern.hpp"
#include "common/core/json.hpp"

namespace gantry::audit {
namespace {

constexpr std::size_t digits_max = 18;  // of a captured number; fits int64

std::optional<std::string> hex_of(std::string_view text, std::size_t digits) {
    if (text.size() != digits || text.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
        return std::nullopt;
    std::string out{text};
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
    return out;
}

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

// The captured text as the field's JSON; nothing when the schema does not allow it.
std::optional<std::string> value_of(const RuleField& rule, std::string_view captured) {
    const Field& field = rule.field;
    if (!rule.map.empty()) {
        const auto found = std::ranges::find(rule.map, captured, &std::pair<std::string, std::string>::first);
        const std::string& value = found == rule.map.end() ? rule.otherwise : found->second;
        if (value.empty()) return std::nullopt;
        return field.kind == FieldKind::boolean ? value : quoted(value);
    }
    switch (field.kind) {
        case FieldKind::integer: {
            const auto number = scaled_number(captured, rule.scaling);
            if (!number || *number < field.min || *number > field.max) return std::nullopt;
            return std::to_string(*number);
        }
        case FieldKind::token:
            if (!is_token(captured, static_cast<std::size_t>(field.max))) return std::nullopt;
            return quoted(captured);
        case FieldKind::hex: {
            const auto digits = hex_of(captured, field.digits);
            if (!digits) return std::nullopt;
            return quoted(*digits);
        }
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<std::int64_t> scaled_number(std::string_view text, const Scaling& scaling) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    std::int64_t mantissa = 0;
    std::int64_t decimals = 1;
    std::size_t digits = 0;
    bool after_point = false;
    for (const char c : text) {
        if (c == (scaling.decimal_comma ? ',' : '.') && !after_point && digits > 0) {
            after_point = true;
        } else if (c >= '0' && c <= '9' && digits < digits_max) {
            mantissa = mantissa * 10 + (c - '0');
            ++digits;
            if (after_point) decimals *= 10;
        } else {
            return std::nullopt;
        }
    }
    if (digits == 0) return std::nullopt;
    // 64 bits of mantissa hold 18 digits exactly; what exceeds 2^53 after scaling is refused below.
    long double value = static_cast<long double>(negative ? -mantissa : mantissa) / static_cast<long double>(decimals);
    value = (value - static_cast<long double>(scaling.subtract)) * static_cast<long double>(scaling.multiply) /
            static_cast<long double>(scaling.divide);
    constexpr long double limit = 9007199254740992.0L;
    if (!(value > -limit && value < limit)) return std::nullopt;
    return static_cast<std::int64_t>(std::roundl(value));
}

LineReader::LineReader(std::shared_ptr<const PatternFile> patterns, const Schema& schema, const Zone& zone,
                       std::optional<std::int64_t> last_at_ms)
    : patterns_{std::move(patterns)},
      schema_{&schema},
      zone_{zone},
      last_at_ms_{last_at_ms},
      last_event_ms_(patterns_->rules().size()) {}

void LineReader::take_time(const std::string& line, std::int64_t now_ms) {
    if (!patterns_->time_match_) return;
    re2::StringPiece text;
    if (!RE2::PartialMatch(line, *patterns_->time_match_, &text)) return;
    const auto at = patterns_->time_format_->read({text.data(), text.size()}, zone_, now_ms, last_at_ms_);
    if (at)
        last_at_ms_ = at;
    else
        ++counters_.bad_time;
}

std::optional<Observation> LineReader::read(std::string_view raw, std::int64_t now_ms) {
    ++counters_.lines;
    bool repaired = false;
    const std::string line = to_utf8(raw, patterns_->encoding(), repaired);
    if (repaired) ++counters_.repaired;
    take_time(line, now_ms);
    for (std::size_t at = 0; at < patterns_->rules().size(); ++at) {
        const Rule& rule = patterns_->rules()[at];
        std::vector<re2::StringPiece> groups(static_cast<std::size_t>(rule.captures) + 1);
        if (!rule.match->Match(line, 0, line.size(), RE2::UNANCHORED, groups.data(), rule.captures + 1)) continue;
        if (rule.unless && RE2::PartialMatch(line, *rule.unless)) continue;
        std::vector<std::string_view> captured;
        for (const re2::StringPiece& group : groups) captured.emplace_back(group.data(), group.size());
        return apply(at, captured);
    }
    ++counters_.unmatched;
    return std::nullopt;
}

std::optional<Observation> LineReader::apply(std::size_t at, const std::vector<std::string_view>& captured) {
    const Rule& rule = patterns_->rules()[at];
    auto& last = last_event_ms_[at];
    if (rule.every_ms > 0 && last && last_at_ms_ && *last_at_ms_ >= *last && *last_at_ms_ < *last + rule.every_ms) {
        ++counters_.suppressed;
        return std::nullopt;
    }
    Observation out{rule.event, last_at_ms_, "{"};
    for (const RuleField& field : rule.fields) {
        const std::string_view text = captured[static_cast<std::size_t>(field.capture)];
        std::optional<std::string> value;
        if (field.capture == 0)
            value = field.constant;
        else if (text.data() != nullptr)  // an optional group that took no part gives no field
            value = value_of(field, text);
        if (!value) {
            if (field.capture != 0 && text.data() != nullptr) ++counters_.out_of_range;
            if (field.field.required) return std::nullopt;
            continue;
        }
        if (out.body.size() > 1) out.body.push_back(',');
        out.body.append("\"").append(field.field.name).append("\":").append(*value);
    }
    out.body.push_back('}');
    // The last word is the schema's; a rule that passed its checks at load cannot fail here.
    if (!schema_->check(out.type, out.body)) {
        ++counters_.out_of_range;
        return std::nullopt;
    }
    last = last_at_ms_;
    ++counters_.events;
    return out;
}

}  // namespace gantry::audit
