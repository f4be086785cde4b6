#include <fmt/format.h>

#include "firmware-sim/model/recorder.hpp"
#include "firmware-sim/model/wrong.hpp"

// V53 to V57: the end of a life, and one that never began.
namespace gantry::sim {
namespace {

// The status test of the day it was put aside had failed; the report is filed after the transfer.
void plant_v53(Stage& stage, const Planned&) {
    const std::int64_t tested_ms = stage.life.ended_ms + hour_ms;
    stage.file(stage.life.transferred_ms + 2 * day_ms, test_paper(stage.options, stage.profile,
                                                                  {.kind = "status",
                                                                   .id = stage.name("test", Rule::V53),
                                                                   .at_ms = tested_ms,
                                                                   .passed = false,
                                                                   .items = constancy_items(9'000)}));
    stage.wrong(Rule::V53, stage.life.transferred_ms, stage.life.transferred_ms + 2 * day_ms);
}

void plant_v54(Stage& stage, const Planned&) {
    const std::int64_t due_ms = stage.life.ended_ms + 30 * day_ms;
    for (PermitPaper& permit : stage.dossier.permits)
        if (permit.kind != "product_registration") permit.cancelled_ms = due_ms + 10 * day_ms;
    stage.wrong(Rule::V54, due_ms, due_ms + 10 * day_ms);
}

// Neither the patients' data nor the tube was taken care of, as far as anybody can show.
void plant_v55(Stage& stage, const Planned&) {
    for (const char* kind : {"wipe_certificate", "beam_disabled"}) stage.dossier.documents.erase(kind);
    stage.wrong(Rule::V55, stage.life.transferred_ms, stage.life.transferred_ms + day_ms, {Rule::V33});
}

// The tube of a scrapped scanner is fitted into another one, with all papers in order there.
void plant_v56(Stage& stage, const Planned& plan) {
    if (stage.plan.turn != Turn::none || plan.peer >= stage.options.devices) return;
    const std::int64_t from_ms = plan.from_ms + 12 * hour_ms;
    const std::int64_t fitted_ms = from_ms + 4 * hour_ms;
    const std::string worn = tube_serial(stage.options, stage.profile.index, 0, 0);
    const std::string found = tube_serial(stage.options, plan.peer, 0, 0);
    stage.stop(from_ms, fitted_ms + hour_ms, "TUBE_EOL");
    stage.at(fitted_ms, PartReplaced{0, worn, found});
    stage.at(
        fitted_ms + minute_ms,
        Declared{"part.replaced",
                 "SVC",
                 "tube worn out",
                 {"work_order", "part_label"},
                 fmt::format(R"({{"part":"tube","old_serial":"{}","new_serial":"{}","major":true}})", worn, found)});
    stage.habit(Habit::closed, from_ms, fitted_ms + 4 * hour_ms);
    stage.retest(fitted_ms + 3 * hour_ms, "tube");
    stage.told.push_back({Rule::V56, fitted_ms, stage.end_ms, {}, plan.peer});
}

void plant_v57(Stage& stage, const Planned& plan) { stage.wrong(Rule::V57, plan.from_ms, stage.end_ms); }

constexpr Wrong wrongs[] = {
    {.rule = Rule::V53, .plant = plant_v53, .turn = Turn::transferred_in_window, .days_after = 6},
    {.rule = Rule::V54, .plant = plant_v54, .turn = Turn::decommissioned_in_window, .days_after = 38},
    {.rule = Rule::V55, .plant = plant_v55, .turn = Turn::transferred_in_window, .days_after = 6},
    {.rule = Rule::V56, .plant = plant_v56, .turn = Turn::disposed_in_window, .days_after = 10},
    {.rule = Rule::V57, .plant = plant_v57, .turn = Turn::delivered, .days_after = 3},
};

}  // namespace

std::span<const Wrong> end_wrongs() { return wrongs; }

}  // namespace gantry::sim
