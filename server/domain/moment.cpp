#include "server/domain/moment.hpp"

#include "server/domain/finding/finding_life.hpp"
#include "server/domain/fold_steps.hpp"
#include "server/domain/leaf_json.hpp"

namespace gantry {
namespace {

bool is_frequent(std::string_view type) { return type.starts_with("usage.") || type == "coverage"; }

std::optional<MomentOf> of_record(const RecordView& record, std::int64_t recv_ms) {
    if (is_frequent(record.type) || record.type == "rehomed") return std::nullopt;
    return MomentOf{fold::event_time(record, recv_ms), std::string{record.type}};
}

}  // namespace

std::int64_t event_time_of(const RecordHead& record, std::int64_t recv_ms) { return fold::event_time(record, recv_ms); }

Result<RecordView> record_inside(std::string_view bytes, std::string& inner) {
    auto record = parse_record(bytes);
    for (int depth = 0; record && record->type == "rehomed" && depth < fold::rehomed_depth_max; ++depth) {
        auto origin = rehomed_origin(record->body);
        if (!origin) return origin.error();
        inner = std::move(origin->bytes);
        record = parse_record(inner);
    }
    return record;
}

std::optional<MomentOf> moment_of(const LeafEvent& leaf) {
    if (leaf.type == LeafType::record) {
        if (leaf.record.type != "rehomed") return of_record(leaf.record, leaf.recv_ms);
        if (leaf.original_stored) return std::nullopt;
        const auto origin = rehomed_origin(leaf.record.body);
        if (!origin) return std::nullopt;
        std::string inner;
        const auto record = record_inside(origin->bytes, inner);
        return record ? of_record(*record, leaf.recv_ms) : std::nullopt;
    }
    if (leaf.type == LeafType::declaration) {
        auto declared = parse_declaration_leaf(leaf.json);
        if (!declared) return std::nullopt;
        return MomentOf{declared->declared.at_ms, std::move(declared->declared.event)};
    }
    auto fact = parse_fact_leaf(leaf.json);
    if (!fact || fact->fact.starts_with(finding::event_prefix)) return std::nullopt;
    return MomentOf{leaf.recv_ms, std::move(fact->fact)};
}

}  // namespace gantry
