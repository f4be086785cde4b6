#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "server/domain/hour_cell.hpp"
#include "server/domain/rules/run.hpp"

// V11, V15 to V20: use that contradicts what is declared. V10, V12, V13 and V14 are found leaf by leaf in the fold.
namespace gantry::rules {
namespace {

// V10, V12, V13, V14. Which state forbids which use is in config/lifecycle, and the fold finds it as each record comes
// (FindingCandidate). The pack holds their texts and basis; here is nothing left to find.
void found_by_state(Run&) {}

struct Replaced {
    std::int64_t at_ms = 0;
    std::string part;
    std::uint64_t leaf = 0;
};

std::vector<Replaced> major_parts(const Run& run) {
    std::vector<Replaced> out;
    for (const Signal& signal : run.signals("part.replaced")) {
        if (signal.flag("major").value_or(false)) out.push_back({signal.at_ms, signal.text("part"), signal.leaf});
    }
    for (const Declared& d : run.device().declared) {
        const std::string* part = text_of(d, "part");
        if (d.event == "part.replaced" && flag_of(d, "major").value_or(false))
            out.push_back({d.at_ms, part ? *part : "", d.leaf});
    }
    for (const paper::WorkOrder& order : run.papers().work_orders) {
        for (const paper::PartUsed& used : order.parts) {
            if (used.major && order.ended_ms) out.push_back({*order.ended_ms, used.part, order.leaf});
        }
    }
    std::ranges::sort(out, {}, &Replaced::at_ms);
    return out;
}

struct Passed {
    std::int64_t at_ms = 0;
    const std::vector<std::string>* covers = nullptr;  // null or empty: all parts
};

// Passed tests by time. A declared qc.passed beside a report of the same day covers what the report says.
std::vector<Passed> passed_tests(const Run& run) {
    std::vector<Passed> out;
    std::vector<std::int64_t> days_with_report;
    for (const paper::Test& test : run.papers().tests) {
        if (test.kind != paper::TestKind::status && test.kind != paper::TestKind::acceptance) continue;
        days_with_report.push_back(day_of(test.at_ms));
        if (test.passed) out.push_back({test.at_ms, &test.covers});
    }
    std::ranges::sort(days_with_report);
    for (const Declared& d : run.device().declared) {
        if (d.event != "qc.passed" && d.event != "acceptance.passed") continue;
        if (!std::ranges::binary_search(days_with_report, day_of(d.at_ms))) out.push_back({d.at_ms, nullptr});
    }
    std::ranges::sort(out, {}, &Passed::at_ms);
    return out;
}

// V11. Takes part.replaced (seen, declared, or in an ended work order) of a major part, passed status and acceptance
// tests with the parts they cover, and patient hours. A test that names no parts covers all; a part that is not named
// is covered by such a test only. A test at the very moment of the replacement counts.
void use_after_repair(Run& run) {
    const auto tests = passed_tests(run);
    for (const Replaced& replaced : major_parts(run)) {
        if (!run.covers(replaced.at_ms)) continue;
        std::int64_t until = run.now_ms() + 1;
        auto test = std::ranges::lower_bound(tests, replaced.at_ms, {}, &Passed::at_ms);
        for (; test != tests.end(); ++test) {
            const bool all = !test->covers || test->covers->empty();
            if (!all && std::ranges::find(*test->covers, replaced.part) == test->covers->end()) continue;
            until = test->at_ms;
            break;
        }
        run.report_use({replaced.at_ms, until}, fmt::format("{}@{}", replaced.part, iso_day(replaced.at_ms)),
                       run.rule().severity, "test that covers " + (replaced.part.empty() ? "all" : replaced.part));
    }
}

// V15. Takes the register time, the first sight (hours, moments, last_seen), the sheet's serial and `identity` moments.
// No register entry at all for longer than `after_hours`, or a serial shown for that long that is not the registered
// one. A serial that is not told, or not registered, is unknown.
void unregistered_device(Run& run) {
    const DeviceCase& device = run.device();
    const std::int64_t allowed = run.number("after_hours") * ms_per_hour;
    const auto report = [&](std::string key, std::int64_t from, std::int64_t to, std::uint64_t leaf, std::string got,
                            std::string want) {
        run.due_at(from + allowed + 1);
        if (std::min(to, run.now_ms()) - from <= allowed || !run.covers(from)) return;
        Found found = run.found(std::move(key), from, to, std::move(got), std::move(want));
        if (leaf != 0) found.leaves = {leaf};
        run.add(std::move(found));
    };
    if (device.registered_ms == 0) {
        std::int64_t first = device.last_seen_ms > 0 ? device.last_seen_ms : forever_ms;
        if (!device.hours.empty()) first = std::min(first, device.hours.front().hour_ms);
        if (!device.moments.empty()) first = std::min(first, device.moments.front().at_ms);
        if (first != forever_ms) report("register", first, forever_ms, 0, "not registered", "registered");
        return;
    }
    const std::string& registered = run.papers().sheet.serial;
    if (registered.empty()) return;
    const Signal* other = nullptr;
    for (const Signal& signal : run.signals("identity")) {
        const std::string serial = signal.text("serial");
        if (serial.empty() || (other && serial == other->text("serial"))) continue;
        if (other)
            report("serial:" + other->text("serial"), other->at_ms, signal.at_ms, other->leaf,
                   "serial " + other->text("serial"), "serial " + registered);
        other = serial == registered ? nullptr : &signal;
    }
    if (other)
        report("serial:" + other->text("serial"), other->at_ms, forever_ms, other->leaf,
               "serial " + other->text("serial"), "serial " + registered);
}

// V16. Takes stop_use recalls that match the device, their answers, and patient hours. Matched by a person, or by
// maker, model and serial of the sheet; what the sheet does not tell does not match. The class gives the days in which
// the notice must have reached the user. Open until it is closed.
void use_under_recall(Run& run) {
    for (const paper::Recall& recall : run.papers().recalls) {
        if (recall.action != paper::RecallAction::stop_use || !matches(recall, run.device())) continue;
        const auto in_days = run.table("reach_days").find(std::to_string(recall.recall_class));
        if (in_days == run.table("reach_days").end()) continue;
        const std::int64_t from = add_days(recall.notice_ms, in_days->second);
        if (!run.covers(from)) continue;
        const std::int64_t until = recall_closed_ms(run.device(), recall).value_or(run.now_ms() + 1);
        run.report_use({from, std::min(until, run.now_ms() + 1)}, "recall:" + recall.id, run.rule().severity,
                       fmt::format("no use from {} d after the notice", in_days->second));
    }
}

// V17. Takes manufacture, labelled life and assessed extension of the sheet, and states. Unknown manufacture or life:
// not judged. Runs while the device is held for use; on the last moment of its life it is within.
void beyond_service_life(Run& run) {
    const paper::DeviceSheet& sheet = run.papers().sheet;
    if (!sheet.manufactured_ms || !sheet.labelled_life_days) return;
    const std::int64_t labelled = add_days(*sheet.manufactured_ms, *sheet.labelled_life_days);
    const std::int64_t end = std::max(labelled, sheet.life_extended_to_ms.value_or(labelled));
    run.due_at(end + 1);
    const Spans held = clipped(
        spans_in(run.device(), {State::in_use, State::pm, State::fault, State::retest, State::ready, State::suspended}),
        {std::max(end, run.rule().from_ms), run.rule().to_ms});
    if (held.empty() || held.front().from_ms >= run.now_ms()) return;
    const std::int64_t until = std::min(held.back().to_ms, run.now_ms());
    run.add(run.found("life", held.front().from_ms, held.back().to_ms, days_text(until - *sheet.manufactured_ms),
                      days_text(end - *sheet.manufactured_ms)));
}

// V18. Takes fault.reported of severity partial with `allowed`, a list of protocol groups separated by commas, until
// repair.completed, qc.passed or another report, and single patient exposures of that time. Without the list, or for an
// exposure without protocol group, nothing is judged.
void restricted_protocol(Run& run) {
    const auto judge_span = [&](const Declared& from, std::int64_t until) {
        const std::string* allowed = text_of(from, "allowed");
        if (!allowed || !run.covers(from.at_ms)) return;
        const std::string list = "," + *allowed + ",";
        run.want_hours({from.at_ms, until});
        std::int64_t count = 0, first = 0, last = 0;
        Leaves leaves;
        std::string seen;
        const auto& uses = run.device().uses;
        auto use = std::ranges::lower_bound(uses, from.at_ms, {}, &UseEvent::at_ms);
        for (; use != uses.end() && use->at_ms < until; ++use) {
            if (!use->patient || use->proto_group.empty() ||
                list.find(fmt::format(",{},", use->proto_group)) != std::string::npos)
                continue;
            if (count++ == 0) first = use->at_ms;
            last = use->at_ms;
            seen = use->proto_group;
            leaves.add(use->leaf);
        }
        if (count == 0) return;
        Found found = run.found("from:" + iso_day(from.at_ms), first, last, seen, *allowed);
        found.suspected = true;
        found.count = static_cast<std::uint64_t>(count);
        found.leaves = leaves.take();
        run.add(std::move(found));
    };
    const Declared* open = nullptr;
    for (const Declared& d : run.device().declared) {
        const bool ends = d.event == "fault.reported" || d.event == "repair.completed" || d.event == "qc.passed";
        if (!ends) continue;
        if (open) judge_span(*open, d.at_ms);
        const std::string* severity = text_of(d, "severity");
        open = d.event == "fault.reported" && severity && *severity == "partial" ? &d : nullptr;
    }
    if (open) judge_span(*open, run.now_ms() + 1);
}

bool serviced(const Run& run, Span span) {
    bool open = false;
    for (const Signal& signal : run.signals("service.session")) {
        if (signal.at_ms >= span.to_ms) break;
        open = signal.text("phase") == "start";
        if (signal.at_ms >= span.from_ms) return true;
    }
    return open;
}

// Whether the clock was stepped in the span, or so near it that times within it may have been shifted.
bool clock_stepped(const Run& run, Span span) {
    return std::ranges::any_of(run.signals("clock"), [&](const Signal& signal) {
        const std::int64_t step = std::abs(signal.number("step_ms").value_or(0));
        return step > ms_per_minute && span.from_ms - step <= signal.at_ms && signal.at_ms < span.to_ms + step;
    });
}

// V19. Takes `counter` moments of one tube, at least a day apart, use hours and service sessions. Every hour that
// touches the stretch counts in full for the device, so that only more than that is dark. An exposure of unknown
// duration, a new tube serial, a counter that fell, a service session, or a clock that was stepped, so that times do
// not compare: not judged.
void dark_scans(Run& run) {
    run.known_from(run.device().frequent_from_ms);
    std::map<std::string, const Signal*> before;
    for (const Signal& now : run.signals("counter")) {
        const auto shown = now.number("scan_ms");
        if (!shown) continue;
        const Signal*& last = before[now.text("tube_id")];
        if (!last) last = &now;
        if (now.at_ms - last->at_ms < ms_per_day) continue;
        const Signal& from = *std::exchange(last, &now);
        const std::int64_t grown = *shown - *from.number("scan_ms");
        if (from.text("tube_serial") != now.text("tube_serial") || grown <= 0 || !run.covers(now.at_ms)) continue;
        std::int64_t told = 0;
        bool known = true;
        const auto& hours = run.device().hours;
        auto hour = std::ranges::lower_bound(hours, hour_of(from.at_ms), {}, &UseHour::hour_ms);
        for (; hour != hours.end() && hour->hour_ms <= now.at_ms; ++hour) {
            told += hour->exposure_ms;
            known = known && hour->unknown_duration == 0;
        }
        const std::int64_t tolerance =
            std::max(told * run.number("tolerance_permille") / 1'000, run.number("tolerance_s") * 1'000);
        if (!known || grown - told <= tolerance || serviced(run, {from.at_ms, now.at_ms + 1}) ||
            clock_stepped(run, {from.at_ms, now.at_ms + 1}))
            continue;
        Found found =
            run.found(fmt::format("{}@{}", now.text("tube_id"), iso_day(now.at_ms)), from.at_ms, now.at_ms,
                      fmt::format("{} s not told", (grown - told) / 1'000), fmt::format("{} s", tolerance / 1'000));
        found.suspected = true;
        found.leaves = {from.leaf, now.leaf};
        run.add(std::move(found));
    }
}

// Whether local time is within opening hours of the time; nullopt when none are declared.
std::optional<bool> open_at(const Run& run, std::int64_t at_ms) {
    std::optional<bool> open;
    const std::int64_t local = local_ms(run.device(), at_ms);
    const std::int64_t minute = (local - day_of(local)) / ms_per_minute;
    for (const paper::OpeningHours& hours : run.papers().hours) {
        if (at_ms < hours.from_ms || at_ms >= hours.to_ms) continue;
        const bool fits =
            hours.from_minute <= minute && minute < hours.to_minute && (hours.weekdays >> weekday_of(local) & 1) != 0;
        open = open.value_or(false) || fits;
    }
    return open;
}

// V20. Takes hours, opening hours and local time; without one of them nothing is judged. An hour counts as closed when
// both its ends are. Compared with the same hour of the week in the last eight weeks that were watched: above their
// mean by more than `sigmas` deviations, which are at least the root of the mean and at least one exposure. Whether it
// was an emergency is not known, so it stays suspected.
void out_of_hours(Run& run) {
    struct Profile {
        std::array<double, 8> values{};
        std::size_t count = 0;
    };
    std::array<Profile, 168> profiles{};
    for (const UseHour& hour : run.device().hours) {
        if (!local_known(run.device(), hour.hour_ms)) continue;
        const std::int64_t local = local_ms(run.device(), hour.hour_ms);
        const auto slot = static_cast<std::size_t>(weekday_of(local) * 24 + (local - day_of(local)) / ms_per_hour);
        Profile& profile = profiles[slot];
        const auto value = static_cast<double>(hour.patient_exposures);
        const bool full = profile.count >= profile.values.size();
        const bool closed = open_at(run, hour.hour_ms) == std::optional{false} &&
                            open_at(run, hour.hour_ms + ms_per_hour - 1) == std::optional{false};
        if (full && closed && run.covers(hour.hour_ms) && hour.patient_exposures > 0) {
            double mean = 0, square = 0;
            for (const double v : profile.values) mean += v / 8;
            for (const double v : profile.values) square += (v - mean) * (v - mean) / 8;
            const double sigma = std::max({std::sqrt(square), std::sqrt(mean), 1.0});
            const double most = mean + static_cast<double>(run.number("sigmas")) * sigma;
            if (value > most) {
                Found found = run.found(fmt::format("hour:{}", hour.hour_ms), hour.hour_ms, hour.hour_ms + ms_per_hour,
                                        fmt::format("{} exposures", hour.patient_exposures),
                                        fmt::format("{:.1f} exposures", most));
                found.suspected = true;
                found.count = static_cast<std::uint64_t>(hour.patient_exposures);
                if (hour.last_leaf != 0) found.leaves = {hour.first_leaf, hour.last_leaf};
                run.add(std::move(found));
            }
        }
        if (hour.covered_minutes > 0) profile.values[profile.count++ % profile.values.size()] = value;
    }
}

const std::vector<RuleFunction> functions = {
    {"found_by_state", {}, found_by_state},
    {"use_after_repair", {}, use_after_repair},
    {"unregistered_device", {number("after_hours", 0, 8'760)}, unregistered_device},
    {"use_under_recall", {table("reach_days", 0, 366)}, use_under_recall},
    {"beyond_service_life", {}, beyond_service_life},
    {"restricted_protocol", {}, restricted_protocol},
    {"dark_scans", {number("tolerance_permille", 0, 1'000), number("tolerance_s", 0, 86'400)}, dark_scans},
    {"out_of_hours", {number("sigmas", 1, 100)}, out_of_hours},
};

}  // namespace

std::span<const RuleFunction> use_functions() { return functions; }

}  // namespace gantry::rules
