#pragma once

#include <array>
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

// Open findings by severity, info first.
std::array<std::uint64_t, 5> open_findings(StoreReader& reader);

// Records that wait for a person.
std::uint64_t unassigned_waiting(StoreReader& reader);

// Where a page of findings ends; the list is ordered by first leaf, newest first, then by device, rule and key.
struct FindingPlace {
    std::uint64_t first_leaf = 0;
    DevNo dev_no = 0;
    std::string rule;
    std::string key;
};
// Findings after `after` (none: from the newest), of one device or (0) of all.
std::vector<FindingRow> findings_page(StoreReader& reader, DevNo dev_no, const std::optional<FindingPlace>& after,
                                      std::size_t limit);

}  // namespace gantry::store
