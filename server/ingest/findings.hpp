#pragma once

#include <cstdint>

#include "server/domain/fold.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/store/store_writer.hpp"

namespace gantry::ingest {

// A contradiction that the fold saw, as a row.
store::FindingRow finding_row(store::DevNo dev_no, const FindingCandidate& candidate, std::int64_t recv_ms);

// What a system fact means for the findings of its device: opens, counts or closes. Facts that mean nothing change
// nothing.
void write_findings_of_fact(store::StoreWriter& store, store::DevNo dev_no, const FactLeaf& fact, std::uint64_t leaf,
                            std::int64_t recv_ms);

// What a person's declaration does to a finding; `declared` is one of finding::step_of.
void store_step_of_finding(store::StoreWriter& store, store::DevNo dev_no, const Declaration& declared,
                           std::uint64_t leaf, std::int64_t recv_ms);

// Facts that the collector itself writes beside admission's.
inline constexpr std::string_view collector_clock = "collector_clock";  // {step_ms}: our own clock went back
inline constexpr std::string_view clock_offset =
    "clock_offset";  // {offset_ms}: a device's clock is off by more than a minute
inline constexpr std::string_view clock_right = "clock_right";  // … and is not any more

}  // namespace gantry::ingest
