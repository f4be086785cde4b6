#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "server/domain/hour_cell.hpp"
#include "server/domain/rules/run.hpp"

// W01 to W06: wear and drift of the device itself. Simple and explainable first; every warning is suspected. W08 to W10
// are in warnings_plan.cpp. W07, W11, W12 and W13 need more than one device's case.
namespace gantry::rules {
namespace {

void warn(Run& run, Found found, Leaves leaves = {}) {
    found.suspected = true;
    found.leaves = leaves.take();
    run.add(std::move(found));
}

double real(std::int64_t number) { return static_cast<double>(number); }

// Exposure time a day, as an average in which a day weighs less the longer it is past; nullopt before a week is known.
std::optional<double> exposure_per_day(const Run& run, std::int64_t memory_days) {
    const auto& hours = run.device().hours;
    const std::int64_t today = day_of(run.now_ms());
    auto hour = std::ranges::lower_bound(hours, today - 180 * ms_per_day, {}, &UseHour::hour_ms);
    if (hour == hours.end() || today - day_of(hour->hour_ms) < 7 * ms_per_day) return {};
    const double weight = 2.0 / (real(memory_days) + 1);
    std::optional<double> average;
    for (std::int64_t day = day_of(hour->hour_ms); day < today; day += ms_per_day) {
        double sum = 0;
        for (; hour != hours.end() && hour->hour_ms < day + ms_per_day; ++hour) sum += real(hour->exposure_ms);
        average = average ? *average + weight * (sum - *average) : sum;
    }
    return average;
}

// W01. Takes the rated life of the sheet, and of each tube what its counter shows, else what was exposed since the last
// replaced tube. Rated life unknown: not judged. Fewer than seven days of use: only the share is judged. Exactly the
// share or the days of the limits are not past them.
void tube_wear(Run& run) {
    const auto rated = run.papers().sheet.tube_rated_scan_ms;
    if (!rated || !run.covers(run.now_ms())) return;
    std::int64_t replaced_ms = 0;
    for (const Signal& signal : run.signals("part.replaced")) {
        if (signal.text("part") == "tube") replaced_ms = signal.at_ms;
    }
    const auto rate = exposure_per_day(run, run.number("memory_days"));
    for (const TubeFold& tube : run.device().fold.tubes) {
        if (tube.id == "other") continue;
        std::int64_t used = tube.exposure_ms;
        if (tube.shown_scan_ms && tube.shown_at_ms >= replaced_ms) {
            used = *tube.shown_scan_ms;
        } else if (replaced_ms > 0) {
            used = 0;
            for (const UseHour& hour : run.device().hours) used += hour.hour_ms >= replaced_ms ? hour.exposure_ms : 0;
        }
        const std::int64_t left = std::max<std::int64_t>(*rated - used, 0);
        const bool worn = used * 1'000 > *rated * run.number("used_permille");
        const double days_left = rate && *rate > 0 ? real(left) / *rate : -1;
        const bool soon = days_left >= 0 && days_left < real(run.number("days_left"));
        if (!worn && !soon) continue;
        std::string measured = fmt::format("{:.1f} % used", 100.0 * real(used) / real(*rated));
        if (days_left >= 0) measured += fmt::format(", {:.0f} d left", days_left);
        warn(run, run.found(fmt::format("tube {}:{}", tube.id, tube.serial), replaced_ms, forever_ms, measured,
                            fmt::format("{:.1f} % used, {} d left", real(run.number("used_permille")) / 10,
                                        run.number("days_left"))));
    }
}

struct ArcState {
    std::uint64_t leaf = 0;
    std::int64_t begun_ms = 0, arcs = 0, scan_ms = 0;  // begin of the baseline; last shown
    double base_arcs = 0, base_scan = 0, sum = 0;
};

// W02. Takes `counter` moments with arcs and scan time, by tube serial (else id). A Poisson CUSUM that is tuned to
// `ratio_permille` times the rate of the tube's first `baseline_days`; a baseline without an arc counts as one arc. A
// counter that fell begins anew. Exactly `h` is no alarm.
void arc_rate(Run& run) {
    run.known_from(run.device().frequent_from_ms);
    std::map<std::string, ArcState> tubes;
    for (const Signal& signal : run.signals("counter")) {
        const auto arcs = signal.number("arcs"), scan = signal.number("scan_ms");
        if (!arcs || !scan) continue;
        const std::string serial = signal.text("tube_serial");
        const std::string tube = serial.empty() ? signal.text("tube_id") : serial;
        auto [place, fresh] = tubes.try_emplace(tube);
        ArcState& state = place->second;
        if (fresh || *arcs < state.arcs || *scan < state.scan_ms) {
            state = {signal.leaf, signal.at_ms, *arcs, *scan, 0, 0, 0};
            continue;
        }
        const double more_arcs = real(*arcs - std::exchange(state.arcs, *arcs));
        const double more_scan = real(*scan - std::exchange(state.scan_ms, *scan));
        if (signal.at_ms - state.begun_ms <= run.days_ms("baseline_days")) {
            state.base_arcs += more_arcs;
            state.base_scan += more_scan;
            continue;
        }
        if (state.base_scan <= 0) continue;
        const double expected = std::max(state.base_arcs, 1.0) / state.base_scan * more_scan;
        const double ratio = real(run.number("ratio_permille")) / 1'000;
        state.sum = std::max(0.0, state.sum + more_arcs - expected * (ratio - 1) / std::log(ratio));
        if (state.sum <= real(run.number("h"))) continue;
        Leaves leaves;
        leaves.add(signal.leaf);
        const double rate = more_scan > 0 ? more_arcs / more_scan * 1e6 : 0;
        if (run.covers(signal.at_ms))
            warn(run,
                 run.found(fmt::format("{}@{}", tube, iso_day(signal.at_ms)), signal.at_ms, signal.at_ms,
                           fmt::format("{:.2f} arcs in 1000 s", rate),
                           fmt::format("{:.2f} arcs in 1000 s", state.base_arcs / state.base_scan * 1e6)),
                 leaves);
        state.sum = 0;
    }
}

// W03. Takes the beginnings of FAULT in the last `window_days`, or since faults can be known: since the first state
// when some lie before the register entry, else since that entry. Fewer than `faults_least`: not judged. Laplace's test
// of a trend, or the power law (Crow-AMSAA) whose exponent is above one with 95 % (chi-square by Wilson and Hilferty).
void fault_trend(Run& run) {
    if (run.device().states.empty() || !run.covers(run.now_ms())) return;
    const auto& states = run.device().states;
    const bool imported = std::ranges::any_of(states, [&](const StateSpan& span) {
        return span.state == State::fault && span.from_ms < run.device().registered_ms;
    });
    const std::int64_t known = imported ? states.front().from_ms : run.device().registered_ms;
    const std::int64_t from = std::max({run.now_ms() - run.days_ms("window_days"), states.front().from_ms, known});
    const double length = real(run.now_ms() - from);
    double sum = 0, logs = 0;
    std::int64_t faults = 0;
    Leaves leaves;
    for (const StateSpan& span : run.device().states) {
        if (span.state != State::fault || span.from_ms <= from) continue;
        const double at = real(span.from_ms - from);
        sum += at;
        logs += std::log(length / at);
        ++faults;
        leaves.add(span.leaf);
    }
    if (faults < run.number("faults_least") || length <= 0) return;
    const double n = real(faults);
    const double laplace = (sum / n - length / 2) / (length * std::sqrt(1 / (12 * n)));
    const double beta = logs > 0 ? n / logs : 0;
    const double freedom = 2 * n, spread = 2 / (9 * freedom);
    const double chi = freedom * std::pow(1 - spread - 1.96 * std::sqrt(spread), 3);
    if (laplace <= real(run.number("laplace_milli")) / 1'000 && beta * chi / freedom <= 1) return;
    warn(run,
         run.found("trend", from, run.now_ms(), fmt::format("{} faults, beta {:.2f}, U {:.2f}", faults, beta, laplace),
                   fmt::format("beta 1, U {:.2f}", real(run.number("laplace_milli")) / 1'000)),
         leaves);
}

// One examination's highest scan, as its logarithm.
struct LogDose {
    std::int64_t at_ms;
    std::uint64_t leaf;
    std::uint64_t exam;
    double value;
};

// Mean and spread of [from, to).
std::pair<double, double> spread(const std::vector<LogDose>& doses, std::size_t from, std::size_t to) {
    double mean = 0, square = 0;
    const auto n = static_cast<double>(to - from);
    for (std::size_t i = from; i < to; ++i) mean += doses[i].value / n;
    for (std::size_t i = from; i < to; ++i) square += (doses[i].value - mean) * (doses[i].value - mean) / n;
    return {mean, std::max(std::sqrt(square), 0.01)};
}

std::map<std::string, std::vector<LogDose>> log_doses(const std::vector<const UseEvent*>& uses) {
    std::map<std::string, std::vector<LogDose>> out;
    for (const UseEvent* use : uses) {
        if (use->localiser || use->ctdivol_ugy.value_or(0) <= 0 || use->proto_group.empty()) continue;
        auto& list = out[std::string{use->proto_group}];
        const double value = std::log(real(*use->ctdivol_ugy));
        // Scans of one examination are alike and follow each other: together they are one value.
        if (use->exam != 0 && !list.empty() && list.back().exam == use->exam)
            list.back().value = std::max(list.back().value, value);
        else
            list.push_back({use->at_ms, use->leaf, use->exam, value});
    }
    return out;
}

// W04. Takes CTDIvol by examination and protocol group, without localisers. The first of the window, four times
// `exams_least` where there are so many, are the group's own level. A CUSUM of the logarithm above half the shift, and
// a mean of the latest `exams_least` that is above it by more than the whole shift and by more than `z` deviations of
// such a difference, are a drift. Fewer than twice `exams_least`: not judged.
void dose_drift(Run& run) {
    const auto least = static_cast<std::size_t>(run.number("exams_least"));
    const double shift = std::log(1 + real(run.number("shift_permille")) / 1'000);
    for (const auto& [group, doses] : log_doses(run.recent_uses())) {
        if (doses.size() < 2 * least) continue;
        const std::size_t first = std::min(doses.size() - least, 4 * least);
        const auto [mean, sigma] = spread(doses, 0, first);
        const double latest = spread(doses, doses.size() - least, doses.size()).first;
        const double chance = sigma * std::sqrt(1 / static_cast<double>(first) + 1 / static_cast<double>(least));
        if (latest - mean <= std::max(shift, real(run.number("z")) * chance)) continue;
        std::size_t alarm = doses.size();
        double sum = 0;
        for (std::size_t i = first; i < doses.size() && alarm == doses.size(); ++i) {
            sum = std::max(0.0, sum + doses[i].value - mean - shift / 2);
            if (sum > real(run.number("h_sigmas")) * sigma) alarm = i;
        }
        if (alarm == doses.size()) continue;
        Leaves leaves;
        leaves.add(doses[alarm].leaf);
        leaves.add(doses.back().leaf);
        warn(run,
             run.found(group, doses[alarm].at_ms, doses.back().at_ms,
                       fmt::format("{:+.1f} %", 100 * (std::exp(latest - mean) - 1)),
                       fmt::format("+{:.1f} %", real(run.number("shift_permille")) / 10)),
             leaves);
    }
}

struct Point {
    double day, value;
};

// Least squares: slope and value at day 0; nullopt when all points are of one moment.
std::optional<Point> fit(const std::vector<Point>& points) {
    double mx = 0, my = 0, xx = 0, xy = 0;
    for (const Point& p : points) {
        mx += p.day / static_cast<double>(points.size());
        my += p.value / static_cast<double>(points.size());
    }
    for (const Point& p : points) {
        xx += (p.day - mx) * (p.day - mx);
        xy += (p.day - mx) * (p.value - my);
    }
    if (xx <= 0) return {};
    return Point{xy / xx, my - xy / xx * mx};
}

// W05. Takes the items named, with value and limits, of tests of the last `window_days`. Fewer than `points_least`
// values, or no limit on the side to which they drift: not judged. An item that has passed its limit is V24's.
void qc_drift(Run& run) {
    struct Item {
        std::vector<Point> points;
        const paper::TestItem* last = nullptr;
        Leaves leaves;
        std::int64_t from_ms = 0;
    };
    std::map<std::string, Item> items;
    if (!run.covers(run.now_ms())) return;
    for (const paper::Test& test : run.papers().tests) {
        if (test.at_ms > run.now_ms() || test.at_ms < run.now_ms() - run.days_ms("window_days")) continue;
        for (const paper::TestItem& item : test.items) {
            if (!item.value_milli || !run.lists("items", item.item)) continue;
            Item& known = items[item.item];
            if (known.points.empty()) known.from_ms = test.at_ms;
            known.points.push_back({real(test.at_ms - run.now_ms()) / real(ms_per_day), real(*item.value_milli)});
            known.last = &item;
            known.leaves.add(test.leaf);
        }
    }
    for (const auto& [name, item] : items) {
        if (item.points.size() < static_cast<std::size_t>(run.number("points_least")) || !item.last->pass) continue;
        const auto line = fit(item.points);
        if (!line || line->day == 0) continue;
        const auto limit = line->day > 0 ? item.last->limit_high_milli : item.last->limit_low_milli;
        if (!limit) continue;
        const double days_left = (real(*limit) - line->value) / line->day;
        if (days_left > real(run.number("days_left")) - 1e-6) {  // a fit is not exact
            if (days_left < 3'660)
                run.due_at(run.now_ms() +
                           static_cast<std::int64_t>((days_left - real(run.number("days_left"))) * real(ms_per_day)) +
                           1);
            continue;
        }
        warn(run,
             run.found(name, item.from_ms, forever_ms, fmt::format("{:.0f} d to the limit", std::max(days_left, 0.0)),
                       fmt::format("{} d", run.number("days_left"))),
             item.leaves);
    }
}

// W06. Takes the climate and the load (exposure time of the hour and the one before). What load explains is taken out
// by a straight line over the days before the last `windows` that have readings; of those, `alarms` daily means more
// than `z` deviations above it are a warning. Fewer than `days_least` days before them: not judged.
void temperature(Run& run) {
    const auto windows = static_cast<std::size_t>(run.number("windows"));
    struct Reading {
        const char* name;
        std::optional<std::int64_t> Climate::*value;
    };
    for (const auto& [what, member] : {Reading{"oil_mc", &Climate::oil_mc}, Reading{"anode_mc", &Climate::anode_mc}}) {
        std::map<std::int64_t, std::pair<Point, double>> days;  // day -> (sum of load, sum of value), readings
        for (const Climate& climate : run.device().climate) {
            const auto value = climate.*member;
            if (!value || climate.at_ms < run.now_ms() - run.days_ms("window_days")) continue;
            const auto& hours = run.device().hours;
            auto hour = std::ranges::lower_bound(hours, hour_of(climate.at_ms) - ms_per_hour, {}, &UseHour::hour_ms);
            double load = 0;
            for (; hour != hours.end() && hour->hour_ms <= climate.at_ms; ++hour) load += real(hour->exposure_ms);
            auto& [sums, readings] = days[day_of(climate.at_ms)];
            sums.day += load;
            sums.value += real(*value);
            ++readings;
        }
        std::vector<Point> points;
        for (const auto& [day, entry] : days)
            points.push_back({entry.first.day / entry.second, entry.first.value / entry.second});
        if (points.size() < windows + static_cast<std::size_t>(run.number("days_least"))) continue;
        const std::vector<Point> history{points.begin(), points.end() - static_cast<std::ptrdiff_t>(windows)};
        double mean = 0, square = 0;
        for (const Point& p : history) mean += p.value / static_cast<double>(history.size());
        const Point line = fit(history).value_or(Point{0, mean});
        const auto rest = [&](const Point& p) { return p.value - line.day * p.day - line.value; };
        for (const Point& p : history) square += rest(p) * rest(p) / static_cast<double>(history.size());
        const double sigma = std::max(std::sqrt(square), 1.0);
        std::int64_t alarms = 0;
        double highest = 0;
        for (std::size_t i = points.size() - windows; i < points.size(); ++i) {
            const double z = rest(points[i]) / sigma;
            alarms += z > real(run.number("z")) ? 1 : 0;
            highest = std::max(highest, z);
        }
        if (alarms < run.number("alarms") || !run.covers(run.now_ms())) continue;
        const auto last_days = std::prev(days.end(), static_cast<std::ptrdiff_t>(windows));
        warn(run, run.found(what, last_days->first, days.rbegin()->first + ms_per_day, fmt::format("z {:.1f}", highest),
                            fmt::format("z {}", run.number("z"))));
    }
}

const std::vector<RuleFunction> functions = {
    {"tube_wear", {days("days_left"), number("used_permille", 1, 1'000), number("memory_days", 1, 366)}, tube_wear},
    {"arc_rate", {days("baseline_days"), number("ratio_permille", 1'001, 100'000), number("h", 1, 1'000)}, arc_rate},
    {"fault_trend",
     {days("window_days"), number("faults_least", 2, 1'000), number("laplace_milli", 1, 10'000)},
     fault_trend},
    {"dose_drift",
     {number("shift_permille", 1, 1'000), number("exams_least", 2, 10'000), number("h_sigmas", 1, 1'000),
      number("z", 1, 100)},
     dose_drift},
    {"qc_drift", {texts("items"), days("window_days"), days("days_left"), number("points_least", 2, 1'000)}, qc_drift},
    {"temperature",
     {days("window_days"), number("days_least", 2, 1'000), number("windows", 1, 100), number("alarms", 1, 100),
      number("z", 1, 100)},
     temperature},
};

}  // namespace

std::span<const RuleFunction> warning_functions() { return functions; }

}  // namespace gantry::rules
