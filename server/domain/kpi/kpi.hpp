#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/domain/kpi/figure.hpp"
#include "server/domain/rules/case.hpp"
#include "server/domain/rules/pack.hpp"

// The figures of one device over a period, from its timeline, its use and its papers. Pure: the same case gives the
// same figures.
namespace gantry::kpi {

struct Settings {
    // Handbook of large-equipment use assessment: what a CT could be open for; a sheet's own figures go before.
    std::int64_t openable_days_per_year = 270;
    std::int64_t openable_minutes_per_day = 480;
    std::int64_t first_fix_days = 14;           // the same code again within this is no fix
    std::int64_t pause_longest_ms = 3'600'000;  // a longer pause between exams ends a session
    std::int64_t status_test_days = 365;        // Order 46 Art 20(2)
    std::int64_t site_protection_days = 365;    // Order 46 Art 21
    std::int64_t grace_permille = 100, grace_days_max = 14;
    std::int64_t depreciation_days = 3'652;  // where the sheet tells no labelled life
    std::size_t exams_least = 20;            // fewer give no percentile
    std::map<std::string, std::int64_t, std::less<>> drl_ctdivol_mgy, drl_dlp_mgy_cm;  // by protocol group
    std::map<std::string, std::int64_t, std::less<>> plan_exposures;                   // by protocol group
};

// Reference levels and protocol plans are those of the rules V39 and V43 in force at `at_ms`.
Settings settings_of(const rules::RulePack& pack, std::int64_t at_ms, Settings base = {});

// All figures of definitions(), each with its parts, over `period` cut at the case's now. Needs the case's states,
// hours, faults, operating, watched, used, declared, papers, offsets, alerts and fold; figures of single events (turn-
// round, dose, repeats) need uses and exams of `events_read`, and say `one_device_only` when that is empty.
std::vector<Figure> figures(const rules::DeviceCase& device, rules::Span period, const Settings& settings);

}  // namespace gantry::kpi
