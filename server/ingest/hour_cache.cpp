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
            slot.in_day = UseCounts::of(slot.cell);
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

void HourCache::add_to_day(store::DevNo dev_no, std::int64_t hour_ms, Slot& slot) {
    const std::int64_t day_ms = utc_day_of(hour_ms);
    const auto [at, added] = days_.try_emplace(Key{dev_no, day_ms});
    DaySlot& day = at->second;
    if (added)
        if (auto stored = store_.day(dev_no, day_ms)) day.cell = *stored;
    day.used = commit_;
    day.cell.replace_hour(static_cast<unsigned>((hour_ms - day_ms) / ms_per_hour), slot.in_day, slot.cell);
    slot.in_day = UseCounts::of(slot.cell);
    if (day.dirty) return;
    day.dirty = true;
    dirty_days_.push_back(&*at);
}

void HourCache::flush() {
    for (Map::value_type* node : dirty_) {
        store_.put_hour(node->first.dev_no, node->first.hour_ms, node->second.cell);
        add_to_day(node->first.dev_no, node->first.hour_ms, node->second);
        node->second.dirty = false;
    }
    for (DayMap::value_type* node : dirty_days_) {
        store_.put_day(node->first.dev_no, node->first.hour_ms, node->second.cell);
        node->second.dirty = false;
    }
    dirty_.clear();
    dirty_days_.clear();
    ++commit_;
    shrink(slots_, hour_cells_max);
    shrink(days_, day_cells_max);
}

template <class Slots>
void HourCache::shrink(Slots& slots, std::size_t most) const {
    if (slots.size() <= most) return;
    // Rows of late commits are the ones that will be asked for again; when even those are too many, all go.
    for (const std::uint64_t keep : {64U, 8U, 0U}) {
        std::erase_if(slots, [&](const auto& node) { return node.second.used + keep < commit_; });
        if (slots.size() <= most / 2) return;
    }
}

void HourCache::clear() {
    dirty_.clear();
    slots_.clear();
    dirty_days_.clear();
    days_.clear();
}

}  // namespace gantry::ingest
