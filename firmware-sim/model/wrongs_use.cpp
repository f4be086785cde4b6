#include <fmt/format.h>

#include "firmware-sim/model/exam.hpp"
#include "firmware-sim/model/wrong.hpp"

// V10 to V20: use that contradicts what is declared.
namespace gantry::sim {
namespace {

// Planted examinations are numbered apart from the model's own.
constexpr std::uint64_t planted_exams = 900'000'000;

// The health permit is decided on the acceptance papers: who does not wait for it uses the device without one.
void plant_v10(Stage& stage, const Planned& plan) {
    stage.habit(Habit::open_anyway, plan.from_ms, plan.to_ms);
    stage.wrong_by_use(Rule::V10, plan.from_ms, plan.to_ms, {Rule::V04});
}

// A detector is replaced by night and patients come in the morning; the test is made up for two days later.
void plant_v11(Stage& stage, const Planned& plan) {
    const std::int64_t night_ms = plan.from_ms - 7 * hour_ms;
    const std::int64_t fitted_ms = night_ms + hour_ms;
    const std::int64_t found_ms = fitted_ms + 2 * day_ms;
    OrderPaper order{.kind = "corrective",
                     .id = stage.name("wo", Rule::V11),
                     .opened_ms = night_ms,
                     .started_ms = night_ms,
                     .ended_ms = fitted_ms + hour_ms};
    stage.at(night_ms + minute_ms, ServiceSession{true, false});
    stage.at(fitted_ms, PartReplaced{-1, "D" + stage.profile.serial, "E" + stage.profile.serial});
    stage.at(fitted_ms + hour_ms, ServiceSession{false, false});
    stage.file(night_ms, order_paper(stage.profile, {.kind = "corrective", .id = order.id, .opened_ms = night_ms}));
    stage.file(order.ended_ms, order_paper(stage.profile, order));
    stage.stop(found_ms, found_ms + 2 * hour_ms, "DET_CHECK");
    stage.habit(Habit::closed, found_ms, found_ms + 5 * hour_ms);
    stage.retest(found_ms + 4 * hour_ms, {});
    stage.wrong_by_use(Rule::V11, fitted_ms, found_ms);
}

// Sealed and scanned on for a day, then closed; unsealed and taken back into use.
void plant_v12(Stage& stage, const Planned& plan) {
    const std::int64_t end_ms = plan.from_ms + 2 * day_ms;
    stage.at(plan.from_ms, Declared{"seal.order",
                                    "REG-H",
                                    "operators without training",
                                    {"sealing_order", "seal_photo"},
                                    fmt::format(R"({{"order_no":"SO-{}"}})", stage.profile.id)});
    stage.file(plan.from_ms, document_paper(stage.options, stage.profile, "sealing_order", plan.from_ms));
    stage.habit(Habit::no_phantoms, plan.from_ms, end_ms + 3 * hour_ms);
    stage.habit(Habit::closed, plan.from_ms + day_ms, end_ms + 3 * hour_ms);
    stage.at(end_ms,
             Declared{"seal.lifted", "REG-H", "rectified", {"lifting_order"}, R"({"rectification_accepted":true})"});
    stage.at(end_ms + 2 * hour_ms,
             Declared{"resume", "HM", "seal lifted", {"closing_document"}, R"({"reason_closed":true})"});
    stage.wrong_by_use(Rule::V12, plan.from_ms, plan.from_ms + day_ms);
}

// Suspended for want of staff; patients are scanned for another day.
void plant_v13(Stage& stage, const Planned& plan) {
    const std::int64_t end_ms = plan.from_ms + 2 * day_ms;
    stage.file(plan.from_ms, document_paper(stage.options, stage.profile, "notice", plan.from_ms));
    stage.at(plan.from_ms, Declared{"suspend", "HM", "no trained operator", {"notice"}, R"({"reason_code":"staff"})"});
    stage.habit(Habit::closed, plan.from_ms + day_ms, end_ms + hour_ms);
    stage.at(
        end_ms,
        Declared{"resume", "HM", "operator back from training", {"closing_document"}, R"({"reason_closed":true})"});
    stage.wrong_by_use(Rule::V13, plan.from_ms, plan.from_ms + day_ms);
}

// Scanned on after it was taken out of use.
void plant_v14(Stage& stage, const Planned& plan) {
    stage.habit(Habit::open_anyway, plan.from_ms, plan.to_ms);
    stage.wrong_by_use(Rule::V14, plan.from_ms, plan.to_ms);
}

// Another scanner answers at this place for two days: its serial is in no register.
void plant_v15(Stage& stage, const Planned& plan) {
    stage.at(plan.from_ms + hour_ms, Identity{"X" + stage.profile.serial, {}});
    stage.at(plan.from_ms + 45 * hour_ms, Identity{});
    stage.wrong(Rule::V15, plan.from_ms + hour_ms, plan.from_ms + 45 * hour_ms);
}

// A class I recall says: stop at once. It is acknowledged, and use goes on until it is carried out.
void plant_v16(Stage& stage, const Planned& plan) {
    const std::string recall = stage.name("recall", Rule::V16);
    const std::int64_t closed_ms = plan.from_ms + 60 * hour_ms;
    PaperBody notice;
    notice.number("recall_class", 1).text("action", "stop_use").text("what", "gantry bearing may fail");
    notice.texts("devices", {stage.profile.id}).when("notice_at", plan.from_ms);
    stage.file(plan.from_ms, {"recall", recall, notice.when("close_by", plan.from_ms + 30 * day_ms)});
    for (const bool closed : {false, true}) {
        PaperBody answer;
        answer.text("recall", recall).text("device", stage.profile.id);
        answer.when("acknowledged_at", plan.from_ms + 12 * hour_ms);
        if (closed) answer.when("closed_at", closed_ms);
        stage.file(closed ? closed_ms : plan.from_ms + 12 * hour_ms,
                   {"recall_answer", stage.name("answer", Rule::V16), std::move(answer)});
    }
    stage.wrong_by_use(Rule::V16, plan.from_ms + day_ms, closed_ms);
}

void plant_v17(Stage& stage, const Planned& plan) {
    stage.dossier.labelled_life_days = (plan.from_ms - stage.dossier.manufactured_ms) / day_ms;
    stage.wrong(Rule::V17, plan.from_ms, stage.end_ms);
}

// One detector row failed: heads only. All else is scanned as before.
void plant_v18(Stage& stage, const Planned& plan) {
    const std::int64_t end_ms = plan.from_ms + 2 * day_ms;
    const auto report = [&](std::int64_t at_ms, std::string data) {
        stage.at(at_ms, Declared{"fault.reported", "RAD", "detector row", {"error_photo"}, std::move(data)});
    };
    report(plan.from_ms, R"({"severity":"partial","code":"DAS_ROW","allowed":"head"})");
    report(end_ms, R"({"severity":"partial","code":"DAS_ROW"})");
    stage.wrong_by_use(Rule::V18, plan.from_ms, end_ms);
}

void plant_v19(Stage& stage, const Planned& plan) {
    stage.habit(Habit::dark, plan.from_ms, plan.from_ms + 50 * hour_ms);
    stage.wrong_by_use(Rule::V19, plan.from_ms, plan.from_ms + 50 * hour_ms, {Rule::V52});
}

// A department that closes in the evening scans by night. Eight weeks of quiet nights must lie before it.
void plant_v20(Stage& stage, const Planned& plan) {
    const std::int64_t night_ms = plan.from_ms + 3 * day_ms + 14 * hour_ms;  // 23:00
    Prng prng = stage.prng(Rule::V20);
    stage.at(night_ms - 10 * minute_ms, PowerOn{});
    for (std::uint64_t i = 0; i < 3; ++i) {
        const std::int64_t start_ms = night_ms + static_cast<std::int64_t>(i) * 20 * minute_ms;
        const Exam exam = patient_exam(prng, stage.profile, planted_exams + i, start_ms);
        exam_events(exam, stage.events);
    }
    stage.at(night_ms + 100 * minute_ms, PowerOff{});
    stage.wrong(Rule::V20, night_ms, night_ms + 90 * minute_ms);
}

constexpr Wrong wrongs[] = {
    {.rule = Rule::V10, .plant = plant_v10, .turn = Turn::commissioned_in_window, .days_after = 3},
    {.rule = Rule::V11, .plant = plant_v11, .slots = 1, .takes = takes_status_test},
    {.rule = Rule::V12, .plant = plant_v12, .slots = 1, .takes = takes_state},
    {.rule = Rule::V13, .plant = plant_v13, .slots = 1, .takes = takes_state},
    {.rule = Rule::V14, .plant = plant_v14, .turn = Turn::decommissioned_in_window, .days_after = 2},
    {.rule = Rule::V15, .plant = plant_v15, .slots = 1, .takes = takes_serial},
    {.rule = Rule::V16, .plant = plant_v16, .slots = 1},
    {.rule = Rule::V17, .plant = plant_v17},
    {.rule = Rule::V18, .plant = plant_v18, .slots = 1},
    {.rule = Rule::V19, .plant = plant_v19, .slots = 1},
    {.rule = Rule::V20, .plant = plant_v20, .slots = 1, .first_day = 54, .suits = Suits::closed_by_night},
};

}  // namespace

std::span<const Wrong> use_wrongs() { return wrongs; }

}  // namespace gantry::sim
