#include "server/http/dictionary.hpp"

#include "common/core/json.hpp"
#include "server/domain/kpi/figure.hpp"

namespace gantry::http {
namespace {

void write_text(JsonWriter& json, std::string_view name, std::string_view text) {
    json.key(name);
    if (text.empty())
        json.null();
    else
        json.value(text);
}

void write_figures(JsonWriter& json, const judging::Texts& texts) {
    for (const kpi::Definition& figure : kpi::definitions()) {
        const std::string key = "kpi." + std::string{figure.id};
        json.begin_object().field("id", key).field("kind", "figure").field("unit", figure.unit);
        json.field("formula", figure.formula).field("source", figure.source);
        json.field("title_en", texts.text(key, due::Language::en))
            .field("title_zh", texts.text(key, due::Language::zh));
        write_text(json, "numerator_unit", figure.numerator_unit);
        write_text(json, "denominator_unit", figure.denominator_unit);
        write_text(json, "parts", figure.parts);
        json.end_object();
    }
}

struct Source {
    std::string_view kind, file;
};

std::string_view unit_of(const Field& field) {
    if (!field.unit.empty()) return field.unit;
    switch (field.kind) {
        case FieldKind::time:
            return "UTC";
        case FieldKind::integer:
            return "1";
        default:
            return {};
    }
}

void write_field(JsonWriter& json, const std::string& id, const Field& field, const Source& source) {
    const std::string_view title = field.doc.empty() ? std::string_view{field.name} : std::string_view{field.doc};
    json.begin_object().field("id", id).field("kind", source.kind);
    write_text(json, "unit", unit_of(field));
    json.key("formula").null().field("source", source.file);
    json.field("title_en", title).field("title_zh", field.zh.empty() ? title : std::string_view{field.zh});
    json.field("required", field.required);
    if (!field.values.empty()) {
        json.key("values").begin_array();
        for (const std::string& value : field.values) json.value(value);
        json.end_array();
    }
    json.end_object();
    // The fields of an object, and of the objects in a list, by their own names.
    const bool of_list = field.kind == FieldKind::list && field.fields.front().kind == FieldKind::object;
    const std::vector<Field>& inner = of_list ? field.fields.front().fields : field.fields;
    if (field.kind != FieldKind::object && !of_list) return;
    for (const Field& part : inner) write_field(json, id + (of_list ? "[]." : ".") + part.name, part, source);
}

void write_schema(JsonWriter& json, const Schema& schema, const Source& source, std::string_view prefix) {
    for (const auto& [name, type] : schema.types())
        for (const Field& field : type.fields)
            write_field(json, std::string{prefix} + name + "." + field.name, field, source);
}

}  // namespace

std::string dictionary_json(const Schema& events, const Schema& papers, const judging::Texts& texts) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().key("items").begin_array();
    write_figures(json, texts);
    write_schema(json, events, {"event_field", "config/schema/events.toml"}, "");
    write_schema(json, papers, {"paper_field", "config/schema/papers.toml"}, "paper.");
    json.end_array().end_object();
    return out;
}

}  // namespace gantry::http
