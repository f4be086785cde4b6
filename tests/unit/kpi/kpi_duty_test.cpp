#include "tests/unit/kpi/kpi_case.hpp"

using namespace gantry;
using namespace gantry::kpi::test;

namespace {

// Every 30 days with 3 days of grace, due on day 0.
paper::Schedule& plan(Case& c, std::string work = "pm") {
    paper::Schedule plan;
    plan.id = "s" + std::to_string(c.c.papers.schedules.size() + 1);
    plan.work = std::move(work);
    plan.every_days = 30;
    plan.grace_days = 3;
    plan.from_ms = at(-30);
    c.c.papers.schedules.push_back(plan);
    return c.c.papers.schedules.back();
}

}  // namespace

TEST_CASE("kpi: maintenance in time") {
    const Row rows[] = {
        {"done within the grace",
         [](Case& c) {
             plan(c);
             c.order(at(2), at(3));
         },
         "pm_compliance", "", "100.000 = 1.000/1.000 @1000"},
        {"done a minute after it",
         [](Case& c) {
             plan(c);
             c.order(at(2), at(3, 0, 1));
         },
         "pm_compliance", "", "0.000 = 0.000/1.000 @1000"},
        {"never done", [](Case& c) { plan(c); }, "pm_compliance", "", "0.000 = 0.000/1.000 @1000"},
        {"the grace is not over",
         [](Case& c) {
             plan(c);
             c.now(at(2));
         },
         "pm_compliance", "", "nothing_counted @1000"},
        {"nothing due in the period", [](Case& c) { plan(c).from_ms = at(-5); }, "pm_compliance", "",
         "nothing_counted @1000"},
        {"no schedule on file: unknown, not none", [](Case& c) { c.order(at(2), at(3)); }, "pm_compliance", "",
         "not_on_file @1000"},
        {"due while the device stands idle",
         [](Case& c) {
             plan(c);
             c.spell(at(-1), at(5), State::idle);
         },
         "pm_compliance", "", "nothing_counted @1000"},
        {"not resolved is not done",
         [](Case& c) {
             plan(c);
             c.order(at(1), at(2)).outcome = "not_resolved";
         },
         "pm_compliance", "", "0.000 = 0.000/1.000 @1000"},
        {"two of three that came due every four days",
         [](Case& c) {
             auto& often = plan(c);
             often.every_days = 4;
             often.grace_days = 0;
             often.from_ms = at(-4);
             c.order(at(-1), at(0));  // day 0 in time; then day 4 late by a day, so day 9 is next
             c.order(at(4), at(5));
             c.order(at(8), at(9));
         },
         "pm_compliance", "", "66.667 = 2.000/3.000 @1000"},
        {"by exams: due when the hundredth ends its hour",
         [](Case& c) {
             auto& counted = plan(c);
             counted.every_days.reset();
             counted.every_exams = 100;
             counted.from_ms = at(0);
             c.patients(at(1, 9), 60);
             c.patients(at(1, 10), 60);
             c.order(at(3), at(3, 4));
         },
         "pm_compliance", "", "100.000 = 1.000/1.000 @1000"},
    };
    check(rows);
}

TEST_CASE("kpi: tests in time") {
    const Row rows[] = {
        {"the yearly test before its day",
         [](Case& c) {
             c.test(at(-360));
             c.test(at(4));
         },
         "qc_compliance", "status_test", "100.000 = 1.000/1.000 @1000"},
        {"a failed test is none",
         [](Case& c) {
             c.test(at(-360));
             c.test(at(4), paper::TestKind::status, false);
         },
         "qc_compliance", "status_test", "0.000 = 0.000/1.000 @1000"},
        {"no test on file", [](Case&) {}, "qc_compliance", "status_test", "not_on_file @1000"},
        {"all kinds together",
         [](Case& c) {
             c.test(at(-360));
             c.test(at(4));
             c.test(at(-362), paper::TestKind::site_protection);
         },
         "qc_compliance", "", "50.000 = 1.000/2.000 @1000"},
        {"nothing on file at all", [](Case&) {}, "qc_compliance", "", "not_on_file @1000"},
        {"a constancy item by schedule",
         [](Case& c) {
             plan(c, "constancy").item = "noise";
             c.test(at(1), paper::TestKind::constancy).items = {{"noise", 1, {}, {}, true, true}};
         },
         "qc_compliance", "constancy", "100.000 = 1.000/1.000 @1000"},
        {"a constancy test of another item",
         [](Case& c) {
             plan(c, "constancy").item = "noise";
             c.test(at(1), paper::TestKind::constancy).items = {{"water_hu", 1, {}, {}, true, true}};
         },
         "qc_compliance", "constancy", "0.000 = 0.000/1.000 @1000"},
    };
    check(rows);
}
