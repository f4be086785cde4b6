#include "server/domain/lifecycle_tables.hpp"

#include <algorithm>

namespace gantry {

void LifecycleTables::put(LifecycleTable table) {
    Entry& entry = by_key_[table_key(table.modality())];
    const std::int64_t version = table.version();
    entry.versions.insert_or_assign(version, std::move(table));
    // In the order in which they hold: of two that begin on one day the later version judges.
    std::vector<const LifecycleTable*> order;
    for (const auto& [number, held] : entry.versions) order.push_back(&held);
    std::ranges::stable_sort(order, {}, &LifecycleTable::valid_from_ms);
    entry.newest.reset();
    for (const LifecycleTable* held : order)
        entry.newest = std::make_shared<const LifecycleTable>(held->with_before(entry.newest));
}

const LifecycleTable& LifecycleTables::of(std::string_view modality) const {
    static const LifecycleTable nothing;
    auto found = by_key_.find(table_key(modality));
    if (found == by_key_.end()) found = by_key_.find(table_key("CT"));
    return found == by_key_.end() ? nothing : *found->second.newest;
}

const LifecycleTable* LifecycleTables::find(std::string_view modality, std::int64_t version) const {
    const auto entry = by_key_.find(table_key(modality));
    if (entry == by_key_.end()) return nullptr;
    const auto found = entry->second.versions.find(version);
    return found == entry->second.versions.end() ? nullptr : &found->second;
}

std::vector<const LifecycleTable*> LifecycleTables::all() const {
    std::vector<const LifecycleTable*> out;
    for (const auto& [key, entry] : by_key_)
        for (const auto& [version, table] : entry.versions) out.push_back(&table);
    return out;
}

}  // namespace gantry
