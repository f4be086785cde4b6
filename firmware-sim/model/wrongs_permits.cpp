#include <algorithm>

#include "firmware-sim/model/wrong.hpp"

// V01 to V09: permits. V08 cannot be planted: no record carries the operator of an exposure.
namespace gantry::sim {
namespace {

// Bought while it was listed, and never licensed.
void plant_v01(Stage& stage, const Planned&) {
    if (!stage.dossier.licence_needed) return;
    std::erase_if(stage.dossier.permits, [](const PermitPaper& p) { return p.kind == "config_licence"; });
    stage.wrong_by_use(Rule::V01, stage.start_ms, stage.end_ms);
}

// The licence turns out to be another model's.
void plant_v02(Stage& stage, const Planned& plan) {
    if (!stage.dossier.licence_needed) return;
    PermitPaper licence = stage.dossier.permit("config_licence");
    licence.model = "Other CT 9000";
    stage.file(plan.from_ms, permit_paper(stage.profile, licence, plan.from_ms));
    stage.wrong(Rule::V02, plan.from_ms, stage.end_ms);
}

// The permit of a kind ends at `to_ms`, and the next one begins later; later ones of the lawful file fall away.
void let_lapse(Stage& stage, std::string_view kind, std::int64_t to_ms, std::int64_t renewal_ms,
               std::int64_t next_from_ms, std::int64_t next_filed_ms) {
    PermitPaper& permit = stage.dossier.permit(kind);
    permit.to_ms = to_ms;
    permit.renewal_filed_ms = renewal_ms;
    PermitPaper next = permit;
    next.id += "-next";
    next.no += "-next";
    next.from_ms = next_from_ms;
    next.to_ms = next_from_ms + 5 * 365 * day_ms;
    next.renewal_filed_ms = 0;
    next.filed_ms = next_filed_ms;
    const std::int64_t from_ms = permit.from_ms;
    std::erase_if(stage.dossier.permits, [&](const PermitPaper& p) { return p.kind == kind && p.from_ms > from_ms; });
    stage.dossier.permits.push_back(next);
    const std::int64_t near_ms = std::max(stage.start_ms, to_ms - 90 * day_ms);
    if (renewal_ms > near_ms) stage.wrong(Rule::W08, near_ms, renewal_ms);
}

// Renewal was applied for in time, the new permit came two days late, and nobody waited for it.
void plant_v03(Stage& stage, const Planned& plan) {
    let_lapse(stage, "radiation_safety", plan.from_ms, plan.from_ms - 40 * day_ms, plan.from_ms + 2 * day_ms,
              plan.from_ms + 2 * day_ms);
    stage.wrong_by_use(Rule::V03, plan.from_ms, plan.from_ms + 2 * day_ms);
}
void plant_v04(Stage& stage, const Planned& plan) {
    let_lapse(stage, "radiodiagnosis", plan.from_ms, plan.from_ms - 40 * day_ms, plan.from_ms + 2 * day_ms,
              plan.from_ms + 2 * day_ms);
    stage.wrong_by_use(Rule::V04, plan.from_ms, plan.from_ms + 2 * day_ms);
}

// Thirty days before the end nothing was applied for; a week later it is.
void plant_v05(Stage& stage, const Planned& plan) {
    const std::int64_t to_ms = plan.from_ms + 30 * day_ms;
    let_lapse(stage, "radiation_safety", to_ms, plan.from_ms + 8 * day_ms, to_ms, to_ms - 2 * day_ms);
    stage.wrong(Rule::V05, plan.from_ms, plan.from_ms + 8 * day_ms);
}

// Shown under another application entity title, as after a move, and back again.
void plant_v06(Stage& stage, const Planned& plan) {
    stage.at(plan.from_ms + 2 * hour_ms, Identity{{}, "MOVED" + stage.profile.ae_title});
    stage.at(plan.from_ms + 26 * hour_ms, Identity{});
    stage.wrong(Rule::V06, plan.from_ms, plan.from_ms + 2 * day_ms);
}

// The holder changed; the permits of all its devices were amended weeks too late.
void plant_v07(Stage& stage, const Planned& plan) {
    const std::int64_t amended_ms = plan.from_ms + 26 * day_ms;
    for (const std::int64_t told_ms : {plan.from_ms, amended_ms}) {
        PaperBody body;
        body.text("org", stage.profile.organisation).when("at", plan.from_ms);
        if (told_ms == amended_ms) body.when("amended_at", amended_ms);
        stage.file(told_ms, {"holder_change", stage.name("holder", Rule::V07), std::move(body)});
    }
    const std::uint32_t hospitals = std::max(stage.options.hospitals, 1U);
    for (std::uint32_t device = stage.profile.index % hospitals; device < stage.options.devices; device += hospitals)
        stage.told.push_back({Rule::V07, plan.from_ms + 20 * day_ms, amended_ms, {}, device});
}

// The contract was signed weeks before the licence.
void plant_v09(Stage& stage, const Planned&) {
    if (!stage.dossier.licence_needed) return;
    PermitPaper& licence = stage.dossier.permit("config_licence");
    licence.from_ms = stage.life.ordered_ms + 40 * day_ms;
    stage.wrong(Rule::V09, stage.life.ordered_ms, licence.from_ms);
}

constexpr Wrong wrongs[] = {
    {.rule = Rule::V01, .plant = plant_v01, .takes = takes_licence | takes_entry, .suits = Suits::bought_when_listed},
    {.rule = Rule::V02, .plant = plant_v02, .takes = takes_licence, .suits = Suits::bought_when_listed},
    {.rule = Rule::V03, .plant = plant_v03, .slots = 1, .takes = takes_radiation_permit},
    {.rule = Rule::V04, .plant = plant_v04, .slots = 1, .takes = takes_diagnosis_permit},
    {.rule = Rule::V05, .plant = plant_v05, .takes = takes_radiation_permit},
    {.rule = Rule::V06, .plant = plant_v06, .slots = 1},
    {.rule = Rule::V07, .plant = plant_v07, .days_after = 23},
    {.rule = Rule::V09, .plant = plant_v09, .takes = takes_licence | takes_entry, .suits = Suits::bought_when_listed},
};

}  // namespace

std::span<const Wrong> permit_wrongs() { return wrongs; }

}  // namespace gantry::sim
