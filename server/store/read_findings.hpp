#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/store_reader.hpp"

// Reads of what was found, and of what people did about it.
namespace gantry::store {

// Open findings by severity, info first.
std::array<std::uint64_t, 5> open_findings(StoreReader& reader);

// Open findings by severity (info first) of each device that has any.
std::map<DevNo, std::array<std::uint64_t, 5>> open_findings_by_device(StoreReader& reader);

// Open findings of each rule that has any.
std::map<std::string, std::uint64_t> open_findings_by_rule(StoreReader& reader);

struct FindingFilter {
    std::optional<std::vector<DevNo>> devices{};  // none: of all
    std::vector<std::string> rules{}, stages{};   // any of these; empty: any
    std::vector<Severity> severities{};           // any of these; empty: any
    std::optional<bool> open{};                   // none: both
};

// Where a page of findings ends; the list is ordered by first leaf, newest first, then by device, rule and key.
struct FindingPlace {
    std::uint64_t first_leaf = 0;
    DevNo dev_no = 0;
    std::string rule;
    std::string key;
};
// Findings after `after` (none: from the newest).
std::vector<FindingRow> findings_page(StoreReader& reader, const FindingFilter& filter,
                                      const std::optional<FindingPlace>& after, std::size_t limit);

// The same in one walk, newest first, until `on_row` returns false.
void each_finding(StoreReader& reader, const FindingFilter& filter, const std::function<bool(FindingRow)>& on_row);

std::optional<FindingRow> finding(StoreReader& reader, DevNo dev_no, std::string_view rule, std::string_view key);

// Those of the dated rules, by rule and key, whatever became of them.
std::vector<FindingRow> judged_findings(StoreReader& reader, DevNo dev_no);

// Those that were found first in [from, to), by that time; at most page_rows_max.
std::vector<FindingRow> findings_found(StoreReader& reader, DevNo dev_no, std::int64_t from_ms, std::int64_t to_ms);
// Those about missing records and broken chains, whatever became of them.
std::vector<FindingRow> gap_findings(StoreReader& reader, DevNo dev_no);

// Oldest first.
std::vector<FindingStepRow> finding_steps(StoreReader& reader, DevNo dev_no, std::string_view rule,
                                          std::string_view key);

}  // namespace gantry::store
