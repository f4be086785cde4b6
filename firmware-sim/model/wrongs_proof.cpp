#include <fmt/format.h>

#include "firmware-sim/model/wrong.hpp"

// V26 to V29: maintenance and tests that are not what their papers say.
namespace gantry::sim {
namespace {

// Maintenance on paper: declared, with nobody at the console and patients on the table.
void plant_v26(Stage& stage, const Planned& plan) {
    const std::int64_t to_ms = plan.from_ms + 4 * hour_ms;
    OrderPaper order{.kind = "preventive",
                     .id = stage.name("wo", Rule::V26),
                     .opened_ms = plan.from_ms - day_ms,
                     .started_ms = plan.from_ms,
                     .ended_ms = to_ms};
    stage.file(plan.from_ms - day_ms,
               order_paper(stage.profile, {.kind = "preventive", .id = order.id, .opened_ms = order.opened_ms}));
    stage.at(plan.from_ms, Declared{"pm.started",
                                    "SVC",
                                    "quarterly maintenance",
                                    {"checklist_version"},
                                    fmt::format(R"({{"work_order":"{}"}})", order.id)});
    stage.file(to_ms, order_paper(stage.profile, order));
    stage.at(
        to_ms,
        Declared{"pm.completed", "SVC", "checklist complete", {"signed_checklist"}, R"({"checklist_complete":true})"});
    // Declared as being in maintenance, it must not scan patients: V13 follows.
    stage.wrong(Rule::V26, plan.from_ms, to_ms, {Rule::V13});
}

// A test is filed as passed; for four days no test object was on the table.
void plant_v27(Stage& stage, const Planned& plan) {
    const std::int64_t midnight_ms = plan.from_ms - 9 * hour_ms;
    const std::int64_t tested_ms = midnight_ms + day_ms + 14 * hour_ms;
    stage.habit(Habit::no_phantoms, midnight_ms, midnight_ms + 3 * day_ms + 8 * hour_ms);
    stage.own_test(stage.name("test", Rule::V27), tested_ms, true, constancy_items(200));
    stage.wrong(Rule::V27, tested_ms, tested_ms + 2 * day_ms);
}

// The dosemeter's calibration was three years old.
void plant_v28(Stage& stage, const Planned& plan) {
    const std::string meter = stage.name("oldmeter", Rule::V28);
    PaperBody certificate;
    certificate.text("subject", meter).text("kind", "calibration").text("no", "C-" + meter);
    certificate.when("from", plan.from_ms - 1'095 * day_ms).when("to", plan.from_ms - 365 * day_ms);
    stage.file(plan.from_ms, {"certificate", "calibration-" + meter, std::move(certificate)});
    stage.file(plan.from_ms, test_paper(stage.options, stage.profile,
                                        {.kind = "site_protection",
                                         .id = stage.name("test", Rule::V28),
                                         .at_ms = plan.from_ms,
                                         .instrument = meter}));
    stage.wrong(Rule::V28, plan.from_ms, plan.from_ms + day_ms);
}

// The device shows a third more than was measured.
void plant_v29(Stage& stage, const Planned& plan) {
    auto items = constancy_items(200);
    items.push_back(test_item("ctdi_vol", 11'000, 0, 50'000));
    items.push_back(test_item("ctdi_vol_displayed", 14'700, 0, 50'000));
    stage.own_test(stage.name("test", Rule::V29), plan.from_ms + hour_ms, true, std::move(items));
    stage.wrong(Rule::V29, plan.from_ms + hour_ms, plan.from_ms + day_ms);
}

constexpr Wrong wrongs[] = {
    {.rule = Rule::V26, .plant = plant_v26, .slots = 1, .takes = takes_maintenance},
    {.rule = Rule::V27, .plant = plant_v27, .slots = 1, .takes = takes_paper_test},
    {.rule = Rule::V28, .plant = plant_v28, .takes = takes_protection_test},
    {.rule = Rule::V29, .plant = plant_v29, .slots = 1, .takes = takes_dose_test},
};

}  // namespace

std::span<const Wrong> proof_wrongs() { return wrongs; }

}  // namespace gantry::sim
