#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/store_reader.hpp"

// Reads of what was found, and of what people did about it.
namespace gantry::store {

// Open findings by severity, info first.
std::array<std::uint64_t, 5> open_findings(StoreReader& reader);

struct FindingFilter {
    DevNo dev_no = 0;               // 0: of all devices
    std::string rule{};             // empty: any
    std::optional<bool> open{};     // none: both
    std::optional<int> severity{};  // at least
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

std::optional<FindingRow> finding(StoreReader& reader, DevNo dev_no, std::string_view rule, std::string_view key);

// Those of the dated rules, by rule and key, whatever became of them.
std::vector<FindingRow> judged_findings(StoreReader& reader, DevNo dev_no);

// Those about missing records and broken chains, whatever became of them.
std::vector<FindingRow> gap_findings(StoreReader& reader, DevNo dev_no);

// Oldest first.
std::vector<FindingStepRow> finding_steps(StoreReader& reader, DevNo dev_no, std::string_view rule,
                                          std::string_view key);

}  // namespace gantry::store
