#include "server/domain/kpi/basis.hpp"
#include "tests/unit/kpi/kpi_case.hpp"

using namespace gantry;
using namespace gantry::kpi::test;

TEST_CASE("kpi: completeness, silence and detection") {
    const auto records = [](Case& c) {
        c.c.fold.records = 980;
        c.c.fold.missing_records = 10;
        c.c.gaps = {{at(1), 1, 10, false, {}}, {at(2), 2, 7, false, at(3)}, {at(2), 3, 5, true, {}}};
    };
    const auto alerts = [](Case& c) {
        for (std::int64_t i = 1; i <= 20; ++i)
            c.c.alerts.push_back({"V13", std::to_string(i), at(i % 9), at(i % 9) + i * minute});
    };
    const Row rows[] = {
        {"open gaps and what was told lost", records, "data_completeness", "", "98.000 = 980.000/1000.000 @1000"},
        {"nothing ever received", [](Case&) {}, "data_completeness", "", "no_data @0"},
        {"half of the time in service", [](Case& c) { c.watch(at(0), at(5)); }, "silent_share", "",
         "50.000 = 120.000/240.000 @1000"},
        {"never watched", [](Case&) {}, "silent_share", "", "100.000 = 240.000/240.000 @1000"},
        {"never in service", [](Case& c) { c.c.states.clear(); }, "silent_share", "", "not_in_service @1000"},
        {"middle of twenty", alerts, "detection_delay_p50", "", "10.000 = -/20.000 @1000"},
        {"nineteenth of twenty", alerts, "detection_delay_p95", "", "19.000 = -/20.000 @1000"},
        {"no finding", [](Case&) {}, "detection_delay_p50", "", "nothing_counted @1000"},
        {"a finding from before",
         [](Case& c) {
             c.c.alerts = {{"V1", "", at(-2), at(-1)}};
         },
         "detection_delay_p95", "", "nothing_counted @1000"},
    };
    check(rows);
}

TEST_CASE("kpi: spans") {
    using rules::Spans;
    const Spans a{{0, 10}, {20, 30}}, b{{5, 25}};
    CHECK(kpi::both(a, b) == Spans{{5, 10}, {20, 25}});
    CHECK(kpi::without(a, b) == Spans{{0, 5}, {25, 30}});
    CHECK(kpi::without(b, a) == Spans{{10, 20}});
    CHECK(kpi::either(a, b) == Spans{{0, 30}});
    CHECK(kpi::without(Spans{{0, 100}}, Spans{{10, 20}, {30, 40}}) == Spans{{0, 10}, {20, 30}, {40, 100}});
    CHECK(kpi::both(a, {}).empty());
    CHECK(kpi::total_ms(a) == 20);
}

TEST_CASE("kpi: years of the local calendar") {
    Case c;
    CHECK(kpi::years_of(c.c, {day0 - 365 * day, day0}) == doctest::Approx(1));
    CHECK(kpi::years_of(c.c, {day0 - 730 * day, day0}) == doctest::Approx(1 + 365.0 / 366.0));  // 2024 is longer
    c.c.offsets = {{0, 8 * hour}};
    CHECK(kpi::years_of(c.c, {day0 - 365 * day - 8 * hour, day0 - 8 * hour}) == doctest::Approx(1));
}

TEST_CASE("kpi: an empty period has no figure but says why") {
    Case c;
    c.roster().watch_all();
    for (const kpi::Figure& figure : kpi::figures(c.c, {at(3), at(3)}, {})) {
        CAPTURE(figure.of->id);
        CHECK(figure.why != kpi::Why::known);
        CHECK(!figure.value);
    }
}
