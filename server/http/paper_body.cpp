#include "server/http/paper_body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "common/core/json.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/http/text_form.hpp"

namespace gantry::http {
namespace {

namespace bj = boost::json;

using Convert = Result<bj::value> (*)(const bj::value& time);

Result<bj::value> time_in(const bj::value& value) {
    if (!value.is_string()) return Error{Errc::malformed, "want a time as text, RFC 3339"};
    const auto ms = parse_time({value.get_string().data(), value.get_string().size()});
    if (!ms) return ms.error();
    return bj::value(*ms);
}

Result<bj::value> time_out(const bj::value& value) {
    return value.is_int64() ? bj::value(time_text(value.get_int64())) : value;
}

// Every value of kind time below `fields` is replaced; the first that cannot be is the fault, `path` its place.
Result<void> convert(bj::object& object, const std::vector<Field>& fields, Convert time, std::string& path);

Result<void> convert(bj::value& value, const Field& field, Convert time, std::string& path) {
    if (field.kind == FieldKind::time && !value.is_null()) {
        auto made = time(value);
        if (!made) return made.error();
        value = std::move(*made);
    }
    if (field.kind == FieldKind::object && value.is_object())
        return convert(value.get_object(), field.fields, time, path);
    if (field.kind == FieldKind::list && value.is_array())
        for (bj::value& item : value.get_array())
            if (auto done = convert(item, field.fields.front(), time, path); !done) return done;
    return {};
}

Result<void> convert(bj::object& object, const std::vector<Field>& fields, Convert time, std::string& path) {
    for (const Field& field : fields) {
        bj::value* value = object.if_contains(field.name);
        if (!value) continue;
        const std::size_t before = path.size();
        path += "/" + field.name;
        if (auto done = convert(*value, field, time, path); !done) return done;
        path.resize(before);
    }
    return {};
}

std::string_view kind_text(FieldKind kind) {
    constexpr std::string_view names[] = {"int",   "bool", "enum",   "hex",  "time",
                                          "token", "text", "base64", "list", "object"};
    return names[static_cast<std::size_t>(kind)];
}

void write_field(JsonWriter& json, const Field& field) {
    json.begin_object()
        .field("name", field.name)
        .field("kind", kind_text(field.kind))
        .field("required", field.required);
    json.key("text")
        .begin_object()
        .field("en", field.doc)
        .field("zh", field.zh.empty() ? field.doc : field.zh)
        .end_object();
    if (!field.unit.empty()) json.field("unit", field.unit);
    if (field.kind == FieldKind::integer) json.field("min", field.min).field("max", field.max);
    if (field.kind == FieldKind::text || field.kind == FieldKind::token || field.kind == FieldKind::list)
        json.field("max", field.max);
    if (!field.values.empty()) {
        json.key("values").begin_array();
        for (const std::string& value : field.values) json.value(value);
        json.end_array();
    }
    if (!field.fields.empty()) {
        json.key("fields").begin_array();
        for (const Field& inner : field.fields) write_field(json, inner);
        json.end_array();
    }
    json.end_object();
}

}  // namespace

Checked<std::string> paper_body_in(const Schema& schema, const EventType& type, const bj::object& body) {
    bj::object copy = body;
    std::string path = "/body";
    if (auto done = convert(copy, type.fields, time_in, path); !done)
        return Problem{.code = "invalid",
                       .detail = path + ": " + done.error().message,
                       .errors = {{path, "format", done.error().message}}};
    auto canonical = canonical_json(bj::serialize(copy));
    if (!canonical) return Problem{.code = "invalid", .detail = "/body: " + canonical.error().message};
    if (auto checked = schema.check(type.name, *canonical); !checked)
        return Problem{.code = "invalid",
                       .detail = "/body: " + checked.error().message,
                       .errors = {{"/body", "schema", checked.error().message}}};
    return Checked<std::string>{boost::system::in_place_value, std::move(*canonical)};
}

std::string paper_body_out(const EventType* type, std::string_view stored) {
    if (stored.empty()) return "null";
    bj::error_code error;
    bj::value value = bj::parse(stored, error);
    if (error || !value.is_object() || !type) return std::string{stored};
    std::string path;
    (void)convert(value.get_object(), type->fields, time_out, path);  // time_out takes everything
    return bj::serialize(value);
}

std::string paper_kinds_json(const Schema& schema) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("version", schema.version()).key("kinds").begin_array();
    for (const auto& [kind, type] : schema.types()) {
        json.begin_object().field("kind", kind);
        json.key("text").begin_object().field("en", type.doc).field("zh", type.zh).end_object();
        json.key("fields").begin_array();
        for (const Field& field : type.fields) write_field(json, field);
        json.end_array().end_object();
    }
    json.end_array().end_object();
    return out;
}

}  // namespace gantry::http
