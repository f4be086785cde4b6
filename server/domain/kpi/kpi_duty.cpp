#include <algorithm>
#include <string>

#include "server/domain/kpi/basis.hpp"

// Maintenance and tests: what was due in the period, and how much of it was done in time.
namespace gantry::kpi {
namespace {

using paper::Schedule;
using paper::Test;
using paper::TestKind;
using rules::add_days;
using rules::forever_ms;

// Work that comes again, and when it was done.
struct Cycle {
    const Schedule* plan = nullptr;  // counters too; null: by days alone
    std::int64_t from_ms = 0, to_ms = forever_ms;
    std::int64_t every_days = 0;  // 0: by counters alone
    std::int64_t grace_days = 0;
    std::vector<std::int64_t> done;  // sorted
};

struct Kept {
    std::int64_t due = 0, in_time = 0;
};

// When the work is due again after `anchor_ms`: by calendar or by a counter, whichever comes first.
std::int64_t due_after(const DeviceCase& device, const Cycle& cycle, std::int64_t anchor_ms) {
    const std::int64_t calendar = cycle.every_days > 0 ? add_days(anchor_ms, cycle.every_days) : forever_ms;
    const Schedule* plan = cycle.plan;
    if (!plan || (!plan->every_scan_ms && !plan->every_exams && !plan->every_mas)) return calendar;
    std::int64_t scan_ms = 0, exams = 0, charge_uas = 0;
    auto row = std::ranges::lower_bound(device.hours, anchor_ms, {}, &rules::UseHour::hour_ms);
    for (; row != device.hours.end() && row->hour_ms < calendar; ++row) {
        scan_ms += row->exposure_ms;
        exams += row->exams;
        charge_uas += row->charge_ua_ms / 1000;
        if ((plan->every_scan_ms && scan_ms >= *plan->every_scan_ms) ||
            (plan->every_exams && exams >= *plan->every_exams) ||
            (plan->every_mas && charge_uas / 1000 >= *plan->every_mas))
            return row->hour_ms + row->length_ms;
    }
    return calendar;
}

// What is done late is not in time for its own due day; the next one counts from when it was done. Work that was never
// done counts from its due day again. What is due while the device is out of service is not asked for, and what may
// still be done in time is not judged yet.
Kept kept_of(const Basis& basis, const Cycle& cycle) {
    Kept out;
    const Spans duty = rules::spans_in(basis.device, {State::in_use, State::pm, State::fault, State::retest});
    const std::int64_t end = std::min(basis.period.to_ms, cycle.to_ms);
    std::int64_t anchor = cycle.from_ms;
    auto done = cycle.done.begin();
    while (true) {
        done = std::upper_bound(done, cycle.done.end(), anchor);
        const std::int64_t due = due_after(basis.device, cycle, anchor);
        if (due >= end) return out;
        const std::int64_t latest = add_days(due, cycle.grace_days);
        const std::int64_t next = due_after(basis.device, cycle, due);
        const bool was_done = done != cycle.done.end() && *done < next;
        const bool in_time = was_done && *done <= latest;
        const bool open = !was_done && basis.device.now_ms <= latest;
        if (due >= basis.period.from_ms && !open && rules::holds(duty, due)) {
            ++out.due;
            out.in_time += in_time ? 1 : 0;
        }
        anchor = was_done ? *done : due;
    }
}

std::int64_t grace_of(const Basis& basis, const Schedule& plan) {
    if (plan.grace_days) return *plan.grace_days;
    const std::int64_t usual = plan.every_days.value_or(0) * basis.settings.grace_permille / 1000;
    return plan.every_days ? std::min(usual, basis.settings.grace_days_max) : basis.settings.grace_days_max;
}

Cycle cycle_of(const Basis& basis, const Schedule& plan, std::vector<std::int64_t> done) {
    std::ranges::sort(done);
    return {&plan, plan.from_ms, plan.to_ms, plan.every_days.value_or(0), grace_of(basis, plan), std::move(done)};
}

// A work order of the schedule; with only one schedule also those, and declarations, that name none.
std::vector<std::int64_t> maintained(const DeviceCase& device, const Schedule& plan, bool only_one) {
    std::vector<std::int64_t> out;
    for (const paper::WorkOrder& order : device.papers.work_orders)
        if (order.kind == "preventive" && order.ended_ms && order.outcome != "not_resolved" &&
            (order.schedule == plan.id || (only_one && order.schedule.empty())))
            out.push_back(*order.ended_ms);
    if (only_one)
        for (const rules::Declared& d : device.declared)
            if (d.event == "pm.completed") out.push_back(d.at_ms);
    return out;
}

void add_pm(const Basis& basis, Sheet& out) {
    const auto& plans = basis.device.papers.schedules;
    const auto pms = std::ranges::count(plans, "pm", &Schedule::work);
    if (pms == 0) {
        out.unknown("pm_compliance", Why::not_on_file, 1000).basis = {"schedule"};
        return;
    }
    Kept kept;
    std::vector<std::string> papers;
    for (const Schedule& plan : plans) {
        if (plan.work != "pm") continue;
        const Kept one = kept_of(basis, cycle_of(basis, plan, maintained(basis.device, plan, pms == 1)));
        kept.due += one.due;
        kept.in_time += one.in_time;
        papers.push_back("schedule:" + plan.id);
    }
    out.ratio("pm_compliance", real(kept.in_time), real(kept.due), 1000).basis = std::move(papers);
}

// ---- tests ----

std::vector<std::int64_t> passed(const DeviceCase& device, std::string_view work, const std::string& item) {
    std::vector<std::int64_t> out;
    for (const Test& test : device.papers.tests) {
        const bool is_status = test.kind == TestKind::status || test.kind == TestKind::acceptance;
        if (work == "status_test" && is_status && test.passed) out.push_back(test.at_ms);
        if (work == "site_protection" && test.kind == TestKind::site_protection && test.passed)
            out.push_back(test.at_ms);
        if (work != "constancy" || test.kind != TestKind::constancy) continue;
        const auto found = std::ranges::find(test.items, item, &paper::TestItem::item);
        const bool fits = item.empty() ? test.passed : found != test.items.end() && found->pass;
        if (fits) out.push_back(test.at_ms);
    }
    std::ranges::sort(out);
    return out;
}

// The yearly test that the law asks for, from the first one that is on file.
std::optional<Cycle> yearly(const DeviceCase& device, std::string_view work, std::int64_t days) {
    std::vector<std::int64_t> done = passed(device, work, {});
    if (done.empty()) return std::nullopt;
    return Cycle{nullptr, done.front(), forever_ms, days, 0, std::move(done)};
}

void add_qc(const Basis& basis, Sheet& out) {
    Kept all;
    bool any = false;
    for (const std::string_view work : {"status_test", "site_protection", "constancy"}) {
        std::vector<Cycle> cycles;
        for (const Schedule& plan : basis.device.papers.schedules)
            if (plan.work == work) cycles.push_back(cycle_of(basis, plan, passed(basis.device, work, plan.item)));
        const std::int64_t days =
            work == "status_test" ? basis.settings.status_test_days : basis.settings.site_protection_days;
        if (cycles.empty() && work != "constancy")
            if (auto cycle = yearly(basis.device, work, days)) cycles.push_back(std::move(*cycle));
        if (cycles.empty()) {
            out.unknown("qc_compliance", Why::not_on_file, 1000, std::string{work}).basis = {
                work == "constancy" ? "schedule" : "test"};
            continue;
        }
        any = true;
        Kept kept;
        for (const Cycle& cycle : cycles) {
            const Kept one = kept_of(basis, cycle);
            kept.due += one.due;
            kept.in_time += one.in_time;
        }
        out.ratio("qc_compliance", real(kept.in_time), real(kept.due), 1000, std::string{work});
        all.due += kept.due;
        all.in_time += kept.in_time;
    }
    if (any)
        out.ratio("qc_compliance", real(all.in_time), real(all.due), 1000);
    else
        out.unknown("qc_compliance", Why::not_on_file, 1000).basis = {"test", "schedule"};
}

}  // namespace

void add_duty(const Basis& basis, Sheet& out) {
    add_pm(basis, out);
    add_qc(basis, out);
}

}  // namespace gantry::kpi
