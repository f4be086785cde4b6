#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/domain/rules/case.hpp"
#include "server/domain/rules/pack.hpp"

// Judgement of one device: a pure function of its case and the rules. Linear in the size of the case, up to sorting.
namespace gantry::rules {

inline constexpr std::size_t found_per_rule_max = 500;  // beyond these, the oldest are left out
inline constexpr std::size_t wanted_hours_max = 3'000;  // beyond these, the oldest are left out
inline constexpr std::int64_t events_window_days = 92;  // rules that need each exposure look back this far

struct Judged {
    std::vector<Found> found;  // sorted by (rule, key), each once
    // The earliest later moment at which, with no new leaf, something may be found, end or change its severity;
    // forever_ms when none. That what is measured of a lasting thing grows from day to day is no change.
    std::int64_t next_due_ms = paper::forever_ms;
    // Rules that look back only so far: what they found before, about an earlier time, is neither upheld nor withdrawn.
    std::map<std::string, std::int64_t> judged_from_ms;
    // The hours, sorted, whose single exposures were asked for, whether they were at hand or not: those that a limit
    // cuts in two, and the latest ones for the rules about dose and operators.
    std::vector<std::int64_t> wanted;
};

// Needs the case's lists sorted as case.hpp says and `uses` of the wanted hours; an exposure that is not there is
// unknown, and what is unknown violates nothing.
Judged judge(const DeviceCase& device, const RulePack& pack);

// The hours, sorted, whose single exposures judge() needs as `uses`: those that a limit cuts in two, and the latest
// ones for the rules about dose and operators.
std::vector<std::int64_t> wanted_hours(const DeviceCase& device, const RulePack& pack);

}  // namespace gantry::rules
