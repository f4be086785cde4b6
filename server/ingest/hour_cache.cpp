#include "server/ingest/hour_cache.hpp"

#include <algorithm>

#include "server/domain/day_cell.hpp"
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

// A day is over when the device has an hour of a later one; what changes in it then adds it up again. Looks at the
// store before this commit's hours are in it.
void HourCache::find_days_over() {
    for (const Map::value_type* node : dirty_) {
        const auto [dev_no, hour_ms] = node->first;
        const std::int64_t day_ms = utc_day_of(hour_ms);
        const auto [newest, unknown] = newest_day_.try_emplace(dev_no, -1);
        if (unknown)
            if (const auto hour = store_.newest_hour(dev_no)) newest->second = utc_day_of(*hour);
        if (newest->second >= 0 && newest->second != day_ms)
            days_over_.insert({dev_no, std::min(newest->second, day_ms)});
        newest->second = std::max(newest->second, day_ms);
    }
}

void HourCache::add_up(const Key& day) {
    DayCell cell;
    for (unsigned i = 0; i < cell.watched.size(); ++i)
        if (const HourCell* hour = find(day.dev_no, day.hour_ms + i * ms_per_hour)) cell.add_hour(i, *hour);
    store_.put_day(day.dev_no, day.hour_ms, cell);
}

void HourCache::flush() {
    find_days_over();
    for (Map::value_type* node : dirty_) {
        store_.put_hour(node->first.dev_no, node->first.hour_ms, node->second.cell);
        node->second.dirty = false;
    }
    dirty_.clear();
    for (const Key& day : days_over_) add_up(day);
    days_over_.clear();
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
    newest_day_.clear();
    days_over_.clear();
}

}  // namespace gantry::ingest
