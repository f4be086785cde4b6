#include "common/core/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "common/core/bytes.hpp"

namespace gantry {
namespace {

constexpr std::int64_t time_max_ms = 4'102'444'800'000;  // 2100-01-01
constexpr std::size_t fields_max = 64;                   // so that a bit a field tells what was seen

struct KindName {
    std::string_view text;
    FieldKind kind;
};
constexpr KindName kind_names[] = {
    {"int", FieldKind::integer},   {"bool", FieldKind::boolean},  {"enum", FieldKind::enumeration},
    {"hex", FieldKind::hex},       {"time", FieldKind::time},     {"token", FieldKind::token},
    {"text", FieldKind::text},     {"base64", FieldKind::base64}, {"list", FieldKind::list},
    {"object", FieldKind::object},
};

Error bad(std::string_view where, std::string_view what) {
    return {Errc::schema, fmt::format("schema {}: {}", where, what)};
}

// What a file may use beyond the common kinds.
struct Permits {
    bool text = false;
};

Result<Field> parse_field(std::string_view where, const toml::table& in, Permits permits);

Result<std::vector<Field>> parse_fields(std::string_view where, const toml::table& in, Permits permits) {
    std::vector<Field> out;
    for (const auto& [key, node] : in) {
        const std::string place = fmt::format("{}.{}", where, key.str());
        const toml::table* table = node.as_table();
        if (!table) return bad(place, "want a table");
        auto field = parse_field(place, *table, permits);
        if (!field) return field.error();
        field->name = std::string{key.str()};
        out.push_back(std::move(*field));
    }
    if (out.size() > fields_max)
        return bad(where, fmt::format("got {} fields, want at most {}", out.size(), fields_max));
    return out;
}

Result<void> parse_bounds(std::string_view where, const toml::table& in, Field& field) {
    const auto min = in["min"].value<std::int64_t>();
    const auto max = in["max"].value<std::int64_t>();
    switch (field.kind) {
        case FieldKind::integer:
            if (!min || !max || *min > *max) return bad(where, "an int needs min <= max");
            field.min = *min;
            field.max = *max;
            return {};
        case FieldKind::time:
            field.min = 0;
            field.max = time_max_ms;
            return {};
        case FieldKind::token:
        case FieldKind::text:
        case FieldKind::base64:
        case FieldKind::list:
            if (!max || *max < 1) return bad(where, "needs max >= 1");
            field.max = *max;
            return {};
        case FieldKind::hex: {
            const auto digits = in["digits"].value<std::int64_t>();
            if (!digits || *digits < 1) return bad(where, "a hex field needs digits");
            field.digits = static_cast<std::size_t>(*digits);
            return {};
        }
        default:
            return {};
    }
}

Result<Field> parse_field(std::string_view where, const toml::table& in, Permits permits) {
    Field field;
    const auto kind = in["kind"].value<std::string>();
    const auto* known = kind ? std::ranges::find(kind_names, *kind, &KindName::text) : std::end(kind_names);
    if (known == std::end(kind_names))
        return bad(where, fmt::format("got kind '{}', want int bool enum hex time token text base64 list or object",
                                      kind.value_or("")));
    field.kind = known->kind;
    if (field.kind == FieldKind::text && !permits.text)
        return bad(where, "got kind 'text', want it only in a file that says allow_text = true");
    field.required = in["required"].value_or(false);
    field.nullable = in["null"].value_or(false);
    field.unit = in["unit"].value_or(std::string{});
    field.doc = in["doc"].value_or(std::string{});
    field.zh = in["zh"].value_or(std::string{});
    if (auto bounds = parse_bounds(where, in, field); !bounds) return bounds.error();
    if (field.kind == FieldKind::enumeration) {
        if (const auto* values = in["values"].as_array())
            for (const auto& value : *values) field.values.push_back(value.value_or(std::string{}));
        if (field.values.empty()) return bad(where, "an enum needs values");
    }
    if (field.kind == FieldKind::object) {
        const auto* table = in["fields"].as_table();
        if (!table) return bad(where, "an object needs fields");
        auto fields = parse_fields(where, *table, permits);
        if (!fields) return fields.error();
        field.fields = std::move(*fields);
    }
    if (field.kind == FieldKind::list) {
        const auto* table = in["of"].as_table();
        if (!table) return bad(where, "a list needs of");
        auto element = parse_field(fmt::format("{}[]", where), *table, permits);
        if (!element) return element.error();
        field.fields.push_back(std::move(*element));
    }
    return field;
}

bool is_token(std::string_view text) {
    if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view{" ._/+:#()-"}.find(c) != std::string_view::npos;
    });
}

// How many characters the raw text between two quotes stands for; nullopt when one of them is a control character or an
// escape other than \" and \\, which is how canonical JSON writes everything else that is printable.
std::optional<std::size_t> printable_length(std::string_view raw) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const auto byte = static_cast<unsigned char>(raw[i]);
        if (byte == '\\') {
            ++i;  // the cursor has seen that something follows
            if (raw[i] != '"' && raw[i] != '\\') return std::nullopt;
        }
        if (byte < 0x20 || byte == 0x7F) return std::nullopt;
        if (byte == 0xC2 && static_cast<unsigned char>(raw[i + 1]) < 0xA0) return std::nullopt;  // U+0080 … U+009F
        if ((byte & 0xC0) != 0x80) ++count;
    }
    return count;
}

// Walks one body; `path` is built only when something is wrong.
class BodyCheck {
public:
    BodyCheck(std::string_view type, JsonCursor& cursor) : type_{type}, cursor_{cursor} {}

    bool object(const std::vector<Field>& fields) {
        if (!cursor_.enter_object()) return fault(nullptr, "want an object");
        std::uint64_t seen = 0;
        std::string_view key;
        while (cursor_.next_key(key)) {
            const std::size_t i = index_of(fields, key);
            if (i == fields.size()) return fail(fmt::format("{}: unknown field '{}'", type_, printable(key)));
            seen |= std::uint64_t{1} << i;
            if (!value(fields[i])) return false;
        }
        if (cursor_.failed()) return fault(nullptr, "");
        for (std::size_t i = 0; i < fields.size(); ++i)
            if (fields[i].required && !(seen >> i & 1)) return fault(&fields[i], "missing, but required");
        return true;
    }

    Error take_error() const { return error_.message.empty() ? cursor_.error() : error_; }

private:
    static std::size_t index_of(const std::vector<Field>& fields, std::string_view key) {
        for (std::size_t i = 0; i < fields.size(); ++i)
            if (fields[i].name == key) return i;
        return fields.size();
    }
    // A field name from outside may hold anything, a patient's name included: only harmless ones are shown.
    static std::string_view printable(std::string_view key) { return key.size() <= 40 && is_token(key) ? key : "?"; }

    bool value(const Field& field) {
        if (field.nullable && cursor_.peek() == JsonCursor::Kind::null) return cursor_.null();
        switch (field.kind) {
            case FieldKind::integer:
            case FieldKind::time:
                return integer(field);
            case FieldKind::boolean: {
                bool truth = false;
                return cursor_.boolean(truth) || fault(&field, "want true or false");
            }
            case FieldKind::text:
                return words(field);
            case FieldKind::list:
                return list(field);
            case FieldKind::object:
                return object(field.fields);
            default:
                return text(field);
        }
    }

    bool integer(const Field& field) {
        std::int64_t number = 0;
        if (cursor_.peek() != JsonCursor::Kind::integer) return fault(&field, "want a whole number");
        if (!cursor_.integer(number)) return fault(&field, "");
        if (number < field.min || number > field.max)
            return fail(fmt::format("{}.{}: got {}, want {} to {}", type_, field.name, number, field.min, field.max));
        return true;
    }

    bool text(const Field& field) {
        std::string_view value;
        if (cursor_.peek() != JsonCursor::Kind::string) return fault(&field, "want a string");
        if (!cursor_.plain_string(value)) return fault(&field, "");
        switch (field.kind) {
            case FieldKind::enumeration:
                if (std::ranges::find(field.values, value) == field.values.end())
                    return fault(&field, "value is not in its list");
                return true;
            case FieldKind::hex:
                if (value.size() != field.digits ||
                    value.find_first_not_of("0123456789abcdef") != std::string_view::npos)
                    return fail(fmt::format("{}.{}: got {} characters, want {} hex digits", type_, field.name,
                                            value.size(), field.digits));
                return true;
            case FieldKind::token:
                if (value.size() > static_cast<std::size_t>(field.max) || !is_token(value))
                    return fail(
                        fmt::format("{}.{}: got {} characters, want 1 to {} of A-Z a-z 0-9 space . _ / + : # ( ) -",
                                    type_, field.name, value.size(), field.max));
                return true;
            default:
                if (value.size() > static_cast<std::size_t>(field.max) || !base64_decode(value))
                    return fault(&field, "want base64");
                return true;
        }
    }

    bool words(const Field& field) {
        std::string_view raw;
        if (cursor_.peek() != JsonCursor::Kind::string) return fault(&field, "want a string");
        if (!cursor_.string(raw)) return fault(&field, "");
        const auto length = printable_length(raw);
        if (!length) return fault(&field, "got a control character, want none");
        if (*length < 1 || *length > static_cast<std::size_t>(field.max))
            return fail(fmt::format("{}.{}: got {} characters, want 1 to {}", type_, field.name, *length, field.max));
        return true;
    }

    bool list(const Field& field) {
        if (!cursor_.enter_array()) return fault(&field, "want a list");
        std::int64_t count = 0;
        while (cursor_.next_element()) {
            if (++count > field.max)
                return fail(fmt::format("{}.{}: got more than {} elements", type_, field.name, field.max));
            const Field& of = field.fields.front();
            if (!value(of)) return false;
        }
        return !cursor_.failed() || fault(&field, "want a list");
    }

    bool fault(const Field* field, std::string_view what) {
        if (cursor_.failed()) return fail_malformed(field);
        return fail(field ? fmt::format("{}.{}: {}", type_, field->name, what) : fmt::format("{}: {}", type_, what));
    }
    bool fail_malformed(const Field* field) {
        if (error_.message.empty())
            error_ = {Errc::malformed, field ? fmt::format("{}.{}: {}", type_, field->name, cursor_.error().message)
                                             : fmt::format("{}: {}", type_, cursor_.error().message)};
        return false;
    }
    bool fail(std::string message) {
        if (error_.message.empty()) error_ = {Errc::schema, std::move(message)};
        return false;
    }

    std::string_view type_;
    JsonCursor& cursor_;
    Error error_{Errc::schema, {}};
};

}  // namespace

Result<Schema> Schema::parse(std::string_view text) {
    Schema schema;
    toml::table root;
    try {
        root = toml::parse(text);
    } catch (const toml::parse_error& e) {
        return Error{Errc::malformed, fmt::format("schema line {}: {}", e.source().begin.line, e.description())};
    }
    schema.version_ = root["version"].value_or(std::int64_t{0});
    const Permits permits{.text = root["allow_text"].value_or(false)};
    const toml::table* types = root["types"].as_table();
    if (!types || types->empty()) return Error{Errc::schema, "schema: got no [types], want at least one"};
    for (const auto& [key, node] : *types) {
        const toml::table* table = node.as_table();
        if (!table) return bad(key.str(), "want a table");
        EventType type;
        type.name = std::string{key.str()};
        type.device_class = (*table)["class"].value_or(std::string{});
        constexpr std::string_view classes[] = {"basic", "use", "device", "security", "maintenance"};
        if (std::ranges::find(classes, type.device_class) == std::end(classes))
            return bad(type.name,
                       fmt::format("got class '{}', want basic use device security or maintenance", type.device_class));
        type.agent_only = (*table)["agent"].value_or(false);
        type.urgent = (*table)["urgent"].value_or(false);
        type.doc = (*table)["doc"].value_or(std::string{});
        type.zh = (*table)["zh"].value_or(std::string{});
        if (const auto* fields = (*table)["fields"].as_table()) {
            auto parsed = parse_fields(type.name, *fields, permits);
            if (!parsed) return parsed.error();
            type.fields = std::move(*parsed);
        }
        schema.types_.emplace(type.name, std::move(type));
    }
    return schema;
}

const EventType* Schema::find(std::string_view type) const {
    const auto it = types_.find(type);
    return it == types_.end() ? nullptr : &it->second;
}

Result<void> Schema::check_at(std::string_view type, JsonCursor& cursor) const {
    const EventType* known = find(type);
    if (!known) return Error{Errc::not_found, "type: not in the schema"};
    BodyCheck check{known->name, cursor};
    if (!check.object(known->fields)) return check.take_error();
    return {};
}

Result<void> Schema::check(std::string_view type, std::string_view body) const {
    JsonCursor cursor{body};
    if (auto checked = check_at(type, cursor); !checked) return checked;
    if (!cursor.at_end()) return cursor.error();
    return {};
}

}  // namespace gantry
