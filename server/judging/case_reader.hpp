#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/domain/rules/judge.hpp"
#include "server/judging/fleet_facts.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::judging {

// Moments read for one case: fifteen years of daily counters and power hold some 25,000. Beyond it the oldest stay
// unread.
inline constexpr std::size_t moments_max = 50'000;

// All that the rules may know of one device as of `now_ms`, in one consistent view of the store. nullopt: no such
// device, or one that only collects unassigned records. `pack` says which hours' single exposures are needed.
std::optional<rules::DeviceCase> read_case(store::StoreReader& reader, const std::string& device,
                                           const FleetFacts& fleet, const rules::RulePack& pack, std::int64_t now_ms);

}  // namespace gantry::judging
