#include "server/http/leaf_text.hpp"

#include "server/domain/leaf_json.hpp"
#include "server/http/text_form.hpp"

namespace gantry::http {

std::string_view kind_name(LeafType type) {
    switch (type) {
        case LeafType::record:
            return "record";
        case LeafType::declaration:
            return "declaration";
        case LeafType::fact:
            return "fact";
    }
    return "fact";
}

LeafText text_of(const store::StoreReader::Leaf& leaf) {
    const std::string_view bytes = as_text(ByteView{leaf.bytes});
    if (leaf.row.type == LeafType::record) {
        const auto record = parse_record(bytes);
        if (!record) return {"unreadable", std::nullopt, std::nullopt, std::nullopt, "{}"};
        return {std::string{record->type}, record->at_ms ? record->at_ms : std::optional{record->t_ms}, record->t_ms,
                name(record->src), record->body};
    }
    if (leaf.row.type == LeafType::declaration) {
        const auto declared = parse_declaration_leaf(bytes);
        if (declared) return {declared->declared.event, declared->declared.at_ms, std::nullopt, std::nullopt, bytes};
        return {"declaration", std::nullopt, std::nullopt, std::nullopt, bytes};
    }
    const auto fact = parse_fact_leaf(bytes);
    return {fact ? fact->fact : "fact", leaf.row.recv_ms, std::nullopt, std::nullopt, bytes};
}

void write_optional_time(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& ms) {
    json.key(name);
    if (ms)
        json.value(time_text(*ms));
    else
        json.null();
}

}  // namespace gantry::http
