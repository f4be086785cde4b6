#include "server/domain/due/due.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "server/domain/rules/span.hpp"

namespace gantry::due {
namespace {

using paper::forever_ms;
using rules::DeviceCase;
using rules::ms_per_day;

constexpr std::array<std::string_view, 13> names{"maintenance",    "status_test", "site_protection",   "constancy",
                                                 "permit_renewal", "permit_end",  "contract_end",      "recall_answer",
                                                 "recall_close",   "commitment",  "operator_training", "service_life",
                                                 "work_order"};

constexpr std::int64_t pace_days = 28;

bool names_device(const std::vector<std::string>& devices, const std::string& device) {
    return devices.empty() || std::ranges::find(devices, device) != devices.end();
}

State state_now(const DeviceCase& device) { return rules::state_at(device, device.now_ms); }

bool is_nobodys_duty(State state) {
    constexpr State gone[] = {State::decommissioned, State::transferred, State::disposed,
                              State::lost,           State::cancelled,   State::returned};
    return std::ranges::find(gone, state) != std::end(gone);
}

// ---- by counter ----

struct Used {
    std::int64_t scan_ms = 0, exams = 0, mas = 0;
};
Used used_between(const DeviceCase& device, std::int64_t from_ms, std::int64_t to_ms) {
    Used out;
    std::int64_t charge = 0;
    for (auto hour = std::ranges::lower_bound(device.hours, from_ms, {}, &rules::UseHour::hour_ms);
         hour != device.hours.end() && hour->hour_ms < to_ms; ++hour) {
        out.scan_ms += hour->exposure_ms;
        out.exams += hour->exams;
        charge += hour->charge_ua_ms;
    }
    out.mas = charge / 1'000'000;
    return out;
}

// When a counter reaches its limit at the present pace; forever when it stands still.
std::int64_t counter_due(const DeviceCase& device, std::int64_t used, std::int64_t limit, std::int64_t pace) {
    if (used >= limit) return device.now_ms;
    if (pace <= 0) return forever_ms;
    return rules::add_days(device.now_ms, (limit - used) * pace_days / pace + 1);
}

// The calendar's date and the counters' estimate, whichever comes first.
Due next_visit(const DeviceCase& device, const paper::Schedule& plan, std::int64_t anchor_ms) {
    Due out{.kind = plan.work == "constancy" ? Kind::constancy : Kind::maintenance,
            .at_ms = plan.every_days ? rules::add_days(anchor_ms, *plan.every_days) : forever_ms,
            .ref = plan.id,
            .what = plan.name};
    const Used since = used_between(device, anchor_ms, device.now_ms);
    const Used pace = used_between(device, device.now_ms - pace_days * ms_per_day, device.now_ms);
    const auto counter = [&](std::optional<std::int64_t> limit, std::int64_t used, std::int64_t per_pace) {
        if (!limit) return;
        const std::int64_t at_ms = counter_due(device, used, *limit, per_pace);
        if (at_ms >= out.at_ms) return;
        out.at_ms = at_ms;
        out.estimated = true;
    };
    counter(plan.every_scan_ms, since.scan_ms, pace.scan_ms);
    counter(plan.every_exams, since.exams, pace.exams);
    counter(plan.every_mas, since.mas, pace.mas);
    return out;
}

std::int64_t last_done(const DeviceCase& device, const paper::Schedule& plan, bool only_one) {
    std::int64_t done = plan.from_ms;
    if (plan.work == "constancy") {
        for (const paper::Test& test : device.papers.tests)
            if (test.kind == paper::TestKind::constancy &&
                (plan.item.empty() ||
                 std::ranges::find(test.items, plan.item, &paper::TestItem::item) != test.items.end()))
                done = std::max(done, test.at_ms);
        return done;
    }
    for (const paper::WorkOrder& order : device.papers.work_orders)
        if (order.kind == "preventive" && order.ended_ms && order.outcome != "not_resolved" &&
            (order.schedule == plan.id || (only_one && order.schedule.empty())))
            done = std::max(done, *order.ended_ms);
    return done;
}

void add_visits(const DeviceCase& device, std::vector<Due>& out) {
    const auto of_work = [](std::string_view work) {
        return [work](const paper::Schedule& plan) { return plan.work == work; };
    };
    const bool only_pm = std::ranges::count_if(device.papers.schedules, of_work("pm")) == 1;
    for (const paper::Schedule& plan : device.papers.schedules) {
        if (plan.to_ms <= device.now_ms || (plan.work != "pm" && plan.work != "constancy")) continue;
        Due next = next_visit(device, plan, last_done(device, plan, only_pm));
        if (next.at_ms != forever_ms && next.at_ms < plan.to_ms) out.push_back(std::move(next));
    }
}

// ---- tests ----

// A year after the last test that was passed; a schedule of that work says otherwise.
void add_test(const DeviceCase& device, Kind kind, std::int64_t days, std::vector<Due>& out) {
    const paper::Test* last = nullptr;
    for (const paper::Test& test : device.papers.tests) {
        const bool fits = kind == Kind::site_protection
                              ? test.kind == paper::TestKind::site_protection
                              : test.kind == paper::TestKind::status || test.kind == paper::TestKind::acceptance;
        if (fits && test.passed && (!last || test.at_ms > last->at_ms)) last = &test;
    }
    bool planned = false;
    for (const paper::Schedule& plan : device.papers.schedules) {
        if (plan.work != name(kind) || plan.to_ms <= device.now_ms) continue;
        Due next = next_visit(device, plan, last ? std::max(last->at_ms, plan.from_ms) : plan.from_ms);
        next.kind = kind;
        if (next.at_ms == forever_ms || next.at_ms >= plan.to_ms) continue;
        planned = true;
        out.push_back(std::move(next));
    }
    if (last && !planned)
        out.push_back({.kind = kind, .at_ms = rules::add_days(last->at_ms, days), .ref = last->id, .what = {}});
}

// ---- papers that end ----

void add_permits(const DeviceCase& device, const Policy& policy, std::vector<Due>& out) {
    for (const paper::Permit& permit : device.papers.permits) {
        if (permit.cancelled_ms || permit.to_ms == forever_ms || !names_device(permit.devices, device.device)) continue;
        // Replaced by one of its kind that lasts longer.
        const bool replaced = std::ranges::any_of(device.papers.permits, [&](const paper::Permit& other) {
            return other.kind == permit.kind && !other.cancelled_ms && other.to_ms > permit.to_ms &&
                   other.from_ms <= permit.to_ms && names_device(other.devices, device.device);
        });
        if (replaced) continue;
        if (!permit.renewal_filed_ms)
            out.push_back({.kind = Kind::permit_renewal,
                           .at_ms = permit.to_ms - policy.renewal_ahead_days * ms_per_day,
                           .ref = permit.id,
                           .what = permit.no});
        out.push_back({.kind = Kind::permit_end, .at_ms = permit.to_ms, .ref = permit.id, .what = permit.no});
    }
}

void add_contracts(const DeviceCase& device, std::vector<Due>& out) {
    for (const paper::Contract& contract : device.papers.contracts)
        if (contract.to_ms != forever_ms && contract.to_ms > device.now_ms && contract.kind != "purchase")
            out.push_back(
                {.kind = Kind::contract_end, .at_ms = contract.to_ms, .ref = contract.id, .what = contract.kind});
}

void add_recalls(const DeviceCase& device, const Policy& policy, std::vector<Due>& out) {
    for (const paper::Recall& recall : device.papers.recalls) {
        const auto answer = std::ranges::find_if(device.papers.recall_answers, [&](const paper::RecallAnswer& a) {
            return a.recall == recall.id && a.device == device.device;
        });
        const bool answered = answer != device.papers.recall_answers.end();
        if (answered && answer->closed_ms) continue;
        if (!answered || !answer->acknowledged_ms)
            out.push_back({.kind = Kind::recall_answer,
                           .at_ms = rules::add_days(recall.notice_ms, policy.recall_answer_days),
                           .ref = recall.id,
                           .what = recall.what});
        if (recall.close_by_ms != forever_ms)
            out.push_back(
                {.kind = Kind::recall_close, .at_ms = recall.close_by_ms, .ref = recall.id, .what = recall.what});
    }
}

void add_promises_and_people(const DeviceCase& device, std::vector<Due>& out) {
    for (const paper::Commitment& promise : device.papers.commitments)
        if (!promise.fulfilled_ms)
            out.push_back({.kind = Kind::commitment, .at_ms = promise.due_ms, .ref = promise.id, .what = promise.what});
    for (const paper::Operator& person : device.papers.operators)
        if (person.training_to_ms > 0 && names_device(person.devices, device.device))
            out.push_back(
                {.kind = Kind::operator_training, .at_ms = person.training_to_ms, .ref = person.id, .what = {}});
    for (const paper::WorkOrder& order : device.papers.work_orders)
        if (!order.ended_ms && order.opened_ms <= device.now_ms)
            out.push_back({.kind = Kind::work_order, .at_ms = order.opened_ms, .ref = order.id, .what = order.kind});
    const paper::DeviceSheet& sheet = device.papers.sheet;
    if (sheet.manufactured_ms && sheet.labelled_life_days) {
        const std::int64_t end = rules::add_days(*sheet.manufactured_ms, *sheet.labelled_life_days);
        out.push_back({.kind = Kind::service_life,
                       .at_ms = std::max(end, sheet.life_extended_to_ms.value_or(end)),
                       .ref = sheet.id,
                       .what = {}});
    }
}

}  // namespace

std::string_view name(Kind kind) { return names[static_cast<std::size_t>(kind)]; }

std::vector<Due> due_list(const DeviceCase& device, const Policy& policy) {
    std::vector<Due> out;
    if (is_nobodys_duty(state_now(device))) return out;
    add_visits(device, out);
    add_test(device, Kind::status_test, policy.status_test_days, out);
    add_test(device, Kind::site_protection, policy.site_protection_days, out);
    add_permits(device, policy, out);
    add_contracts(device, out);
    add_recalls(device, policy, out);
    add_promises_and_people(device, out);
    std::ranges::sort(out, {}, [](const Due& due) { return std::tie(due.at_ms, due.kind, due.ref); });
    return out;
}

}  // namespace gantry::due
