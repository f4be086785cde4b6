#include <fmt/format.h>

#include <algorithm>

#include "server/domain/rules/run.hpp"

// V21 to V25: tests and maintenance that must come again, and use after a failed test. V26 to V29 are in
// rules_proof.cpp, V30 to V36 in rules_records.cpp.
namespace gantry::rules {
namespace {

using paper::Test;
using paper::TestKind;

// From when the duty is known to run: the first time in service. Before a baseline nothing is known.
std::optional<std::int64_t> service_start(const Run& run) {
    const Spans used = spans_in(run.device(), in_service);
    return used.empty() ? std::nullopt : std::optional{used.front().from_ms};
}

void report_late(Run& run, const Late& late, std::string key, std::int64_t interval_ms, std::uint64_t leaf) {
    const std::int64_t until = std::min(late.late_to_ms, run.now_ms());
    Found found = run.found(std::move(key), late.late_from_ms, late.late_to_ms, days_text(until - late.anchor_ms),
                            days_text(interval_ms));
    if (leaf != 0) found.leaves = {leaf};
    run.add(std::move(found));
}

// V21. Takes passed status and acceptance tests, declared acceptance.passed and qc.passed, states and patient hours.
// A device whose tests are not known counts from its first day in service. Critical when a patient was exposed more
// than `critical_after_days` past due. Late while IN_USE, PM or FAULT only; on the due moment itself it is in time.
void status_test_overdue(Run& run) {
    const auto start = service_start(run);
    if (!start) return;
    std::vector<std::int64_t> passed;
    for (const Test& test : run.papers().tests) {
        if (test.passed && (test.kind == TestKind::status || test.kind == TestKind::acceptance))
            passed.push_back(test.at_ms);
    }
    for (const Declared& d : run.device().declared) {
        if (d.event == "acceptance.passed" || d.event == "qc.passed") passed.push_back(d.at_ms);
    }
    if (run.is_gathering(!passed.empty())) return;
    std::ranges::sort(passed);
    // A test before the first day of service counts from its own day.
    const auto after = std::ranges::upper_bound(passed, *start);
    const std::int64_t anchor = after == passed.begin() ? *start : *std::prev(after);
    const std::int64_t interval = run.days_ms("interval_days");
    for (const Late& late : find_late(run, anchor, passed, interval, spans_in(run.device(), in_service))) {
        report_late(run, late, "after:" + iso_day(late.anchor_ms), interval, 0);
        const std::int64_t grave = late.due_ms + run.days_ms("critical_after_days");
        const PatientUse use = run.patient_use({grave + 1, std::min(late.late_to_ms, run.now_ms() + 1)});
        if (use.exposures == 0) continue;
        Found& found = run.found_list().back();
        found.severity = Severity::critical;
        found.leaves = use.leaves.take();
        found.count = static_cast<std::uint64_t>(use.exposures);
    }
}

// When each kind of work was done by a schedule, or by none when the device has only one.
std::vector<std::int64_t> maintained(const Run& run, const std::string& schedule, bool only_one) {
    std::vector<std::int64_t> out;
    for (const paper::WorkOrder& order : run.papers().work_orders) {
        if (order.kind != "preventive" || !order.ended_ms || order.outcome == "not_resolved") continue;
        if (order.schedule == schedule || (only_one && order.schedule.empty())) out.push_back(*order.ended_ms);
    }
    if (only_one) {
        for (const Declared& d : run.device().declared) {
            if (d.event == "pm.completed") out.push_back(d.at_ms);
        }
    }
    std::ranges::sort(out);
    return out;
}

// By calendar and by counter, whichever comes first: the moment at which one of them ran out, forever when none did.
class WhenDue {
public:
    WhenDue(const Run& run, const paper::Schedule& plan) : hours_{run.device().hours}, plan_{plan} {}

    std::int64_t after(std::int64_t anchor_ms, std::int64_t end_ms) const {
        const std::int64_t calendar = plan_.every_days ? add_days(anchor_ms, *plan_.every_days) : forever_ms;
        if (!plan_.every_scan_ms && !plan_.every_exams && !plan_.every_mas) return calendar;
        std::int64_t scan_ms = 0, exams = 0, charge = 0;
        auto hour = std::ranges::lower_bound(hours_, anchor_ms, {}, &UseHour::hour_ms);
        for (; hour != hours_.end() && hour->hour_ms < std::min(end_ms, calendar); ++hour) {
            scan_ms += hour->exposure_ms;
            exams += hour->exams;
            charge += hour->charge_ua_ms / 1'000;  // in µAs: fifteen years fit
            if ((plan_.every_scan_ms && scan_ms >= *plan_.every_scan_ms) ||
                (plan_.every_exams && exams >= *plan_.every_exams) ||
                (plan_.every_mas && charge / 1'000 >= *plan_.every_mas))
                return hour->hour_ms + 3'600'000;
        }
        return calendar;
    }

private:
    const std::vector<UseHour>& hours_;
    const paper::Schedule& plan_;
};

void judge_plan(Run& run, const paper::Schedule& plan, const std::vector<std::int64_t>& done, const Spans& duty) {
    const std::int64_t grace_max = run.number("grace_days_max");
    std::int64_t grace =
        plan.grace_days.value_or(plan.every_days ? *plan.every_days * run.number("grace_permille") / 1'000 : grace_max);
    if (!plan.grace_days) grace = std::min(grace, grace_max);
    std::int64_t anchor = plan.from_ms;
    const WhenDue when{run, plan};
    for (std::size_t i = 0; i <= done.size(); ++i) {
        const bool last = i == done.size();
        if (!last && done[i] <= anchor) continue;
        const std::int64_t end = std::min(last ? forever_ms : done[i], plan.to_ms);
        const std::int64_t due = when.after(anchor, std::min(end, run.now_ms() + 1));
        const std::int64_t begun = anchor;
        anchor = last ? anchor : done[i];
        if (due >= end) continue;
        const std::int64_t late_from = std::max(add_days(due, grace), run.rule().from_ms);
        if (last) run.due_at(late_from + 1);
        const Spans held = clipped(duty, {late_from, end});
        if (held.empty() || held.front().from_ms >= run.now_ms() || !run.covers(late_from)) continue;
        const std::int64_t until = std::min(held.back().to_ms, run.now_ms());
        Found found = run.found(fmt::format("{}@{}", plan.id, iso_day(begun)), held.front().from_ms, held.back().to_ms,
                                days_text(until - begun), fmt::format("{} + {} d", days_text(due - begun), grace));
        const std::int64_t half = (due - begun) * run.number("high_late_permille") / 1'000;
        if (last) run.due_at(due + half + 1);
        if (until - due > half) found.severity = Severity::high;
        if (plan.leaf != 0) found.leaves = {plan.leaf};
        run.add(std::move(found));
    }
}

// V25. Takes schedules of work "pm", preventive work orders that ended, declared pm.completed, states, and hours for
// schedules by counter. A work order without a schedule fulfils the only one. Without a schedule, modalities listed in
// `default_days` have that interval from the first day in service. At due + grace exactly it is in time. What a counter
// did in hours that are not known is not counted.
void pm_overdue(Run& run) {
    const auto start = service_start(run);
    if (!start) return;
    if (run.is_gathering(!run.papers().schedules.empty() || !run.papers().work_orders.empty())) return;
    const Spans duty = spans_in(run.device(), in_service);
    std::vector<paper::Schedule> plans;
    for (const paper::Schedule& plan : run.papers().schedules) {
        if (plan.work == "pm") plans.push_back(plan);
    }
    if (plans.empty()) {
        const auto interval = run.table("default_days").find(modality_of(run.device()));
        if (interval == run.table("default_days").end()) return;
        paper::Schedule plan;
        plan.id = "default";
        plan.every_days = interval->second;
        plan.from_ms = *start;
        plans.push_back(plan);
    }
    for (const paper::Schedule& plan : plans) judge_plan(run, plan, maintained(run, plan.id, plans.size() == 1), duty);
}

// V22. Takes tests that carry the item, schedules of work "constancy" with that item, a test's own interval_days, and
// states. A schedule comes before the test's own interval, and that before the table of items, which holds for the
// modalities listed. Doing it fulfils the duty, passed or not: a failure is V24. Counts from the first day in service.
void constancy_overdue(Run& run) {
    const auto start = service_start(run);
    if (!start) return;
    if (run.is_gathering(!run.papers().tests.empty())) return;
    struct Item {
        std::int64_t interval_days = 0, grace_days = 0, start_ms = 0;
        std::vector<std::int64_t> done;
    };
    std::map<std::string, Item> items;
    if (run.lists("modalities", modality_of(run.device()))) {
        for (const auto& [name, interval] : run.table("interval_days")) items[name] = {interval, 0, *start, {}};
    }
    for (const Test& test : run.papers().tests) {
        for (const paper::TestItem& item : test.items) {
            if (test.interval_days && test.kind == TestKind::constancy)
                items[item.item].interval_days = *test.interval_days;
            if (const auto known = items.find(item.item); known != items.end())
                known->second.done.push_back(test.at_ms);
        }
    }
    for (const paper::Schedule& plan : run.papers().schedules) {
        if (plan.work != "constancy" || plan.item.empty() || !plan.every_days || plan.to_ms <= run.now_ms()) continue;
        Item& item = items[plan.item];
        item.interval_days = *plan.every_days;
        item.grace_days = plan.grace_days.value_or(std::min<std::int64_t>(*plan.every_days / 10, 14));
        item.start_ms = plan.from_ms;
    }
    const Spans duty = spans_in(run.device(), in_service);
    for (auto& [name, item] : items) {
        std::ranges::sort(item.done);
        const std::int64_t interval = (item.interval_days + item.grace_days) * ms_per_day;
        for (const Late& late : find_late(run, std::max(item.start_ms, *start), item.done, interval, duty))
            report_late(run, late, fmt::format("{}@{}", name, iso_day(late.anchor_ms)), interval, 0);
    }
}

// V23. Takes tests of kind site_protection, and states. Counts from the first day in service, or from a survey before.
void protection_test_overdue(Run& run) {
    const auto start = service_start(run);
    if (!start) return;
    std::vector<std::int64_t> done;
    for (const Test& test : run.papers().tests) {
        if (test.kind == TestKind::site_protection && test.passed) done.push_back(test.at_ms);
    }
    if (run.is_gathering(!done.empty())) return;
    std::ranges::sort(done);
    const auto after = std::ranges::upper_bound(done, *start);
    const std::int64_t anchor = after == done.begin() ? *start : *std::prev(after);
    const std::int64_t interval = run.days_ms("interval_days");
    for (const Late& late : find_late(run, anchor, done, interval, spans_in(run.device(), in_service)))
        report_late(run, late, "after:" + iso_day(late.anchor_ms), interval, 0);
}

struct Verdict {
    std::int64_t at_ms = 0;
    std::string item;  // empty: all
    bool pass = false;
    std::uint64_t leaf = 0;
};

// Each item's verdicts by time; of a test without items, and of a declared one, the whole.
std::vector<Verdict> verdicts(const Run& run) {
    std::vector<Verdict> out;
    for (const Test& test : run.papers().tests) {
        if (test.kind == TestKind::site_protection) continue;
        for (const paper::TestItem& item : test.items) {
            if (item.mandatory || item.pass) out.push_back({test.at_ms, item.item, item.pass, test.leaf});
        }
        const bool named = std::ranges::any_of(test.items, [](const auto& i) { return i.mandatory && !i.pass; });
        // Of a failed test with failed items, those say what failed; a passed test of few items passes only them.
        if ((!test.passed && !named) || test.items.empty() ||
            (test.passed && test.kind != TestKind::constancy && test.covers.empty()))
            out.push_back({test.at_ms, {}, test.passed, test.leaf});
    }
    for (const Declared& d : run.device().declared) {
        if (d.event == "qc.failed" || d.event == "status_test.failed") out.push_back({d.at_ms, {}, false, d.leaf});
        if (d.event == "qc.passed" || d.event == "acceptance.passed") out.push_back({d.at_ms, {}, true, d.leaf});
    }
    std::ranges::stable_sort(out, {}, &Verdict::at_ms);
    return out;
}

// V24. Takes tests with their items, declared qc.failed, status_test.failed, qc.passed and acceptance.passed, and
// patient hours. An item stays failed until it passes, or a whole status or acceptance test of all parts does. An item
// that is not mandatory fails nothing. Use at the moment of the pass is allowed.
void use_after_failed_test(Run& run) {
    std::map<std::string, Verdict> failed;
    const auto settle = [&](const Verdict& fail, std::int64_t until) {
        if (!run.covers(fail.at_ms)) return;
        const std::string what = fail.item.empty() ? "test" : fail.item;
        run.report_use({fail.at_ms, until}, fmt::format("{}@{}", what, iso_day(fail.at_ms)), run.rule().severity,
                       "passed " + what);
    };
    for (const Verdict& verdict : verdicts(run)) {
        if (!verdict.pass) {
            failed.emplace(verdict.item, verdict);
            continue;
        }
        if (verdict.item.empty()) {
            for (const auto& [item, fail] : failed) settle(fail, verdict.at_ms);
            failed.clear();
        } else if (const auto fail = failed.find(verdict.item); fail != failed.end()) {
            settle(fail->second, verdict.at_ms);
            failed.erase(fail);
        }
    }
    for (const auto& [item, fail] : failed) settle(fail, run.now_ms() + 1);
}

const std::vector<RuleFunction> functions = {
    {"constancy_overdue",
     {days("unfiled_grace_days", 366), texts("modalities"), table("interval_days", 1, 3'660)},
     constancy_overdue},
    {"protection_test_overdue",
     {days("unfiled_grace_days", 366), number("interval_days", 1, 3'660)},
     protection_test_overdue},
    {"use_after_failed_test", {}, use_after_failed_test},
    {"status_test_overdue",
     {days("unfiled_grace_days", 366), number("interval_days", 1, 3'660), days("critical_after_days")},
     status_test_overdue},
    {"pm_overdue",
     {days("unfiled_grace_days", 366), table("default_days", 1, 3'660), number("grace_permille", 0, 1'000),
      days("grace_days_max", 366), number("high_late_permille", 0, 10'000)},
     pm_overdue},
};

}  // namespace

std::span<const RuleFunction> quality_functions() { return functions; }

}  // namespace gantry::rules
