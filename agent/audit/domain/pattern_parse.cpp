#include <fmt/format.h>
#include <re2/re2.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>

#include "agent/audit/domain/limits.hpp"
#include "agent/audit/domain/pattern.hpp"
#include "common/core/json.hpp"

namespace gantry::audit {
namespace {

// Whole words that stand where a name may stand. An expression for a device's code or serial number that takes one of
// them would take a patient's name too.
constexpr std::array<std::string_view, 8> names = {"Zhang",  "ZHANG",  "Mueller",  "MUELLER",
                                                   "Li Wei", "LI WEI", "Doe.Jane", "DOE_JANE"};

// The text of the named group inside an expression, without its head and closing parenthesis. Escapes, classes and
// inner groups are stepped over. Empty when it is not there.
std::string_view group_text(std::string_view expression, std::string_view group) {
    const std::string head = fmt::format("(?P<{}>", group);
    const auto at = expression.find(head);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = expression.substr(at + head.size());
    int depth = 0;
    bool in_class = false;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == '\\') {
            ++i;
        } else if (in_class) {
            in_class = rest[i] != ']';
        } else if (rest[i] == '[') {
            in_class = true;
            if (i + 1 < rest.size() && rest[i + 1] == '^') ++i;
            if (i + 1 < rest.size() && rest[i + 1] == ']') ++i;
        } else if (rest[i] == '(') {
            ++depth;
        } else if (rest[i] == ')' && depth-- == 0) {
            return rest.substr(0, i);
        }
    }
    return {};
}

RE2::Options expression_options() {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(limits::expression_memory);
    return options;
}

}  // namespace

// One file's worth of checking: every fault is collected with its line.
class PatternParser {
public:
    PatternParser(std::string_view file, const Schema& schema) : file_{file}, schema_{schema} {}

    Result<PatternFile> parse(const toml::table& root) {
        for (const auto& [key, node] : root) {
            if (key == "device" && node.is_table()) {
                known_keys(*node.as_table(), "device", {"maker", "model", "note"});
            } else if (key == "log" && node.is_table()) {
                log(*node.as_table());
            } else if (key == "rule" && node.is_array_of_tables()) {
                for (const toml::node& entry : *node.as_array()) rule(*entry.as_table());
            } else {
                fault(key.source(), fmt::format("got \"{}\", want [device], [log] and [[rule]]", key.str()));
            }
        }
        if (out_.rules_.empty() && faults_.empty()) fault({}, "got no [[rule]], want at least one");
        if (out_.rules_.size() > limits::rules_max)
            fault({}, fmt::format("got {} rules, want at most {}", out_.rules_.size(), limits::rules_max));
        if (!faults_.empty()) return Error{Errc::malformed, fmt::format("{}", fmt::join(faults_, "\n"))};
        return std::move(out_);
    }

private:
    void fault(const toml::source_region& source, std::string_view what) {
        const std::string rule = rule_.empty() ? "" : fmt::format("rule \"{}\": ", rule_);
        faults_.push_back(fmt::format("{}:{}: {}{}", file_, source.begin.line, rule, what));
    }

    void known_keys(const toml::table& table, std::string_view where, std::initializer_list<std::string_view> allowed) {
        for (const auto& [key, node] : table) {
            if (std::ranges::find(allowed, key.str()) == allowed.end())
                fault(key.source(), fmt::format("{}: got \"{}\", want {}", where, key.str(), fmt::join(allowed, ", ")));
        }
    }

    std::string text(const toml::table& table, std::string_view key, bool required) {
        const toml::node* node = table.get(key);
        if (node == nullptr) {
            if (required) fault(table.source(), fmt::format("got no {}, want a text", key));
            return {};
        }
        if (!node->is_string()) fault(node->source(), fmt::format("{}: want a text in quotes", key));
        return node->value_or(std::string{});
    }

    std::int64_t number(const toml::table& table, std::string_view key, std::int64_t low, std::int64_t high,
                        std::int64_t fallback) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return fallback;
        const auto value = node->is_integer() ? node->value<std::int64_t>() : std::nullopt;
        if (value && *value >= low && *value <= high) return *value;
        fault(node->source(), fmt::format("{}: want a whole number from {} to {}", key, low, high));
        return fallback;
    }

    std::shared_ptr<const RE2> expression(const toml::table& table, std::string_view key) {
        const std::string pattern = text(table, key, false);
        if (pattern.empty()) return nullptr;
        const toml::source_region& source = table.get(key)->source();
        if (pattern.size() > limits::expression_bytes_max) {
            fault(source,
                  fmt::format("{}: got {} bytes, want at most {}", key, pattern.size(), limits::expression_bytes_max));
            return nullptr;
        }
        auto compiled = std::make_shared<const RE2>(pattern, expression_options());
        if (compiled->ok()) return compiled;
        fault(source, fmt::format("{}: {} (RE2 syntax)", key, compiled->error()));
        return nullptr;
    }

    void log(const toml::table& table) {
        known_keys(table, "log", {"encoding", "zone", "time", "time_format"});
        if (const std::string name = text(table, "encoding", false); !name.empty()) {
            const auto encoding = encoding_of(name);
            if (encoding)
                out_.encoding_ = *encoding;
            else
                fault(table.get("encoding")->source(),
                      fmt::format("encoding: got \"{}\", want utf-8, latin1, gbk or gb18030", name));
        }
        out_.zone_ = text(table, "zone", false);
        if (!out_.zone_.empty()) {
            if (const auto zone = Zone::named(out_.zone_); !zone)
                fault(table.get("zone")->source(), zone.error().message);
        }
        out_.time_match_ = expression(table, "time");
        const std::string format = text(table, "time_format", false);
        if ((out_.time_match_ != nullptr) == format.empty()) {
            fault(table.source(), "time and time_format: want both or none");
            return;
        }
        if (!out_.time_match_) return;
        if (out_.time_match_->NumberOfCapturingGroups() != 1)
            fault(table.get("time")->source(), "time: want exactly one group, around the time");
        auto parsed = TimeFormat::parse(format);
        if (parsed)
            out_.time_format_ = *parsed;
        else
            fault(table.get("time_format")->source(), parsed.error().message);
    }

    void rule(const toml::table& table) {
        rule_ = table["name"].value_or(std::string{});
        known_keys(table, "rule", {"name", "match", "unless", "event", "every_s", "fields"});
        if (rule_.empty()) fault(table.source(), "rule: got no name, want one");
        const auto same = std::ranges::find(out_.rules_, rule_, &Rule::name);
        if (same != out_.rules_.end()) fault(table.source(), "there is another rule of this name");
        Rule rule;
        rule.name = rule_;
        rule.match = expression(table, "match");
        rule.unless = expression(table, "unless");
        rule.every_ms = number(table, "every_s", 0, 86'400, 0) * 1000;
        rule.event = text(table, "event", true);
        if (!rule.match && table.get("match") == nullptr) fault(table.source(), "got no match, want an expression");
        if (const EventType* type = event_type(table, rule.event); type != nullptr && rule.match) {
            rule.captures = rule.match->NumberOfCapturingGroups();
            fields(table, *type, rule);
        }
        out_.rules_.push_back(std::move(rule));
        rule_.clear();
    }

    const EventType* event_type(const toml::table& table, const std::string& name) {
        if (name.empty()) return nullptr;
        const toml::source_region& source = table.get("event")->source();
        const EventType* type = schema_.find(name);
        if (type == nullptr) fault(source, fmt::format("event: got \"{}\", which the schema does not have", name));
        if (type != nullptr && (type->agent_only || type->device_class == "use")) {
            fault(source,
                  fmt::format("event: got \"{}\", want a type that is neither the agent's own nor about use", name));
            return nullptr;
        }
        return type;
    }

    void fields(const toml::table& table, const EventType& type, Rule& rule) {
        const toml::node* node = table.get("fields");
        if (node != nullptr && !node->is_table()) return fault(node->source(), "fields: want a table");
        static const toml::table none;
        const toml::table& given = node == nullptr ? none : *node->as_table();
        for (const auto& [key, value] : given) {
            const auto field = std::ranges::find(type.fields, key.str(), &Field::name);
            if (field == type.fields.end()) {
                fault(key.source(), fmt::format("field: got \"{}\", which {} does not have", key.str(), type.name));
            } else if (!value.is_table()) {
                fault(value.source(), fmt::format("{}: want {{ capture = … }} or {{ value = … }}", key.str()));
            } else {
                rule_field(*value.as_table(), *field, rule);
            }
        }
        for (const Field& field : type.fields) {
            if (field.required && given.get(field.name) == nullptr)
                fault(table.source(), fmt::format("got no {}, which {} requires", field.name, type.name));
        }
    }

    void rule_field(const toml::table& table, const Field& field, Rule& rule) {
        known_keys(table, field.name,
                   {"value", "capture", "map", "otherwise", "subtract", "multiply", "divide", "decimal_comma"});
        RuleField out;
        out.field = field;
        const toml::node* constant = table.get("value");
        const std::string capture = text(table, "capture", false);
        if ((constant == nullptr) == capture.empty())
            return fault(table.source(), fmt::format("{}: want one of value and capture", field.name));
        if (constant != nullptr) {
            out.constant = constant_json(*constant, field);
            if (out.constant.empty() || !allowed(*constant, field, out.constant)) return;
        } else if (!captured(table, capture, rule, out)) {
            return;
        }
        rule.fields.push_back(std::move(out));
    }

    std::string constant_json(const toml::node& node, const Field& field) {
        if (const auto* number = node.as_integer()) return std::to_string(number->get());
        if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
        std::string out;
        if (const auto* text = node.as_string())
            append_json_string(out, text->get());
        else
            fault(node.source(), fmt::format("{}: want a text, a whole number, true or false", field.name));
        return out;
    }

    // Whether the schema takes this JSON for this field; said through a schema of that field alone.
    bool allowed(const toml::node& node, const Field& field, const std::string& json) {
        JsonCursor cursor{json};
        std::string_view text;
        std::int64_t number = 0;
        bool fits = false;
        switch (field.kind) {
            case FieldKind::integer:
                fits = cursor.peek() == JsonCursor::Kind::integer && cursor.integer(number) && number >= field.min &&
                       number <= field.max;
                if (!fits)
                    fault(node.source(),
                          fmt::format("{}: got {}, want {} to {}", field.name, json, field.min, field.max));
                return fits;
            case FieldKind::boolean:
                fits = cursor.peek() == JsonCursor::Kind::boolean;
                break;
            case FieldKind::enumeration:
                fits = cursor.plain_string(text) && std::ranges::find(field.values, text) != field.values.end();
                if (!fits)
                    fault(node.source(),
                          fmt::format("{}: got {}, want one of {}", field.name, json, fmt::join(field.values, ", ")));
                return fits;
            case FieldKind::token:
                fits = cursor.plain_string(text) && is_token(text, static_cast<std::size_t>(field.max));
                break;
            default:
                break;
        }
        if (!fits) fault(node.source(), fmt::format("{}: the schema does not take {}", field.name, json));
        return fits;
    }

    bool captured(const toml::table& table, const std::string& capture, const Rule& rule, RuleField& out) {
        const toml::source_region& source = table.get("capture")->source();
        const auto& groups = rule.match->NamedCapturingGroups();
        const auto group = groups.find(capture);
        if (group == groups.end()) {
            fault(source,
                  fmt::format("{}: got capture \"{}\", which the expression does not have", out.field.name, capture));
            return false;
        }
        out.capture = group->second;
        const std::size_t faults_before = faults_.size();
        scaling(table, out);
        if (const toml::node* map = table.get("map"); map != nullptr) value_map(*map, table, out);
        kind_fits(source, out);
        if (out.field.kind == FieldKind::token && out.map.empty()) takes_no_name(source, rule, capture, out.field);
        return faults_.size() == faults_before;
    }

    void scaling(const toml::table& table, RuleField& out) {
        constexpr std::int64_t most = 1'000'000'000;
        out.scaling.subtract = number(table, "subtract", -most, most, 0);
        out.scaling.multiply = number(table, "multiply", 1, most, 1);
        out.scaling.divide = number(table, "divide", 1, most, 1);
        out.scaling.decimal_comma = table["decimal_comma"].value_or(false);
    }

    void value_map(const toml::node& node, const toml::table& table, RuleField& out) {
        if (!node.is_table() || node.as_table()->empty())
            return fault(node.source(), fmt::format("{}: map: want captured = \"value\" pairs", out.field.name));
        for (const auto& [key, value] : *node.as_table()) {
            const std::string json = constant_json(value, out.field);
            if (!json.empty() && allowed(value, out.field, json)) out.map.emplace_back(key.str(), bare(json));
        }
        if (const toml::node* rest = table.get("otherwise"); rest != nullptr) {
            const std::string json = constant_json(*rest, out.field);
            if (!json.empty() && allowed(*rest, out.field, json)) out.otherwise = bare(json);
        }
    }
    static std::string bare(const std::string& json) {
        return json.starts_with('"') ? json.substr(1, json.size() - 2) : json;
    }

    void kind_fits(const toml::source_region& source, const RuleField& out) {
        const FieldKind kind = out.field.kind;
        const bool needs_map = kind == FieldKind::enumeration || kind == FieldKind::boolean;
        if (needs_map && out.map.empty())
            fault(source, fmt::format("{}: got a capture without a map, want map = {{ captured = \"value\" }}",
                                      out.field.name));
        const bool takes =
            needs_map || kind == FieldKind::integer || kind == FieldKind::token || kind == FieldKind::hex;
        if (!takes)
            fault(source, fmt::format("{}: want a value that is a number, code or one of a list", out.field.name));
        if (kind == FieldKind::integer && !out.map.empty())
            fault(source, fmt::format("{}: got a map, want a number", out.field.name));
    }

    void takes_no_name(const toml::source_region& source, const Rule& rule, const std::string& capture,
                       const Field& field) {
        const RE2 group{std::string{group_text(rule.match->pattern(), capture)}, expression_options()};
        for (const std::string_view name : names) {
            if (!group.ok() || RE2::FullMatch(re2::StringPiece{name.data(), name.size()}, group))
                return fault(source,
                             fmt::format("{}: capture \"{}\" would take a word such as \"{}\", want fixed parts "
                                         "or digits, such as E-\\d{{4}}: a person's name must not fit",
                                         field.name, capture, name));
        }
    }

    std::string_view file_;
    const Schema& schema_;
    std::string rule_;
    std::vector<std::string> faults_;
    PatternFile out_;
};

Result<PatternFile> PatternFile::parse(std::string_view text, std::string_view file_name, const Schema& schema) {
    toml::table root;
    try {
        root = toml::parse(text);
    } catch (const toml::parse_error& error) {
        return Error{Errc::malformed,
                     fmt::format("{}:{}: {}", file_name, error.source().begin.line, error.description())};
    }
    return PatternParser{file_name, schema}.parse(root);
}

}  // namespace gantry::audit
