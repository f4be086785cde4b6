#include "tests/unit/kpi/kpi_case.hpp"

using namespace gantry;
using namespace gantry::kpi::test;

namespace {

// Ten hours with 6 exams and 8 exposures of one second each; one exam is given up; the others take ten minutes.
void usual(Case& c) {
    c.roster().watch_all();
    for (std::int64_t d = 0; d < 10; ++d) {
        auto& row = c.patients(at(d, 9), 6);
        row.exposures = 8;
        row.exposure_ms = 8'000;
        row.ends.completed = 5;
        row.ends.timed = 6;
        row.ends.exam_ms = 60 * minute;
        row.ends.discontinued[d < 4 ? 0 : 9] = 1;
    }
    c.c.papers.sheet.capacity_exams_per_day = 15;
    c.c.papers.org = paper::Org{};
    c.c.papers.org->id = "h1";
    c.c.papers.org->open_beds = 20;
}
void half(Case& c) {
    usual(c);
    c.c.watched = {{at(0), at(5)}};
    std::erase_if(c.c.hours, [](const rules::UseHour& row) { return row.hour_ms >= at(5); });
    c.c.used = rules::clipped(c.c.used, {at(0), at(5)});
}
void nothing(Case& c) {
    c.roster();
    c.c.papers.sheet.capacity_exams_per_day = 15;
}

}  // namespace

// 1,800 exams on 240 days of 7 hours; at most 270 days of 8 hours with 15 exams a day.
TEST_CASE("kpi: the handbook's example") {
    constexpr Span year{day0 - 365 * day, day0};
    Case c;
    c.roster(480, 900);
    c.watch(year.from_ms, year.to_ms);
    c.c.papers.sheet.capacity_exams_per_day = 15;
    for (std::int64_t d = 0; d < 240; ++d) c.patients(year.from_ms + d * day + 9 * hour, d % 2 == 0 ? 7 : 8);
    CHECK(text(c.figure("year_time_utilisation", "", year)) == "77.778 = 1680.000/2160.000 @1000");
    CHECK(text(c.figure("year_capacity_utilisation", "", year)) == "44.444 = 1800.000/4050.000 @1000");

    c.c.papers.sheet.openable_days_per_year = 300;
    c.c.papers.sheet.openable_minutes_per_day = 600;
    CHECK(text(c.figure("year_time_utilisation", "", year)) == "56.000 = 1680.000/3000.000 @1000");
    CHECK(c.figure("year_time_utilisation", "", year).basis.empty());
}

TEST_CASE("kpi: use") {
    const Row rows[] = {
        {"exams that were not given up", usual, "exams", "", "50.000 = 50.000/- @1000"},
        {"half watched", half, "exams", "", "25.000 = 25.000/- @500"},
        {"nobody watched: not zero", nothing, "exams", "", "no_data @0"},
        {"watched and idle: zero", [](Case& c) { c.watch_all(); }, "exams", "", "0.000 = 0.000/- @1000"},
        {"exposures", usual, "exposures", "", "80.000 = 80.000/- @1000"},
        {"half watched", half, "exposures", "", "40.000 = 40.000/- @500"},
        {"nobody watched", nothing, "exposures", "", "no_data @0"},
        {"five a day", usual, "exams_per_day", "", "5.000 = 50.000/10.000 @1000"},
        {"days without data are no days", half, "exams_per_day", "", "5.000 = 25.000/5.000 @500"},
        {"nobody watched", nothing, "exams_per_day", "", "no_data @0"},
        {"a day open", usual, "exams_per_open_day", "", "5.000 = 50.000/10.000 @1000"},
        {"a day open, half watched", half, "exams_per_open_day", "", "5.000 = 25.000/5.000 @500"},
        {"nobody watched", nothing, "exams_per_open_day", "", "no_data @0"},
        {"no roster",
         [](Case& c) {
             usual(c);
             c.c.papers.hours.clear();
         },
         "exams_per_open_day", "", "not_on_file @1000"},
        {"exposures an exam", usual, "exposures_per_exam", "", "1.600 = 80.000/50.000 @1000"},
        {"half watched", half, "exposures_per_exam", "", "1.600 = 40.000/25.000 @500"},
        {"nobody watched", nothing, "exposures_per_exam", "", "no_data @0"},
        {"no exam", [](Case& c) { c.watch_all(); }, "exposures_per_exam", "", "nothing_counted @1000"},
        {"ten hours of exams in a hundred", usual, "room_utilisation", "", "10.000 = 10.000/100.000 @1000"},
        {"half watched", half, "room_utilisation", "", "10.000 = 5.000/50.000 @500"},
        {"nobody watched", nothing, "room_utilisation", "", "no_data @0"},
        {"lengths of half of the exams",
         [](Case& c) {
             usual(c);
             for (auto& row : c.c.hours) row.ends.timed = 3;
         },
         "room_utilisation", "", "10.000 = 10.000/100.000 @500"},
        {"no length told",
         [](Case& c) {
             usual(c);
             for (auto& row : c.c.hours) row.ends = {};
         },
         "room_utilisation", "", "not_told @1000"},
        {"80 s in 240 h", usual, "beam_duty", "", "0.009 = 80.000/864000.000 @1000"},
        {"half watched", half, "beam_duty", "", "0.009 = 40.000/432000.000 @500"},
        {"nobody watched", nothing, "beam_duty", "", "no_data @0"},
        {"a quarter of the times unknown",
         [](Case& c) {
             usual(c);
             for (auto& row : c.c.hours) row.unknown_duration = 2;
         },
         "beam_duty", "", "0.009 = 80.000/864000.000 @750"},
        {"no time known",
         [](Case& c) {
             usual(c);
             for (auto& row : c.c.hours) row.unknown_duration = row.exposures;
         },
         "beam_duty", "", "not_told @1000"},
        {"ten of sixty", usual, "abort_rate", "", "16.667 = 10.000/60.000 @1000"},
        {"by equipment failure", usual, "abort_rate", "equipment_failure", "6.667 = 4.000/60.000 @1000"},
        {"by who knows what", usual, "abort_rate", "not_told", "10.000 = 6.000/60.000 @1000"},
        {"half watched", half, "abort_rate", "", "16.667 = 5.000/30.000 @500"},
        {"nobody watched", nothing, "abort_rate", "", "no_data @0"},
        {"exams without an end",
         [](Case& c) {
             c.watch_all();
             c.patients(at(1, 9), 4);
         },
         "abort_rate", "", "not_told @1000"},
        {"fifty on twenty beds", usual, "throughput_per_bed", "", "0.250 = 50.000/200.000 @1000"},
        {"half watched", half, "throughput_per_bed", "", "0.250 = 25.000/100.000 @500"},
        {"nobody watched", nothing, "throughput_per_bed", "", "no_data @0"},
        {"beds not on file",
         [](Case& c) {
             usual(c);
             c.c.papers.org->open_beds.reset();
         },
         "throughput_per_bed", "", "not_on_file @1000"},
        {"nobody watched", nothing, "year_time_utilisation", "", "no_data @0"},
        {"nobody watched", nothing, "year_capacity_utilisation", "", "no_data @0"},
        {"ten of 365 days", usual, "year_capacity_utilisation", "", "45.062 = 50.000/110.959 @1000"},
        {"half watched", half, "year_capacity_utilisation", "", "22.531 = 25.000/110.959 @500"},
        {"hours of the ten days", usual, "year_time_utilisation", "", "168.981 = 100.000/59.178 @1000"},
        {"half watched", half, "year_time_utilisation", "", "84.491 = 50.000/59.178 @500"},
        {"no capacity on file",
         [](Case& c) {
             usual(c);
             c.c.papers.sheet.capacity_exams_per_day.reset();
         },
         "year_capacity_utilisation", "", "not_on_file @1000"},
    };
    check(rows);
}

TEST_CASE("kpi: a device's own opening hours go before its site's") {
    Case c;
    c.roster().watch_all();
    c.roster(540, 600).c.papers.hours.back().device = c.c.device;
    c.c.papers.hours.back().from_ms = at(5);
    CHECK(text(c.figure("covered_hours")) == "55.000 = 55.000/- @1000");  // 5 x 10 h, 5 x 1 h
}
