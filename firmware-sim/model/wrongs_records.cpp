#include "firmware-sim/model/wrong.hpp"

// V30 to V36: what should have been written down.
namespace gantry::sim {
namespace {

void plant_v30(Stage& stage, const Planned& plan) {
    const std::int64_t from_ms = plan.from_ms + 12 * hour_ms;
    stage.at(from_ms, ServiceSession{true, true});
    stage.at(from_ms + 40 * minute_ms, ServiceSession{false, true});
    stage.wrong(Rule::V30, from_ms, from_ms + 40 * minute_ms);
}

void plant_v31(Stage& stage, const Planned& plan) {
    const std::int64_t at_ms = plan.from_ms + 11 * hour_ms;
    stage.at(at_ms, SoftwareChanged{stage.profile.software, stage.profile.software + ".hot"});
    stage.wrong(Rule::V31, at_ms, at_ms + 3 * day_ms);
}

void plant_v32(Stage& stage, const Planned& plan) {
    const std::int64_t at_ms = plan.from_ms + 10 * hour_ms;
    stage.at(at_ms, TubeSwapped{0, "S" + stage.profile.serial});
    stage.wrong(Rule::V32, at_ms, at_ms + 3 * day_ms);
}

// The file of the baseline values is handed in after the thirty days that the register gives to gather papers.
void plant_v33(Stage& stage, const Planned& plan) {
    stage.dossier.documents["baseline_file"] = plan.from_ms;
    stage.wrong(Rule::V33, stage.start_ms + 30 * day_ms, plan.from_ms);
}

// A death, reported after twelve days instead of seven.
void plant_v34(Stage& stage, const Planned& plan) {
    const std::int64_t reported_ms = plan.from_ms + 12 * day_ms;
    for (const std::int64_t told_ms : {plan.from_ms + hour_ms, reported_ms}) {
        PaperBody body;
        body.text("device", stage.profile.id).text("fault_code", "TABLE_DRV").text("harm", "death");
        body.when("at", plan.from_ms);
        if (told_ms == reported_ms) body.when("reported_at", reported_ms);
        stage.file(told_ms, {"adverse_event", stage.name("event", Rule::V34), std::move(body)});
    }
    stage.wrong(Rule::V34, plan.from_ms + 7 * day_ms, reported_ms);
}

void plant_v35(Stage& stage, const Planned& plan) {
    const std::string recall = stage.name("recall", Rule::V35);
    const std::int64_t answered_ms = plan.from_ms + 6 * day_ms;
    PaperBody notice;
    notice.number("recall_class", 2).text("action", "correct").text("what", "software update");
    notice.texts("devices", {stage.profile.id}).when("notice_at", plan.from_ms);
    stage.file(plan.from_ms, {"recall", recall, notice.when("close_by", plan.from_ms + 40 * day_ms)});
    PaperBody answer;
    answer.text("recall", recall).text("device", stage.profile.id).when("acknowledged_at", answered_ms);
    stage.file(answered_ms,
               {"recall_answer", stage.name("answer", Rule::V35), answer.when("closed_at", answered_ms + hour_ms)});
    stage.wrong(Rule::V35, plan.from_ms + 3 * day_ms, answered_ms);
}

// The same fault is closed as resolved three times within a fortnight.
void plant_v36(Stage& stage, const Planned& plan) {
    for (int i = 0; i < 3; ++i) {
        const std::int64_t opened_ms = plan.from_ms + i * 6 * day_ms;
        stage.file(opened_ms + 3 * hour_ms,
                   order_paper(stage.profile, {.kind = "corrective",
                                               .id = stage.name("wo", Rule::V36) + static_cast<char>('1' + i),
                                               .opened_ms = opened_ms,
                                               .started_ms = opened_ms + hour_ms,
                                               .ended_ms = opened_ms + 3 * hour_ms,
                                               .fault_code = "COLLIM_5"}));
    }
    stage.wrong(Rule::V36, plan.from_ms, plan.from_ms + 13 * day_ms);
}

constexpr Wrong wrongs[] = {
    {.rule = Rule::V30, .plant = plant_v30, .slots = 1},
    {.rule = Rule::V31, .plant = plant_v31, .slots = 1, .days_after = 6},
    {.rule = Rule::V32, .plant = plant_v32, .slots = 1, .days_after = 6, .takes = takes_tube},
    {.rule = Rule::V33, .plant = plant_v33, .first_day = 34, .takes = takes_state | takes_history},
    {.rule = Rule::V34, .plant = plant_v34, .days_after = 10},
    {.rule = Rule::V35, .plant = plant_v35, .days_after = 6},
    {.rule = Rule::V36, .plant = plant_v36, .days_after = 14},
};

}  // namespace

std::span<const Wrong> record_wrongs() { return wrongs; }

}  // namespace gantry::sim
