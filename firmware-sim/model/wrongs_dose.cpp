#include "firmware-sim/model/wrong.hpp"

// V37 to V45: doses, and what the monthly count says of the reports. V44 cannot be planted: no record says that an
// examination was a screening. What changes single examinations is noted when the examination is made.
namespace gantry::sim {
namespace {

constexpr std::int64_t doses_days =
    7;  // Long enough for the latest fifty examinations of a group to be the wrong ones.

void plant_v37(Stage& stage, const Planned& plan) {
    stage.habit(Habit::unreasoned, plan.from_ms, plan.from_ms + 2 * day_ms);
}

void plant_v38(Stage& stage, const Planned& plan) {
    stage.habit(Habit::check_off, plan.from_ms, plan.from_ms + day_ms);
    stage.wrong_by_use(Rule::V38, plan.from_ms, plan.from_ms + day_ms);
}

void plant_v39(Stage& stage, const Planned& plan) {
    stage.habit(Habit::chest_dose, plan.from_ms, plan.from_ms + doses_days * day_ms, 2'600);
    stage.wrong_by_use(Rule::V39, plan.from_ms, plan.from_ms + doses_days * day_ms, {Rule::V41, Rule::W04});
}

// Half the dose, and noise beyond its limit at the monthly test.
void plant_v40(Stage& stage, const Planned& plan) {
    const std::int64_t end_ms = plan.from_ms + doses_days * day_ms;
    stage.habit(Habit::dose, plan.from_ms, end_ms, 450);
    auto items = constancy_items(200);
    items[1] = test_item("noise", 700, 0, 450, false);
    stage.own_test(stage.name("noisy", Rule::V40), plan.from_ms + hour_ms, true, std::move(items));
    stage.own_test(stage.name("quiet", Rule::V40), end_ms + hour_ms, true, constancy_items(200));
    // Back at the usual dose, the doses rise against the level of those days.
    stage.wrong_by_use(Rule::V40, plan.from_ms, end_ms, {Rule::W04, Rule::W05});
}

void plant_v41(Stage& stage, const Planned& plan) {
    stage.habit(Habit::outlier, plan.from_ms, plan.from_ms + 2 * day_ms);
}
void plant_v42(Stage& stage, const Planned& plan) {
    stage.habit(Habit::child, plan.from_ms, plan.from_ms + 2 * day_ms);
}
void plant_v43(Stage& stage, const Planned& plan) {
    stage.habit(Habit::many_phases, plan.from_ms, plan.from_ms + 2 * day_ms);
}

// Told by the monthly counts.
void plant_v45(Stage& stage, const Planned&) { stage.dossier.positive_permille = 480; }

constexpr Wrong wrongs[] = {
    {.rule = Rule::V37, .plant = plant_v37, .slots = 1},
    {.rule = Rule::V38, .plant = plant_v38, .slots = 1},
    {.rule = Rule::V39, .plant = plant_v39, .slots = 2, .first_day = 6, .days_after = 8, .takes = takes_doses},
    {.rule = Rule::V40,
     .plant = plant_v40,
     .slots = 2,
     .first_day = 6,
     .days_after = 8,
     .takes = takes_doses | takes_noise_test},
    {.rule = Rule::V41, .plant = plant_v41, .slots = 1},
    {.rule = Rule::V42, .plant = plant_v42, .slots = 1},
    {.rule = Rule::V43, .plant = plant_v43, .slots = 1},
    {.rule = Rule::V45, .plant = plant_v45, .first_day = 0, .days_after = 35},
};

}  // namespace

std::span<const Wrong> dose_wrongs() { return wrongs; }

}  // namespace gantry::sim
