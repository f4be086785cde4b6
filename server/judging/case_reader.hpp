#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "server/domain/rules/judge.hpp"
#include "server/judging/case_moments.hpp"
#include "server/judging/fleet_facts.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::judging {

// Moments read for one case, of each sort: fifteen years of power, faults and access hold some 50,000; of hourly
// counters and climate they are three years. Beyond it the oldest stay unread.
inline constexpr std::size_t moments_max = 50'000;

// All that the rules may know of one device as of `now_ms`, in one consistent view of the store. nullopt: no such
// device, or one that only collects unassigned records. `pack` says which hours' single exposures are needed.
std::optional<rules::DeviceCase> read_case(store::StoreReader& reader, const std::string& device,
                                           const FleetFacts& fleet, const rules::RulePack& pack, std::int64_t now_ms);

// The parts of it, for who keeps a case between judgements. What grows: hours, and leaves of moments and declarations …
void read_past(store::StoreReader& reader, const store::StoreReader::Device& row, std::span<const store::HourRow> hours,
               rules::DeviceCase& out, MomentTaker& taker);
// … and what is read anew each time, after it: entry, state, papers (when asked for), what only the fleet knows.
void read_present(store::StoreReader& reader, const store::StoreReader::Device& row, const FleetFacts& fleet,
                  std::int64_t now_ms, bool papers_too, rules::DeviceCase& out);
rules::UseHour use_hour(const store::HourRow& row);

}  // namespace gantry::judging
