#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <ostream>
#include <string>

#include "server/domain/kpi/kpi.hpp"
#include "tests/unit/rules/case_builder.hpp"

// A device in use for years at a site in UTC, open from 8 to 18 every day, judged twenty days after day 0. The usual
// period is days 0 to 9.
namespace gantry::kpi::test {

using rules::Span;
using rules::test::day;
using rules::test::day0;
using rules::test::hour;
inline constexpr std::int64_t minute = 60'000;
inline constexpr Span ten_days{day0, day0 + 10 * day};

// Moment of the case: day n, hour h, minute m.
inline constexpr std::int64_t at(std::int64_t d, std::int64_t h = 0, std::int64_t m = 0) {
    return day0 + d * day + h * hour + m * minute;
}

struct Case : rules::test::Builder {
    Case() {
        c.offsets = {{0, 0}};
        state(day0 - 400 * day, State::in_use);
        now(at(20));
    }
    Case& watch(std::int64_t from_ms, std::int64_t to_ms) {
        c.watched.push_back({from_ms, to_ms});
        c.watched = rules::merged(std::move(c.watched));
        return *this;
    }
    Case& watch_all() { return watch(at(0), at(10)); }
    Case& roster(std::int64_t from_minute = 480, std::int64_t to_minute = 1080) {
        paper::OpeningHours hours;
        hours.id = "o" + std::to_string(c.papers.hours.size() + 1);
        hours.site = "s1";
        hours.from_minute = from_minute;
        hours.to_minute = to_minute;
        hours.weekdays = 0x7f;
        c.papers.hours.push_back(hours);
        return *this;
    }
    // The state from then on, and in use again.
    Case& spell(std::int64_t from_ms, std::int64_t to_ms, State other) {
        state(from_ms, other);
        state(to_ms, State::in_use);
        return *this;
    }
    Case& fault(std::string code, std::string severity, std::int64_t from_ms, std::int64_t to_ms) {
        c.faults.push_back({from_ms, to_ms, std::move(code), std::move(severity), ++leaf});
        return *this;
    }
    paper::Contract& contract() {
        paper::Contract contract;
        contract.id = "c" + std::to_string(c.papers.contracts.size() + 1);
        contract.devices = {c.device};
        contract.from_ms = day0 - 100 * day;
        c.papers.contracts.push_back(contract);
        return c.papers.contracts.back();
    }
    paper::WorkOrder& repair(std::int64_t from_ms, std::int64_t to_ms) { return order(from_ms, to_ms, "corrective"); }
    // An hour with `exams` exams of one patient exposure each.
    rules::UseHour& patients(std::int64_t at_ms, std::int64_t exams) {
        c.used.push_back({at_ms - at_ms % hour, at_ms - at_ms % hour + hour});
        c.used = rules::merged(std::move(c.used));
        return use(at_ms, exams);
    }
    paper::Cost& cost(std::string kind, std::int64_t amount) {
        paper::Cost cost;
        cost.id = "k" + std::to_string(c.papers.costs.size() + 1);
        cost.kind = std::move(kind);
        cost.from_ms = at(0);
        cost.to_ms = at(10);
        cost.amount_cny = amount;
        c.papers.costs.push_back(cost);
        return c.papers.costs.back();
    }
    Figure figure(std::string_view id, std::string_view part = {}, Span period = ten_days,
                  const Settings& settings = {}) const {
        for (Figure& found : figures(c, period, settings))
            if (found.of->id == id && found.part == part) return found;
        Figure none;
        none.of = &definition(id);
        none.basis = {"no such part"};
        return none;
    }
};

// "93.000 = 93.000/100.000 @1000", "no_data @0"; what a test compares.
inline std::string text(const Figure& figure) {
    const auto number = [](const std::optional<double>& value) {
        if (!value) return std::string{"-"};
        char out[64];
        std::snprintf(out, sizeof out, "%.3f", *value);
        return std::string{out};
    };
    const std::string coverage = " @" + std::to_string(figure.coverage_permille);
    if (!figure.basis.empty() && figure.basis.front() == "no such part") return "no such part";
    if (!figure.value) return std::string{name(figure.why)} + coverage;
    return number(figure.value) + " = " + number(figure.numerator) + "/" + number(figure.denominator) + coverage;
}

// One case and what a figure of it must be.
struct Row {
    const char* what;
    std::function<void(Case&)> make;
    const char* id;
    const char* part;
    const char* want;
};
template <std::size_t n>
void check(const Row (&rows)[n], Span period = ten_days, const Settings& settings = {}) {
    for (const Row& row : rows) {
        CAPTURE(row.what);
        CAPTURE(row.id);
        Case c;
        row.make(c);
        CHECK(text(c.figure(row.id, row.part, period, settings)) == row.want);
    }
}

}  // namespace gantry::kpi::test
