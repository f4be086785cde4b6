#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/store/store_reader.hpp"

// Reads that only the pages of a whole fleet need.
namespace gantry::store {

// Every interval of every device and lane that overlaps [from, to), by device, lane and start.
void each_interval(StoreReader& reader, std::int64_t from_ms, std::int64_t to_ms,
                   const std::function<void(DevNo, IntervalRow)>& on_row);

// Each device that has a folded state, with the log index of its newest leaf.
void each_last_leaf(StoreReader& reader, const std::function<void(std::string device, std::uint64_t leaf)>& on_row);

// Records that wait for a person.
std::uint64_t unassigned_waiting(StoreReader& reader);

}  // namespace gantry::store
