#include <algorithm>

#include "firmware-sim/model/wrong.hpp"

// V21 to V25: tests and maintenance that come too late, and use after a failed test.
namespace gantry::sim {
namespace {

// Moves what comes again so that it was last done `interval` before the wrong begins. The last time lies before the
// run: a later day of the plan is brought back by whole intervals.
std::int64_t overdue_from(const Stage& stage, std::int64_t planned_ms, std::int64_t interval_days) {
    const std::int64_t since_ms = planned_ms - stage.start_ms;
    return stage.start_ms + (since_ms % ((interval_days - 1) * day_ms)) / day_ms * day_ms + 9 * hour_ms;
}

// The yearly test measures the dose index as well, which is due once a year.
void plant_v21(Stage& stage, const Planned& plan) {
    const std::int64_t from_ms = overdue_from(stage, plan.from_ms, 365);
    stage.dossier.last_status(from_ms - 365 * day_ms);
    stage.dossier.status.next_ms = from_ms + 10 * day_ms;
    stage.wrong(Rule::V21, from_ms, from_ms + 10 * day_ms, {Rule::V22});
}

// Thirty-one days and three of grace. The yearly test, which measures the same, is far away.
void plant_v22(Stage& stage, const Planned& plan) {
    const std::int64_t from_ms = overdue_from(stage, plan.from_ms, 30);
    stage.dossier.last_status(from_ms - 200 * day_ms);
    stage.dossier.constancy = {from_ms - 34 * day_ms, from_ms + 8 * day_ms};
    stage.wrong(Rule::V22, from_ms, from_ms + 8 * day_ms);
}

void plant_v23(Stage& stage, const Planned& plan) {
    const std::int64_t from_ms = overdue_from(stage, plan.from_ms, 365);
    const std::int64_t last_ms = from_ms - 365 * day_ms;
    auto& tests = stage.dossier.protection_tests;
    std::erase_if(tests, [&](std::int64_t at_ms) { return at_ms > last_ms; });
    tests.push_back(last_ms);
    stage.dossier.protection = {last_ms, from_ms + 10 * day_ms};
    stage.wrong(Rule::V23, from_ms, from_ms + 10 * day_ms);
}

// The water value is out, and patients are scanned until it is right again.
void plant_v24(Stage& stage, const Planned& plan) {
    const std::int64_t failed_ms = plan.from_ms + hour_ms;
    const std::int64_t passed_ms = plan.from_ms + 2 * day_ms;
    stage.own_test(stage.name("failed", Rule::V24), failed_ms, false, constancy_items(7'400));
    stage.own_test(stage.name("passed", Rule::V24), passed_ms, true, constancy_items(200));
    stage.wrong_by_use(Rule::V24, failed_ms, passed_ms, {Rule::W05});
}

// Ninety-one days and nine of grace.
void plant_v25(Stage& stage, const Planned& plan) {
    const std::int64_t from_ms = overdue_from(stage, plan.from_ms, 90);
    stage.dossier.maintenance = {from_ms - 100 * day_ms, from_ms + 8 * day_ms};
    stage.wrong(Rule::V25, from_ms, from_ms + 8 * day_ms);
}

constexpr Wrong wrongs[] = {
    {.rule = Rule::V21, .plant = plant_v21, .days_after = 6, .takes = takes_status_test},
    {.rule = Rule::V22,
     .plant = plant_v22,
     .days_after = 6,
     .takes = takes_monthly_test | takes_tests | takes_status_test | takes_entry | takes_history},
    {.rule = Rule::V23, .plant = plant_v23, .days_after = 6, .takes = takes_protection_test},
    {.rule = Rule::V24, .plant = plant_v24, .slots = 1, .takes = takes_failed_test},
    {.rule = Rule::V25, .plant = plant_v25, .days_after = 6, .takes = takes_maintenance},
};

}  // namespace

std::span<const Wrong> quality_wrongs() { return wrongs; }

}  // namespace gantry::sim
