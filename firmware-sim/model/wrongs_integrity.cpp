#include "firmware-sim/model/wrong.hpp"

// V46 to V52: the evidence itself.
namespace gantry::sim {
namespace {

void plant_v46(Stage& stage, const Planned& plan) {
    const std::int64_t end_ms = plan.from_ms + 30 * hour_ms;
    stage.habit(Habit::silent, plan.from_ms, end_ms);
    stage.wrong(Rule::V46, plan.from_ms, end_ms, {Rule::V52});
}

void plant_v47(Stage& stage, const Planned& plan) {
    stage.at(plan.from_ms + 4 * hour_ms, Audit{110133, 2});
    stage.at(plan.from_ms + 6 * hour_ms, Audit{110134, 2});
    stage.wrong(Rule::V47, plan.from_ms + 4 * hour_ms, plan.from_ms + 6 * hour_ms);
}

// The agent's box ran full and says what it lost.
void plant_v48(Stage& stage, const Planned& plan) {
    stage.at(plan.from_ms, GapDeclared{40, plan.from_ms - hour_ms, plan.from_ms});
    stage.wrong(Rule::V48, plan.from_ms, plan.from_ms + 7 * day_ms);
}

// The clock falls three hours behind and is set right in the afternoon.
void plant_v49(Stage& stage, const Planned& plan) {
    constexpr std::int64_t step_ms = 3 * hour_ms;
    const std::int64_t right_ms = plan.from_ms + 6 * hour_ms;
    stage.at(plan.from_ms, ClockStepped{-step_ms});
    stage.at(right_ms, ClockStepped{step_ms});
    stage.habit(Habit::clock_back, plan.from_ms, right_ms, step_ms);
    // Use before opening time, by the wrong clock.
    stage.wrong(Rule::V49, plan.from_ms, right_ms, {Rule::V20});
}

// Noted when the counter is read.
void plant_v50(Stage& stage, const Planned& plan) {
    stage.habit(Habit::counter_back, plan.from_ms, plan.from_ms + 3 * hour_ms);
}

// Registered under the serial of a device at another hospital; both are found.
void plant_v51(Stage& stage, const Planned& plan) {
    if (plan.peer >= stage.options.devices) return;
    for (const std::uint32_t device : {stage.profile.index, plan.peer})
        stage.told.push_back({Rule::V51, stage.start_ms, stage.end_ms, {}, device});
}

// Told by the monthly counts.
void plant_v52(Stage& stage, const Planned&) { stage.dossier.count_permille = 1'300; }

constexpr Wrong wrongs[] = {
    {.rule = Rule::V46, .plant = plant_v46, .slots = 1},
    {.rule = Rule::V47, .plant = plant_v47, .slots = 1},
    {.rule = Rule::V48, .plant = plant_v48, .slots = 1, .days_after = 10},
    {.rule = Rule::V49, .plant = plant_v49, .slots = 1},
    {.rule = Rule::V50, .plant = plant_v50, .slots = 1, .takes = takes_tube},
    {.rule = Rule::V51, .plant = plant_v51, .takes = takes_serial},
    {.rule = Rule::V52, .plant = plant_v52, .first_day = 0, .days_after = 35},
};

}  // namespace

std::span<const Wrong> integrity_wrongs() { return wrongs; }

}  // namespace gantry::sim
