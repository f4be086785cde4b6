#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "server/domain/hour_cell.hpp"
#include "server/domain/rules/run.hpp"

// V26 to V29: whether maintenance and tests are what their papers say.
namespace gantry::rules {
namespace {

using paper::Test;
using paper::TestKind;

struct Visit {
    std::string id;
    Span span;
    std::uint64_t leaf = 0;
};

// Maintenance that is said to be done: preventive work orders with both ends, and PM states that ended.
std::vector<Visit> visits(const Run& run) {
    std::vector<Visit> out;
    for (const paper::WorkOrder& order : run.papers().work_orders) {
        if (order.kind == "preventive" && order.started_ms && order.ended_ms)
            out.push_back({order.id, {*order.started_ms, *order.ended_ms}, order.leaf});
    }
    for (const StateSpan& span : run.device().states) {
        if (span.state != State::pm || span.to_ms == forever_ms) continue;
        const bool told = std::ranges::any_of(
            out, [&](const Visit& v) { return v.span.from_ms < span.to_ms && span.from_ms < v.span.to_ms; });
        if (!told) out.push_back({"pm@" + iso_day(span.from_ms), {span.from_ms, span.to_ms}, span.leaf});
    }
    return out;
}

// When a service session was open, from service.session and the audit's start (remote and local). An audit record has
// no end: it stands for its moment.
Spans sessions(const Run& run) {
    Spans out;
    for (const Signal& signal : run.signals("service.session")) {
        if (signal.text("phase") == "start") {
            out.push_back({signal.at_ms, run.now_ms() + 1});
        } else if (!out.empty() && out.back().to_ms > signal.at_ms) {
            out.back().to_ms = signal.at_ms + 1;
        }
    }
    for (const Signal& signal : run.signals("audit")) {
        const auto code = signal.number("code").value_or(0);
        if (code >= 110139 && code <= 110142) out.push_back({signal.at_ms, signal.at_ms + 1});
    }
    return merged(std::move(out));
}

// V26. Takes preventive work orders and PM states with both ends, service sessions, patient hours, and the model's
// normal time (sheet, else the table). Sessions are judged only from the first one that was ever seen: a device that
// tells of none is unknown. A visit of exactly half the normal time is long enough.
void paper_maintenance(Run& run) {
    const Spans open = sessions(run);
    std::optional<std::int64_t> normal = run.papers().sheet.pm_normal_ms;
    const Table& table = run.table("normal_minutes");
    if (const auto usual = table.find(modality_of(run.device())); !normal && usual != table.end())
        normal = usual->second * ms_per_minute;
    for (const Visit& visit : visits(run)) {
        if (!run.covers(visit.span.from_ms)) continue;
        const auto report = [&](const char* what, std::string got, std::string want) {
            Found found = run.found(fmt::format("{}:{}", what, visit.id), visit.span.from_ms, visit.span.to_ms,
                                    std::move(got), std::move(want));
            found.suspected = true;
            if (visit.leaf != 0) found.leaves = {visit.leaf};
            run.add(std::move(found));
        };
        if (!open.empty() && open.front().from_ms <= visit.span.from_ms && clipped(open, visit.span).empty())
            report("session", "no service session", "a service session");
        run.report_use(visit.span, "patients:" + visit.id, run.rule().severity, "no patients");
        const std::int64_t length = visit.span.to_ms - visit.span.from_ms;
        const std::int64_t least = normal ? *normal * run.number("least_permille") / 1'000 : 0;
        if (length < least)
            report("short", fmt::format("{} min", length / ms_per_minute),
                   fmt::format("{} min", least / ms_per_minute));
    }
}

// Exposures that were not of patients in these hours; nullopt when the hours were not watched.
std::optional<std::int64_t> test_exposures(const Run& run, Span span, std::int64_t covered_least_minutes) {
    std::int64_t exposures = 0, covered = 0;
    const auto& hours = run.device().hours;
    auto hour = std::ranges::lower_bound(hours, hour_of(span.from_ms), {}, &UseHour::hour_ms);
    for (; hour != hours.end() && hour->hour_ms < span.to_ms; ++hour) {
        exposures += hour->exposures - hour->patient_exposures;
        covered += hour->covered_minutes;
    }
    return covered >= covered_least_minutes ? std::optional{exposures} : std::nullopt;
}

// V27. Takes passed tests with beam (not site_protection), hours of D-1 to D+1 in UTC days, and what the fleet knows:
// same_report and inspector_day_tests. Days with less than `covered_least_minutes` of watching are unknown, and so is
// a day that has not passed. Exposures of unknown purpose count as patients'; so the finding is suspected. Exactly the
// number of tests allowed a day is allowed.
void paper_test(Run& run) {
    for (const Test& test : run.papers().tests) {
        if (!run.covers(test.at_ms)) continue;
        const auto report = [&](const char* what, std::string got, std::string want) {
            Found found =
                run.found(fmt::format("{}:{}", what, test.id), test.at_ms, test.at_ms, std::move(got), std::move(want));
            found.suspected = true;
            if (test.leaf != 0) found.leaves = {test.leaf};
            run.add(std::move(found));
        };
        const Span around{day_of(test.at_ms) - ms_per_day, day_of(test.at_ms) + 2 * ms_per_day};
        const bool beam = test.passed && test.kind != TestKind::site_protection && ionising(run.device());
        if (beam) run.due_at(around.to_ms);
        if (beam && around.to_ms <= run.now_ms() &&
            test_exposures(run, around, run.number("covered_least_minutes")) == std::optional<std::int64_t>{0})
            report("exposures", "0 test exposures", "test exposures within 1 d");
        if (const auto same = run.device().same_report.find(test.report_sha256);
            !test.report_sha256.empty() && same != run.device().same_report.end() && !same->second.empty())
            report("report", "the same report for " + same->second.front(), "a report of its own");
        const auto many = run.device().inspector_day_tests.find(test.inspector + "@" + iso_day(test.at_ms));
        if (!test.inspector.empty() && many != run.device().inspector_day_tests.end() &&
            many->second > run.number("inspector_day_max"))
            report("inspector", fmt::format("{} tests a day", many->second),
                   fmt::format("{} tests a day", run.number("inspector_day_max")));
    }
}

// Whether a certificate of the subject was in force; nullopt when none of it is on file at all.
std::optional<bool> certified(const Run& run, std::string_view subject, std::string_view kind, std::int64_t at_ms,
                              std::int64_t age_max_ms) {
    std::optional<bool> out;
    for (const paper::Certificate& certificate : run.papers().certificates) {
        if (certificate.subject != subject || certificate.kind != kind) continue;
        const bool fresh = at_ms - certificate.from_ms <= age_max_ms;
        out = out.value_or(false) || (certificate.in_force(at_ms) && fresh);
    }
    return out;
}

// V28. Takes tests by a body (not constancy, which is the hospital's own), its accreditation, and the calibration of
// the instruments. A body or instrument that is not named, or of which no certificate is on file at all, is unknown.
// A calibration of exactly the longest age holds.
void tester_not_accredited(Run& run) {
    for (const Test& test : run.papers().tests) {
        if (test.kind == TestKind::constancy || !run.covers(test.at_ms)) continue;
        const auto report = [&](const std::string& who, std::string got) {
            Found found = run.found(fmt::format("{}:{}", test.id, who), test.at_ms, test.at_ms, std::move(got),
                                    "in force on " + iso_day(test.at_ms));
            found.leaves = {test.leaf};
            run.add(std::move(found));
        };
        if (certified(run, test.body, "accreditation", test.at_ms, forever_ms) == std::optional{false})
            report(test.body, "accreditation of " + test.body + " not in force");
        for (const std::string& instrument : test.instruments) {
            if (certified(run, instrument, "calibration", test.at_ms, run.days_ms("calibration_days")) ==
                std::optional{false})
                report(instrument, "calibration of " + instrument + " not in force");
        }
    }
}

// V29. Takes pairs of items of one test, displayed and measured dose, as the table names them. A value that is missing
// or a measured one of zero is unknown. Exactly the tolerance is right.
void displayed_dose_wrong(Run& run) {
    for (const Test& test : run.papers().tests) {
        if (!run.covers(test.at_ms)) continue;
        const auto value = [&](std::string_view item) -> std::optional<std::int64_t> {
            const auto found = std::ranges::find(test.items, item, &paper::TestItem::item);
            return found == test.items.end() ? std::nullopt : found->value_milli;
        };
        for (const auto& [displayed_item, measured_item] : run.words("measured_by_displayed")) {
            const auto displayed = value(displayed_item);
            const auto measured = value(measured_item);
            if (!displayed || !measured || *measured <= 0) continue;
            const double off = std::abs(static_cast<double>(*displayed - *measured)) * 1'000;
            const auto most = static_cast<double>(run.number("tolerance_permille"));
            if (off <= most * static_cast<double>(*measured)) continue;
            Found found = run.found(fmt::format("{}:{}", test.id, displayed_item), test.at_ms, test.at_ms,
                                    fmt::format("{:.1f} % off", off / static_cast<double>(*measured) / 10),
                                    fmt::format("{:.1f} %", most / 10));
            found.leaves = {test.leaf};
            run.add(std::move(found));
        }
    }
}

const std::vector<RuleFunction> functions = {
    {"paper_maintenance", {table("normal_minutes", 1, 10'080), number("least_permille", 0, 1'000)}, paper_maintenance},
    {"paper_test", {number("covered_least_minutes", 1, 4'320), number("inspector_day_max", 1, 1'000)}, paper_test},
    {"tester_not_accredited", {days("calibration_days")}, tester_not_accredited},
    {"displayed_dose_wrong",
     {words("measured_by_displayed"), number("tolerance_permille", 0, 1'000)},
     displayed_dose_wrong},
};

}  // namespace

std::span<const RuleFunction> proof_functions() { return functions; }

}  // namespace gantry::rules
