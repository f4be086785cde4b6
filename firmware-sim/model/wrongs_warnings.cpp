#include "firmware-sim/model/wrong.hpp"

// W01 to W10: what a warning should see coming. W08 follows from the papers themselves; W07 and W11 to W13 are no rules
// of one device.
namespace gantry::sim {
namespace {

// Noted when the share is passed.
void plant_w01(Stage& stage, const Planned&) {
    stage.dossier.tube_rated_scan_ms = stage.first_tube_use_ms * 1'000 / 847;
}

void plant_w02(Stage& stage, const Planned& plan) {
    stage.habit(Habit::arcs, plan.from_ms, plan.from_ms + 7 * day_ms, 1);
    stage.wrong(Rule::W02, plan.from_ms, plan.from_ms + 7 * day_ms);
}

// Five stops, closer and closer together; each with another cause.
void plant_w03(Stage& stage, const Planned& plan) {
    constexpr std::int64_t days[] = {0, 8, 12, 16, 17};
    constexpr std::string_view causes[] = {"HV_GEN_17", "GANTRY_ROT", "DAS_LINK", "TABLE_DRV", "COOL_FLOW"};
    for (std::size_t i = 0; i < 5; ++i) {
        const std::int64_t from_ms = plan.from_ms + days[i] * day_ms + 14 * hour_ms;
        stage.stop(from_ms, from_ms + 3 * hour_ms, causes[i]);
    }
    stage.wrong(Rule::W03, plan.from_ms, plan.from_ms + 20 * day_ms);
}

void plant_w04(Stage& stage, const Planned& plan) {
    stage.habit(Habit::dose, plan.from_ms, plan.from_ms + 7 * day_ms, 1'280);
    stage.wrong_by_use(Rule::W04, plan.from_ms, plan.from_ms + 7 * day_ms, {Rule::V39});
}

void plant_w05(Stage& stage, const Planned&) {
    stage.dossier.drift_milli = 1'300;
    stage.dossier.last_status(stage.start_ms - 200 * day_ms);  // The yearly test measures the same value: not near.
    stage.wrong(Rule::W05, stage.start_ms, stage.end_ms);
}

void plant_w06(Stage& stage, const Planned& plan) {
    stage.habit(Habit::hot, plan.from_ms, plan.from_ms + 7 * day_ms, 25'000);
    stage.wrong(Rule::W06, plan.from_ms, plan.from_ms + 7 * day_ms);
}

// Four fifths of the capacity is used up from the first day; eight weeks have to show it.
void plant_w09(Stage& stage, const Planned&) {
    const auto usual = static_cast<std::int64_t>(stage.profile.exams_per_day);
    stage.dossier.planned_exams_per_day = usual / 2;
    stage.dossier.capacity_exams_per_day = std::max<std::int64_t>(usual * 8 / 10, 1);
    stage.wrong(Rule::W09, stage.start_ms + 56 * day_ms, stage.end_ms);
}

// Two days down at the beginning of a month: the budget of a month is a day and a half.
void plant_w10(Stage& stage, const Planned& plan) { stage.stop(plan.from_ms, plan.from_ms + 44 * hour_ms, "UPS_FAIL"); }

constexpr Wrong wrongs[] = {
    {.rule = Rule::W01, .plant = plant_w01, .first_day = 0, .days_after = 30, .takes = takes_tube},
    {.rule = Rule::W02, .plant = plant_w02, .slots = 2, .first_day = 98, .days_after = 9, .takes = takes_tube},
    {.rule = Rule::W03, .plant = plant_w03, .slots = 5, .first_day = 38, .days_after = 18},
    {.rule = Rule::W04, .plant = plant_w04, .slots = 2, .first_day = 10, .days_after = 8, .takes = takes_doses},
    {.rule = Rule::W05,
     .plant = plant_w05,
     .first_day = 0,
     .days_after = 40,
     .takes = takes_monthly_test | takes_failed_test | takes_noise_test | takes_status_test},
    {.rule = Rule::W06, .plant = plant_w06, .slots = 2, .first_day = 38, .days_after = 8},
    {.rule = Rule::W09, .plant = plant_w09, .first_day = 0, .days_after = 58},
    {.rule = Rule::W10, .plant = plant_w10, .slots = 1, .suits = Suits::month_begins},
};

}  // namespace

std::span<const Wrong> warning_wrongs() { return wrongs; }

}  // namespace gantry::sim
