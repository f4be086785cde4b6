#include "server/ingest/hour_cache.hpp"

#include "server/ingest/limits.hpp"

namespace gantry::ingest {

HourCache::Map::value_type& HourCache::fetch(store::DevNo dev_no, std::int64_t hour_ms) {
    const auto [at, added] = slots_.try_emplace(Key{dev_no, hour_ms});
    Slot& slot = at->second;
    if (added) {
        if (auto stored = store_.hour(dev_no, hour_ms)) {
            slot.cell = std::move(*stored);
            slot.exists = true;
        }
    }
    slot.used = commit_;
    return *at;
}

HourCell* HourCache::find(store::DevNo dev_no, std::int64_t hour_ms) {
    Slot& slot = fetch(dev_no, hour_ms).second;
    return slot.exists ? &slot.cell : nullptr;
}

HourCell& HourCache::change(store::DevNo dev_no, std::int64_t hour_ms) {
    Map::value_type& node = fetch(dev_no, hour_ms);
    Slot& slot = node.second;
    slot.exists = true;
    if (!slot.dirty) {
        slot.dirty = true;
        dirty_.push_back(&node);
    }
    return slot.cell;
}

void HourCache::flush() {
    for (Map::value_type* node : dirty_) {
        store_.put_hour(node->first.dev_no, node->first.hour_ms, node->second.cell);
        node->second.dirty = false;
    }
    dirty_.clear();
    ++commit_;
    if (slots_.size() > hour_cells_max) shrink();
}

void HourCache::shrink() {
    // Hours of late commits are the ones that will be asked for again; when even those are too many, all go.
    for (const std::uint64_t keep : {64U, 8U, 0U}) {
        std::erase_if(slots_, [&](const Map::value_type& node) { return node.second.used + keep < commit_; });
        if (slots_.size() <= hour_cells_max / 2) return;
    }
}

void HourCache::clear() {
    dirty_.clear();
    slots_.clear();
}

}  // namespace gantry::ingest
