#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "server/domain/fold.hpp"
#include "server/domain/lifecycle_table.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::http {

// A device's life and lanes as they were known at a moment: what had been received by then, folded anew.
class KnownLife {
public:
    KnownLife(const LifecycleTable& table) : table_{&table} {}

    std::vector<store::IntervalRow> intervals(Lane lane, std::int64_t from_ms, std::int64_t to_ms) const;
    Standing standing(std::int64_t at_ms) const;

    void take(const LeafEvent& leaf);

private:
    const LifecycleTable* table_;
    DeviceFold fold_;
    std::map<std::pair<std::string, std::int64_t>, store::IntervalRow> lanes_[3];
};

// Reads the rare leaves of the device (all but use, watching and room climate), at most known_moments_max of the
// newest. The operating lane therefore lacks what only an exposure tells: that a device which was told to be off is on.
// `table` must outlive the answer.
KnownLife life_as_known(store::StoreReader& reader, store::DevNo dev_no, const LifecycleTable& table,
                        std::int64_t known_at_ms);

// A device of fifteen years with five faults a day has half as many.
inline constexpr std::size_t known_moments_max = 50'000;

}  // namespace gantry::http
