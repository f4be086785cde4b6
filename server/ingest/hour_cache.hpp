#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>

#include "server/domain/hour_cell.hpp"
#include "server/store/store_writer.hpp"

namespace gantry::ingest {

// Hour rows of all devices between the fold and the store: fetched when first asked for, written once a commit when
// changed, kept as far as hour_cells_max allows. Adds up the days that are over: see DayCell.
class HourCache {
public:
    explicit HourCache(store::StoreWriter& store) : store_{store} {}

    HourCell* find(store::DevNo dev_no, std::int64_t hour_ms);
    HourCell& change(store::DevNo dev_no, std::int64_t hour_ms);
    // Writes what changed; needs an open transaction.
    void flush();
    // Forgets everything: the transaction did not come about.
    void clear();

private:
    struct Key {
        store::DevNo dev_no;
        std::int64_t hour_ms;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept {
            const auto mixed =
                (std::uint64_t{key.dev_no} << 32) ^ static_cast<std::uint64_t>(key.hour_ms / ms_per_hour);
            return static_cast<std::size_t>(mixed * 0x9E37'79B9'7F4A'7C15ULL);
        }
    };
    struct Slot {
        HourCell cell;
        bool exists = false;
        bool dirty = false;
        std::uint64_t used = 0;  // commit number
    };
    using Map = std::unordered_map<Key, Slot, KeyHash>;

    Map::value_type& fetch(store::DevNo dev_no, std::int64_t hour_ms);
    void find_days_over();
    void add_up(const Key& day);
    void shrink();

    store::StoreWriter& store_;
    Map slots_;
    std::vector<Map::value_type*> dirty_;                        // nodes of an unordered_map stay where they are
    std::unordered_map<store::DevNo, std::int64_t> newest_day_;  // of each device, once asked for; -1: it has no hour
    std::unordered_set<Key, KeyHash> days_over_;                 // to be added up with this commit
    std::uint64_t commit_ = 0;
};

// One device's hours, as the fold wants them.
class DeviceHours final : public HourCells {
public:
    DeviceHours(HourCache& cache, store::DevNo dev_no) : cache_{cache}, dev_no_{dev_no} {}
    HourCell* find(std::int64_t hour) override { return cache_.find(dev_no_, hour); }
    HourCell& change(std::int64_t hour) override { return cache_.change(dev_no_, hour); }

private:
    HourCache& cache_;
    store::DevNo dev_no_;
};

}  // namespace gantry::ingest
