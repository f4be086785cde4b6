#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "server/domain/rules/run.hpp"

// W08 to W10: what a calendar, a capacity and a budget say of the time ahead.
namespace gantry::rules {
namespace {

double real(std::int64_t number) { return static_cast<double>(number); }

// One thing that ends. The nearer, the graver: info, then low, then medium for the last step.
void calendar_entry(Run& run, const std::string& key, std::int64_t end_ms, std::uint64_t leaf) {
    if (end_ms == forever_ms || end_ms <= run.now_ms()) return;
    run.due_at(end_ms);
    std::vector<std::int64_t> steps;
    for (const auto& [name, ahead] : run.table("ahead_days")) steps.push_back(ahead);
    std::ranges::sort(steps);
    for (const std::int64_t step : steps) run.due_at(end_ms - step * ms_per_day);
    const std::int64_t left = end_ms - run.now_ms();
    const auto reached = std::ranges::find_if(steps, [&](std::int64_t step) { return left <= step * ms_per_day; });
    if (reached == steps.end()) return;
    Found found = run.found(key, end_ms - *reached * ms_per_day, end_ms, days_text(left) + " left",
                            fmt::format("{} d left", *reached));
    if (reached == steps.begin()) {
        found.severity = Severity::medium;
    } else if (reached == std::next(steps.begin())) {
        found.severity = Severity::low;
    }
    if (leaf != 0) found.leaves = {leaf};
    run.add(std::move(found));
}

// W08. Takes permits (not cancelled, with neither a successor in force at their end nor a renewal filed), the next
// status test, contracts, and training of operators of the device. At exactly a step's days before the end the step is
// reached. What has ended is another rule's. A device that is gone has no calendar.
void expiry_calendar(Run& run) {
    const DeviceCase& device = run.device();
    const State state = device.states.empty() ? State::none : device.states.back().state;
    if (!run.covers(run.now_ms()) || std::ranges::find(gone, state) != gone.end()) return;
    for (const paper::Permit& permit : run.papers().permits) {
        if (permit.kind == paper::PermitKind::product_registration) continue;  // its registrant renews it
        if (!names_device(permit.devices, device.device) || permit.cancelled_ms || permit.renewal_filed_ms) continue;
        const bool followed = std::ranges::any_of(run.papers().permits, [&](const paper::Permit& next) {
            return next.kind == permit.kind && next.id != permit.id && next.in_force(permit.to_ms) &&
                   names_device(next.devices, device.device);
        });
        if (!followed) calendar_entry(run, "permit:" + permit.id, permit.to_ms, permit.leaf);
    }
    const paper::Test* last = nullptr;
    for (const paper::Test& test : run.papers().tests) {
        if (test.passed && (test.kind == paper::TestKind::status || test.kind == paper::TestKind::acceptance) &&
            (!last || test.at_ms >= last->at_ms))
            last = &test;
    }
    if (last) calendar_entry(run, "status_test", last->at_ms + run.days_ms("status_test_days"), last->leaf);
    for (const paper::Contract& contract : run.papers().contracts)
        calendar_entry(run, "contract:" + contract.id, contract.to_ms, contract.leaf);
    for (const paper::Operator& person : run.papers().operators) {
        if (names_device(person.devices, device.device))
            calendar_entry(run, "training:" + person.id, person.training_to_ms, person.leaf);
    }
}

// Holt-Winters with an additive season of a week: level and slope a day, and each weekday's part.
struct Forecast {
    double level = 0, slope = 0;
    std::array<double, 7> season{};

    explicit Forecast(const std::vector<double>& values) {
        for (std::size_t i = 0; i < 14; ++i) level += values[i] / 14;
        for (std::size_t i = 0; i < 14; ++i) season[i % 7] += (values[i] - level) / 2;
        for (std::size_t i = 14; i < values.size(); ++i) {
            double& part = season[i % 7];
            const double before = level;
            level = 0.2 * (values[i] - part) + 0.8 * (level + slope);
            slope = 0.05 * (level - before) + 0.95 * slope;
            part = 0.2 * (values[i] - level) + 0.8 * part;
        }
    }
};

// W09. Takes exams a day of the last 180 full UTC days and the capacity of the sheet. Fewer than `days_least` days
// since the first, or no capacity: not judged. Compared is the mean of the five busiest weekdays `ahead_days` from now;
// a day that no hour tells of counts as closed.
void capacity(Run& run) {
    const auto capacity = run.papers().sheet.capacity_exams_per_day;
    if (!capacity || *capacity == 0 || !run.covers(run.now_ms())) return;
    const auto& hours = run.device().hours;
    const std::int64_t today = day_of(run.now_ms());
    auto hour = std::ranges::lower_bound(hours, today - 180 * ms_per_day, {}, &UseHour::hour_ms);
    if (hour == hours.end()) return;
    std::vector<double> values;
    for (std::int64_t day = day_of(hour->hour_ms); day < today; day += ms_per_day) {
        double exams = 0;
        for (; hour != hours.end() && hour->hour_ms < day + ms_per_day; ++hour) exams += real(hour->exams);
        values.push_back(exams);
    }
    if (values.size() < std::max<std::size_t>(static_cast<std::size_t>(run.number("days_least")), 28)) return;
    Forecast forecast{values};
    std::ranges::sort(forecast.season, std::greater{});
    double load = forecast.level + forecast.slope * real(run.number("ahead_days"));
    for (std::size_t i = 0; i < 5; ++i) load += forecast.season[i] / 5;
    if (load * 1'000 <= real(*capacity * run.number("load_permille"))) return;
    Found found = run.found("capacity", today, today + run.days_ms("ahead_days"), fmt::format("{:.0f} exams/d", load),
                            fmt::format("{:.0f} exams/d", real(*capacity * run.number("load_permille")) / 1'000));
    found.suspected = true;
    run.add(std::move(found));
}

struct Month {
    std::int64_t from_ms, middle_ms, to_ms;  // UTC
    std::string name;
};

Month month_of(std::int64_t at_ms) {
    namespace chrono = std::chrono;
    const chrono::year_month_day day{chrono::sys_days{chrono::days{static_cast<int>(day_of(at_ms) / ms_per_day)}}};
    const auto start = [](chrono::year_month month) {
        return chrono::milliseconds{chrono::sys_days{month / 1}.time_since_epoch()}.count();
    };
    const chrono::year_month month{day.year(), day.month()};
    const std::int64_t from = start(month);
    return {from, from + 15 * ms_per_day, start(month + chrono::months{1}), iso_day(from).substr(0, 7)};
}

// The hours that a contract covers, as stretches of UTC time; a day's window is that of the local day where it is
// known.
Spans covered(const Run& run, const paper::Contract& contract, Span within) {
    Spans out;
    for (std::int64_t day = day_of(within.from_ms) - ms_per_day; day < within.to_ms + ms_per_day; day += ms_per_day) {
        if ((contract.cover_weekdays >> weekday_of(day) & 1) == 0) continue;
        const std::int64_t offset = local_known(run.device(), day) ? local_ms(run.device(), day) - day : 0;
        out.push_back({day - offset + contract.cover_from_minute * ms_per_minute,
                       day - offset + contract.cover_to_minute * ms_per_minute});
    }
    return clipped(merged(std::move(out)), within);
}

std::int64_t length_of(const Spans& spans) {
    std::int64_t out = 0;
    for (const Span& span : spans) out += span.to_ms - span.from_ms;
    return out;
}

// W10. Takes service and warranty contracts in force, their covered hours, and FAULT. The budget is what the promised
// uptime (else `default_uptime_permille`) leaves of the month's covered hours; judged is what was used of it in the
// first fifteen days of this month. A partial fault is no state, and not counted. Exactly the share is within.
void availability_budget(Run& run) {
    const Month month = month_of(run.now_ms());
    if (!run.covers(run.now_ms())) return;
    const Spans faults = spans_in(run.device(), {State::fault});
    for (const paper::Contract& contract : run.papers().contracts) {
        const bool serves = contract.kind == "service" || contract.kind == "warranty";
        if (!serves || contract.from_ms > run.now_ms() || contract.to_ms <= run.now_ms()) continue;
        const std::int64_t all = length_of(covered(run, contract, {month.from_ms, month.to_ms}));
        const std::int64_t promised = contract.uptime_permille.value_or(run.number("default_uptime_permille"));
        const std::int64_t budget = all * (1'000 - promised) / 1'000;
        std::int64_t down = 0;
        const Span judged{month.from_ms, std::min(run.now_ms(), month.middle_ms)};
        for (const Span& span : covered(run, contract, judged)) down += length_of(clipped(faults, span));
        if (holds(faults, run.now_ms()) && run.now_ms() < month.middle_ms) run.due_at(run.now_ms() + 3'600'000);
        if (down * 1'000 <= budget * run.number("used_permille")) continue;
        Found found =
            run.found(fmt::format("{}@{}", contract.id, month.name), month.from_ms, month.to_ms,
                      fmt::format("{} min down", down / ms_per_minute),
                      fmt::format("{} min of {} min", budget * run.number("used_permille") / 1'000 / ms_per_minute,
                                  budget / ms_per_minute));
        found.leaves = {contract.leaf};
        run.add(std::move(found));
    }
}

const std::vector<RuleFunction> functions = {
    {"expiry_calendar", {table("ahead_days", 1, 366), days("status_test_days")}, expiry_calendar},
    {"capacity", {days("ahead_days", 366), number("days_least", 28, 180), number("load_permille", 1, 2'000)}, capacity},
    {"availability_budget",
     {number("default_uptime_permille", 0, 1'000), number("used_permille", 0, 1'000)},
     availability_budget},
};

}  // namespace

std::span<const RuleFunction> plan_functions() { return functions; }

}  // namespace gantry::rules
