#include <fmt/format.h>

#include <algorithm>

#include "firmware-sim/model/device_model.hpp"

// What people state and file about one device, at the beginning and as the run goes on; and what of it is true.
namespace gantry::sim {
namespace {

constexpr std::int64_t water_milli_max = 5'700;  // A drift ends before its limit: the service sets it right.

}  // namespace

// What the office holds is filed at the start; the world's and the hospital's papers by the first device of each.
void DeviceModel::file_papers() {
    std::vector<TimedFiling> all;
    const auto take = [&](std::vector<TimedFiling> some) {
        all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
    };
    if (profile_.index == 0) take(world_filings(options_));
    if (profile_.index < std::max(options_.hospitals, 1U)) take(hospital_filings(options_, profile_));
    take(dossier_filings(options_, profile_, life_, dossier_));
    for (TimedFiling& one : all) file(one.at_ms, std::move(one.filing));

    status_passed_ = dossier_.status_tests;
    if (!life_.never_installed) status_passed_.push_back(life_.ready_ms);
    status_passed_.insert(status_passed_.end(), dossier_.retests.begin(), dossier_.retests.end());
    if (plan_.turn != Turn::none || profile_.index % 5 != 0) return;
    // A recall that is answered as it should be.
    const std::int64_t notice = start_ms_ + 5 * day_ms + hour_ms;
    PaperBody recall;
    recall.number("recall_class", 2).text("action", "correct").text("what", "table firmware");
    recall.texts("devices", {profile_.id}).when("notice_at", notice).when("close_by", notice + 30 * day_ms);
    file(notice, {"recall", "recall-" + profile_.id, std::move(recall)});
    for (const bool closed : {false, true}) {
        PaperBody answer;
        answer.text("recall", "recall-" + profile_.id).text("device", profile_.id);
        answer.when("acknowledged_at", notice + day_ms);
        if (closed) answer.when("closed_at", notice + 10 * day_ms);
        file(notice + (closed ? 10 : 1) * day_ms, {"recall_answer", "answer-" + profile_.id, std::move(answer)});
    }
}

// What people stated before the run began is told at its start, each with its own date; the rest at its time.
void DeviceModel::declare_life() {
    const auto declare = [&](std::int64_t at_ms, Declared declared) {
        if (at_ms == 0) return;
        pending_.push_back({std::max(at_ms, start_ms_), at_ms, std::move(declared)});
    };
    if (dossier_.adopted) {
        declare(start_ms_, {"baseline.declared",
                            "HM",
                            "entered the register as it stands",
                            {"inventory", "papers_at_hand"},
                            R"({"state":"IN_USE"})"});
        return;
    }
    const std::int64_t planned_ms = life_.ordered_ms - 60 * day_ms;
    declare(planned_ms, {"plan.approved", "HM", "replacement plan", {"feasibility_report", "board_minute"}, "{}"});
    if (dossier_.licence_needed)
        declare(planned_ms + 30 * day_ms, {"licence.granted", "REG-H", "in the plan", {"licence"}, "{}"});
    else
        declare(planned_ms + 20 * day_ms,
                {"licence.not_required", "HM", "not in the catalogue", {"catalogue_extract"}, "{}"});
    declare(life_.ordered_ms, {"contract.signed",
                               "HM",
                               "tender closed",
                               {"contract", "registration_certificate"},
                               R"({"supplier":"supplier-01"})"});
    declare(life_.received_ms,
            {"goods.received",
             "HM",
             "incoming check done",
             {"inspection_record", "udi_photo"},
             fmt::format(R"({{"udi":"(01)06900000000012(21){0}","serial":"{0}","incoming_check":true}})",
                         profile_.serial)});
    declare(life_.installed_ms, {"install.completed",
                                 "SVC",
                                 "installed and handed over",
                                 {"assembly_report", "shielding_drawing"},
                                 R"({"installer":"service-01"})"});
    declare(life_.acceptance_ms, {"acceptance.started", "QMP", "test order", {"test_order"}, "{}"});
    declare(life_.ready_ms,
            {"acceptance.passed", "QMP", "all items passed", {"acceptance_report", "site_survey"}, "{}"});
    declare(life_.commissioned_ms,
            {"commissioned", "HM", "released for patients", {"permit_copies", "baseline_file"}, "{}"});
    if (life_.ended_ms != 0) declare_end();
}

void DeviceModel::declare_end() {
    if (life_.transferred_ms != 0) {
        push(
            life_.ended_ms,
            Declared{
                "idle.declared", "HM", "sold to another hospital", {"photo", "meter_reading"}, R"({"isolated":true})"});
        push(life_.transferred_ms, Declared{"transfer.completed",
                                            "HM",
                                            "handed over",
                                            {"contract", "test_report", "whole_file"},
                                            R"({"receiver":"receiver-01"})"});
        return;
    }
    push(life_.ended_ms, Declared{"decommission.approved",
                                  "HM",
                                  "end of service life",
                                  {"appraisal", "wipe_certificate", "final_counters"},
                                  R"({"beam_disabled":true,"counters_recorded":true,"data_wiped":true})"});
    if (life_.disposed_ms != 0)
        push(life_.disposed_ms, Declared{"disposal.completed",
                                         "HM",
                                         "scrapped",
                                         {"destruction_certificate", "serial_plates_photo"},
                                         R"({"materials_handled":true,"recycler":"recycler-01"})"});
}

// The tests that are due today, with their scans, in the quiet of the early morning.
void DeviceModel::test_quality(Day& day, std::int64_t at_ms) {
    const auto due = [&](const Recurring& what) { return what.next_ms < day.end_ms; };
    if (!due(dossier_.status) && !due(dossier_.protection) && !due(dossier_.constancy)) return;
    test_scans(at_ms, 3, Purpose::phantom, day.prng);
    const std::int64_t done_ms = at_ms + 25 * minute_ms;
    free_ms_ = std::max(free_ms_, done_ms);
    const auto report = [&](std::string_view kind, Recurring& what, std::int64_t every_days,
                            std::vector<PaperBody> items) {
        file(done_ms, test_paper(options_, profile_,
                                 {.kind = kind,
                                  .id = fmt::format("{}-{}-{}", kind, profile_.id, done_ms / day_ms),
                                  .at_ms = done_ms,
                                  .items = std::move(items)}));
        what = {done_ms, done_ms + every_days * day_ms};
    };
    if (due(dossier_.status)) {
        auto items = constancy_items(200);
        items.push_back(test_item("ctdi_w", 18'000, 0, 50'000));
        report("status", dossier_.status, 350, std::move(items));
        status_passed_.push_back(done_ms);
    }
    if (due(dossier_.protection)) report("site_protection", dossier_.protection, 350, {});
    if (due(dossier_.constancy)) {
        const std::int64_t drift = dossier_.drift_milli * (3 + constancy_tests_);
        const std::int64_t water = std::min(220 + 20 * (constancy_tests_ % 3) + drift, water_milli_max);
        report("constancy", dossier_.constancy, 28, constancy_items(water));
        ++constancy_tests_;
    }
}

// On the third of each month the hospital declares the month before, when the device was in use all through it.
void DeviceModel::file_month(const Day& day) {
    const std::int64_t now_ms = day.start_ms + 10 * hour_ms;
    if (to_local(profile_.zone, now_ms).day != 3) return;
    const std::int64_t to_ms = month_start_ms(now_ms), from_ms = month_start_ms(to_ms - day_ms);
    if (from_ms < start_ms_ || life_.commissioned_ms > from_ms || (life_.ended_ms != 0 && life_.ended_ms < to_ms))
        return;
    const std::int64_t exams = month_exams_[from_ms] * dossier_.count_permille / 1'000;
    const LocalTime date = to_local(Zone{"UTC", 0, false}, from_ms);
    PaperBody body;
    body.text("device", profile_.id).when("from", from_ms).when("to", to_ms).number("exams", exams);
    body.number("reported", exams).number("positive", exams * dossier_.positive_permille / 1'000);
    file(now_ms, {"declared_count", fmt::format("count-{}-{:04}-{:02}", profile_.id, date.year, date.month), body});
    if (dossier_.positive_permille < 600) told_.push_back({Rule::V45, from_ms, to_ms, {}, profile_.index});
    if (dossier_.count_permille != 1'000) told_.push_back({Rule::V52, from_ms, to_ms, {}, profile_.index});
}

// The yearly test comes round: from ninety days before its day until it is done.
void DeviceModel::tests_ahead(std::vector<Violation>& out) const {
    std::vector<std::int64_t> passed = status_passed_;
    std::ranges::sort(passed);
    for (std::size_t i = 0; i < passed.size(); ++i) {
        if (passed[i] >= given_ms_) break;
        const std::int64_t next_ms = i + 1 < passed.size() ? passed[i + 1] : given_ms_;
        const std::int64_t from_ms = std::max(passed[i] + 275 * day_ms, start_ms_);
        std::int64_t to_ms = std::min({next_ms, passed[i] + 365 * day_ms, given_ms_});
        if (life_.transferred_ms != 0)
            to_ms = std::min(to_ms, life_.transferred_ms);
        else if (life_.ended_ms != 0)
            to_ms = std::min(to_ms, life_.ended_ms);
        if (from_ms < to_ms) out.push_back({Rule::W08, from_ms, to_ms, {}, profile_.index});
    }
}

// Half of what the contract allows to be down in a month (5 % of it) is used up in its first fifteen days.
void DeviceModel::long_stops(std::vector<Violation>& out) const {
    std::vector<HabitSpan> stops = stops_;
    std::ranges::sort(stops, {}, &HabitSpan::from_ms);
    for (std::int64_t month = month_start_ms(start_ms_); month < given_ms_; month = next_month_ms(month)) {
        const std::int64_t to_ms = next_month_ms(month), budget = (to_ms - month) / 20 / 2;
        std::int64_t down = 0;
        for (const HabitSpan& stop : stops) {
            const std::int64_t from = std::max(stop.from_ms, month);
            const std::int64_t to = std::min({stop.to_ms, month + 15 * day_ms, given_ms_});
            if (from >= to) continue;
            const std::int64_t before = std::exchange(down, down + (to - from));
            if (before <= budget && down > budget)
                out.push_back({Rule::W10, from + budget - before, std::min(to_ms, given_ms_), {}, profile_.index});
        }
    }
}

std::vector<Violation> DeviceModel::planted() const {
    std::vector<Violation> out = recorder_.noted();
    for (const Violation& wrong : told_)
        if (wrong.from_ms < given_ms_) out.push_back(wrong);
    tests_ahead(out);
    long_stops(out);
    std::ranges::stable_sort(out, {}, [](const Violation& v) { return std::pair{v.from_ms, v.rule}; });
    return out;
}

}  // namespace gantry::sim
