#include "server/domain/rules/pack.hpp"

#include <fmt/format.h>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
#include <algorithm>
#include <chrono>

#include "server/domain/rules/registry.hpp"

namespace gantry::rules {
namespace {

// Thrown and caught inside this file only: one place makes "file:line: reason".
struct Mistake {
    std::string reason;
    toml::source_index line = 0;
};

[[noreturn]] void fail(const toml::node& node, std::string reason) {
    throw Mistake{std::move(reason), node.source().begin.line};
}

void only_keys(const toml::table& in, std::initializer_list<std::string_view> allowed) {
    for (const auto& [key, node] : in) {
        if (std::ranges::find(allowed, key.str()) == allowed.end())
            throw Mistake{fmt::format("unknown key '{}'", key.str()), key.source().begin.line};
    }
}

std::string want_text(const toml::table& in, std::string_view key) {
    const toml::node* node = in.get(key);
    if (!node) fail(in, fmt::format("'{}' is missing", key));
    const auto value = node->value_exact<std::string>();
    if (!value || value->empty()) fail(*node, fmt::format("'{}': want a text", key));
    return *value;
}

std::int64_t integer_of(const toml::node& node, std::string_view key, std::int64_t low, std::int64_t high) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value) fail(node, fmt::format("'{}': want a whole number from {} to {}", key, low, high));
    if (*value < low || *value > high)
        fail(node, fmt::format("'{}': got {}, want a whole number from {} to {}", key, *value, low, high));
    return *value;
}

int two_digits(std::string_view text) { return (text[0] - '0') * 10 + (text[1] - '0'); }

std::int64_t want_day(const toml::table& in, std::string_view key) {
    const std::string text = want_text(in, key);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    bool dated = text.size() == 10;
    for (std::size_t i = 0; dated && i < text.size(); ++i) dated = (i == 4 || i == 7) ? text[i] == '-' : digit(text[i]);
    if (!dated) fail(*in.get(key), fmt::format("'{}': got '{}', want YYYY-MM-DD", key, text));
    const std::string_view view = text;
    const int year = two_digits(view.substr(0, 2)) * 100 + two_digits(view.substr(2, 2));
    const std::chrono::year_month_day day{std::chrono::year{year},
                                          std::chrono::month{static_cast<unsigned>(two_digits(view.substr(5, 2)))},
                                          std::chrono::day{static_cast<unsigned>(two_digits(view.substr(8, 2)))}};
    if (!day.ok()) fail(*in.get(key), fmt::format("'{}': got '{}', want a day of the calendar", key, text));
    using std::chrono::milliseconds;
    return milliseconds{std::chrono::sys_days{day}.time_since_epoch()}.count();
}

Severity want_severity(const toml::table& in) {
    const std::string text = want_text(in, "severity");
    for (const auto s : {Severity::info, Severity::low, Severity::medium, Severity::high, Severity::critical}) {
        if (name(s) == text) return s;
    }
    fail(*in.get("severity"), fmt::format("'severity': got '{}', want info, low, medium, high or critical", text));
}

Texts read_texts(const toml::node& node, std::string_view key) {
    if (!node.is_array() || node.as_array()->size() > list_max)
        fail(node, fmt::format("'{}': want a list of at most {} texts", key, list_max));
    Texts out;
    for (const toml::node& item : *node.as_array()) {
        const auto value = item.value_exact<std::string>();
        if (!value || value->empty()) fail(item, fmt::format("'{}': want texts", key));
        out.push_back(*value);
    }
    return out;
}

Parameter read_parameter(const toml::node& node, const ParameterSpec& spec) {
    if (spec.kind == ParameterKind::integer) return integer_of(node, spec.name, spec.min, spec.max);
    if (spec.kind == ParameterKind::texts) return read_texts(node, spec.name);
    if (!node.is_table() || node.as_table()->size() > list_max)
        fail(node, fmt::format("'{}': want a table of at most {} entries", spec.name, list_max));
    Table numbers;
    Words words_out;
    for (const auto& [key, value] : *node.as_table()) {
        const std::string entry{key.str()};
        if (spec.kind == ParameterKind::table) {
            numbers[entry] = integer_of(value, fmt::format("{}.{}", spec.name, entry), spec.min, spec.max);
        } else {
            const auto text = value.value_exact<std::string>();
            if (!text) fail(value, fmt::format("'{}.{}': want a text", spec.name, entry));
            words_out[entry] = *text;
        }
    }
    if (spec.kind == ParameterKind::table) return numbers;
    return words_out;
}

void read_parameters(const toml::table& in, Rule& rule) {
    const toml::node* node = in.get("parameters");
    if (node && !node->is_table()) fail(*node, "'parameters': want a table");
    const toml::table none;
    const toml::table& given = node ? *node->as_table() : none;
    for (const auto& [key, value] : given) {
        if (std::ranges::find(rule.function->parameters, key.str(), &ParameterSpec::name) ==
            rule.function->parameters.end())
            throw Mistake{
                fmt::format("{}: function '{}' has no parameter '{}'", rule.id, rule.function->name, key.str()),
                key.source().begin.line};
    }
    for (const ParameterSpec& spec : rule.function->parameters) {
        const toml::node* value = given.get(spec.name);
        if (!value)
            fail(node ? *node : in, fmt::format("{}: parameter '{}' of function '{}' is missing", rule.id, spec.name,
                                                rule.function->name));
        rule.parameters.emplace(spec.name, read_parameter(*value, spec));
    }
}

Rule read_rule(const toml::table& in, std::string_view file) {
    only_keys(in, {"id", "function", "version", "valid_from", "valid_to", "severity", "basis", "basis_zh", "title_en",
                   "title_zh", "text_en", "text_zh", "parameters"});
    Rule rule;
    rule.place = fmt::format("{}:{}", file, in.source().begin.line);
    rule.id = want_text(in, "id");
    const std::string function = want_text(in, "function");
    rule.function = find_function(function);
    if (!rule.function) fail(*in.get("function"), fmt::format("{}: unknown function '{}'", rule.id, function));
    if (!in.contains("version")) fail(in, "'version' is missing");
    rule.version = integer_of(*in.get("version"), "version", 1, 1'000'000);
    rule.from_ms = want_day(in, "valid_from");
    if (in.contains("valid_to")) rule.to_ms = want_day(in, "valid_to");
    if (rule.to_ms <= rule.from_ms) fail(*in.get("valid_to"), "'valid_to': want a day after 'valid_from'");
    rule.severity = want_severity(in);
    rule.basis = want_text(in, "basis");
    rule.basis_zh = want_text(in, "basis_zh");
    rule.title_en = want_text(in, "title_en");
    rule.title_zh = want_text(in, "title_zh");
    rule.text_en = want_text(in, "text_en");
    rule.text_zh = want_text(in, "text_zh");
    read_parameters(in, rule);
    return rule;
}

}  // namespace

struct PackLoader {
    RulePack pack;

    void read(const toml::table& in, std::string_view file) {
        only_keys(in, {"rule"});
        const toml::node* rows = in.get("rule");
        if (!rows || !rows->is_array()) fail(in, "want rows [[rule]]");
        for (const toml::node& node : *rows->as_array()) {
            if (!node.is_table()) fail(node, "want rows [[rule]]");
            if (pack.rules_.size() == rules_max) fail(node, fmt::format("want at most {} rules", rules_max));
            pack.rules_.push_back(read_rule(*node.as_table(), file));
        }
    }

    // Sorted, so two versions that overlap or bear one number stand side by side or are found among their neighbours.
    std::optional<std::string> settle() {
        std::ranges::stable_sort(pack.rules_, [](const Rule& a, const Rule& b) {
            return a.id != b.id ? a.id < b.id : a.from_ms < b.from_ms;
        });
        for (std::size_t i = 1; i < pack.rules_.size(); ++i) {
            const Rule& before = pack.rules_[i - 1];
            const Rule& rule = pack.rules_[i];
            if (before.id != rule.id) continue;
            if (rule.from_ms < before.to_ms)
                return fmt::format("{}: {} version {} is in force together with version {} ({})", rule.place, rule.id,
                                   rule.version, before.version, before.place);
            if (rule.version <= before.version)
                return fmt::format("{}: {}: got version {} after {}, want a higher one", rule.place, rule.id,
                                   rule.version, before.version);
        }
        return {};
    }
};

Result<RulePack> parse_pack(std::span<const PackText> texts) {
    PackLoader loader;
    for (const PackText& text : texts) {
        try {
            loader.read(toml::parse(text.toml, text.file), text.file);
        } catch (const toml::parse_error& error) {
            return Error{Errc::malformed,
                         fmt::format("{}:{}: {}", text.file, error.source().begin.line, error.description())};
        } catch (const Mistake& mistake) {
            return Error{Errc::schema, fmt::format("{}:{}: {}", text.file, mistake.line, mistake.reason)};
        }
    }
    if (auto problem = loader.settle()) return Error{Errc::schema, *problem};
    return std::move(loader.pack);
}

const Rule* RulePack::at(std::string_view id, std::int64_t at_ms) const {
    const auto [first, last] =
        std::ranges::equal_range(rules_, id, {}, [](const Rule& r) { return std::string_view{r.id}; });
    const auto found = std::find_if(first, last, [&](const Rule& r) { return r.from_ms <= at_ms && at_ms < r.to_ms; });
    return found == last ? nullptr : &*found;
}

const Rule* RulePack::latest(std::string_view id) const {
    const auto [first, last] =
        std::ranges::equal_range(rules_, id, {}, [](const Rule& r) { return std::string_view{r.id}; });
    return first == last ? nullptr : &*std::prev(last);
}

}  // namespace gantry::rules
