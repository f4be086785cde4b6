#include "tests/unit/kpi/kpi_case.hpp"

using namespace gantry;
using namespace gantry::kpi::test;

namespace {

// Day 2: five hours of FAULT. Day 3: four hours of a partial fault. Day 4: four hours of maintenance. Day 1: off from
// 22 to 24 o'clock. All watched, roster of ten hours a day.
void usual(Case& c) {
    c.roster().watch_all();
    c.spell(at(2, 8), at(2, 13), State::fault).spell(at(4, 8), at(4, 12), State::pm);
    c.fault("P1", "partial", at(3, 10), at(3, 14));
    c.c.operating = {{at(1, 22), at(2, 0), Operating::off}};
}
void usual_half_watched(Case& c) {
    usual(c);
    c.c.watched = {{at(0), at(5)}};
}
void nothing_watched(Case& c) {
    usual(c);
    c.c.watched.clear();
}
void under_contract(Case& c) {
    usual(c);
    c.contract().partial_factor_permille = 1000;
}

}  // namespace

TEST_CASE("kpi: covered hours and down time") {
    const Row rows[] = {
        {"ten hours on ten days", usual, "covered_hours", "", "100.000 = 100.000/- @1000"},
        {"half of it watched", usual_half_watched, "covered_hours", "", "100.000 = 100.000/- @500"},
        {"a contract all day goes before the roster", under_contract, "covered_hours", "", "240.000 = 240.000/- @1000"},
        {"neither roster nor contract", [](Case& c) { c.watch_all(); }, "covered_hours", "", "not_on_file @1000"},
        {"never in service",
         [](Case& c) {
             c.roster().watch_all();
             c.c.states.clear();
         },
         "covered_hours", "", "not_in_service @1000"},
        {"zone not known",
         [](Case& c) {
             c.roster().watch_all();
             c.c.offsets.clear();
         },
         "covered_hours", "", "local_time_unknown @1000"},
        {"eight hours ahead: the first day's window begins the evening before",
         [](Case& c) {
             c.roster(0, 600).watch_all();
             c.c.offsets = {{0, 8 * hour}};
         },
         "covered_hours", "", "100.000 = 100.000/- @1000"},
        {"the clocks go forward by an hour on day 5 at noon",
         [](Case& c) {
             c.roster(0, 1440).watch_all();
             c.c.offsets = {{0, 0}, {at(5, 12), hour}};
         },
         "covered_hours", "", "240.000 = 240.000/- @1000"},
        {"FAULT 5 h and half of 4 h", usual, "effective_downtime", "", "7.000 = 7.000/- @1000"},
        {"a contract that counts partial faults whole", under_contract, "effective_downtime", "",
         "9.000 = 9.000/- @1000"},
        {"nobody watched", nothing_watched, "effective_downtime", "", "no_data @0"},
        {"half watched", usual_half_watched, "effective_downtime", "", "7.000 = 7.000/- @500"},
    };
    check(rows);
}

TEST_CASE("kpi: uptime by contract") {
    const Row rows[] = {
        {"maintenance is no down time", usual, "uptime", "", "93.000 = 93.000/100.000 @1000"},
        {"nobody watched: not up", nothing_watched, "uptime", "", "no_data @0"},
        {"half watched", usual_half_watched, "uptime", "", "86.000 = 43.000/50.000 @500"},
        {"declared down while nobody watched is known",
         [](Case& c) {
             c.roster().watch(at(0), at(5));
             c.spell(at(7, 8), at(7, 18), State::fault);
         },
         "uptime", "", "83.333 = 50.000/60.000 @600"},
        {"24 h, partial whole", under_contract, "uptime", "", "96.250 = 231.000/240.000 @1000"},
        {"maintenance counts by contract",
         [](Case& c) {
             usual(c);
             c.contract().down_states = {"fault", "retest", "pm"};
         },
         "uptime", "", "95.417 = 229.000/240.000 @1000"},
        {"from the call on",
         [](Case& c) {
             usual(c);
             c.contract().down_from = "call";
             c.repair(at(2, 10), at(2, 13));
         },
         "uptime", "", "98.750 = 237.000/240.000 @1000"},
        {"force majeure is in neither part",
         [](Case& c) {
             usual(c);
             c.contract().exclusions = {{at(2, 8), at(2, 10), "force_majeure"}};
         },
         "uptime", "", "97.899 = 233.000/238.000 @1000"},
        {"a hard fault that the device told and nobody declared",
         [](Case& c) {
             c.roster().watch_all();
             c.fault("H1", "hard", at(1, 8), at(1, 18));
         },
         "uptime", "", "90.000 = 90.000/100.000 @1000"},
        {"a fault told during maintenance is the engineer's",
         [](Case& c) {
             c.roster().watch_all();
             c.spell(at(1, 8), at(1, 18), State::pm);
             c.fault("H1", "hard", at(1, 9), at(1, 10));
         },
         "uptime", "", "100.000 = 100.000/100.000 @1000"},
        {"a declared partial fault until the repair",
         [](Case& c) {
             c.roster().watch_all();
             c.declare(at(1, 8), "fault.reported", {{"severity", std::string{"partial"}}});
             c.declare(at(1, 18), "repair.completed");
         },
         "uptime", "", "95.000 = 95.000/100.000 @1000"},
        {"the period ends now", [](Case& c) { c.roster().watch(at(0), at(5)).now(at(5)); }, "uptime", "",
         "100.000 = 50.000/50.000 @1000"},
        {"a contract for five days, the roster for the rest",
         [](Case& c) {
             c.roster().watch_all();
             c.contract().to_ms = at(5);
         },
         "uptime", "", "100.000 = 170.000/170.000 @1000"},
    };
    check(rows);
}

TEST_CASE("kpi: availability as users see it") {
    const Row rows[] = {
        {"less maintenance", usual, "availability", "", "89.000 = 89.000/100.000 @1000"},
        {"less sealing and suspension",
         [](Case& c) {
             usual(c);
             c.spell(at(6, 8), at(6, 18), State::sealed).spell(at(7, 8), at(7, 13), State::suspended);
         },
         "availability", "", "74.000 = 74.000/100.000 @1000"},
        {"an agreed exclusion is down for users",
         [](Case& c) {
             usual(c);
             c.contract().exclusions = {{at(2, 8), at(2, 13), "power_failure"}};
         },
         "availability", "", "95.417 = 229.000/240.000 @1000"},
        {"nobody watched", nothing_watched, "availability", "", "no_data @0"},
        {"half watched", usual_half_watched, "availability", "", "78.000 = 39.000/50.000 @500"},
    };
    check(rows);
}

TEST_CASE("kpi: failures and repair") {
    const auto with_retest = [](Case& c) {
        usual(c);
        c.state(at(8, 8), State::fault).state(at(8, 10), State::retest).state(at(8, 12), State::in_use);
        auto& order = c.repair(at(8, 8), at(8, 10));
        order.responded_ms = at(8, 8, 30);
        order.diagnosed_ms = at(8, 9);
        order.parts_ms = at(8, 9, 15);
        order.started_ms = at(8, 8, 45);
    };
    const Row rows[] = {
        {"in use 231 h, off 2 h, two failures", usual, "mtbf", "", "114.500 = 229.000/2.000 @1000"},
        {"told and declared at one time is one failure",
         [](Case& c) {
             usual(c);
             c.fault("H1", "hard", at(2, 7), at(2, 12));
         },
         "mtbf", "", "114.000 = 228.000/2.000 @1000"},
        {"half watched", usual_half_watched, "mtbf", "", "54.500 = 109.000/2.000 @500"},
        {"nobody watched", nothing_watched, "mtbf", "", "no_data @0"},
        {"no failure is no number", [](Case& c) { c.watch_all(); }, "mtbf", "", "nothing_counted @1000"},
        {"five and four hours", usual, "mttr", "", "4.500 = 9.000/2.000 @1000"},
        {"the retest belongs to the repair", with_retest, "mttr", "", "4.333 = 13.000/3.000 @1000"},
        {"half watched", usual_half_watched, "mttr", "", "4.500 = 9.000/2.000 @500"},
        {"nobody watched, nothing restored", [](Case&) {}, "mttr", "", "no_data @0"},
        {"not restored yet",
         [](Case& c) {
             c.watch_all();
             c.state(at(9), State::fault);
         },
         "mttr", "", "nothing_counted @1000"},
        {"response", with_retest, "mttr", "response", "0.500 = 0.500/1.000 @1000"},
        {"diagnosis", with_retest, "mttr", "diagnosis", "0.500 = 0.500/1.000 @1000"},
        {"parts", with_retest, "mttr", "parts_wait", "0.250 = 0.250/1.000 @1000"},
        {"repair after the parts came", with_retest, "mttr", "repair", "0.750 = 0.750/1.000 @1000"},
        {"retest", with_retest, "mttr", "retest", "2.000 = 2.000/1.000 @1000"},
        {"no work order told", usual, "mttr", "response", "not_told @1000"},
        {"114.5 of 119", usual, "inherent_availability", "", "96.218 = 114.500/119.000 @1000"},
        {"without a failure", [](Case& c) { c.watch_all(); }, "inherent_availability", "", "nothing_counted @1000"},
        {"nobody watched", nothing_watched, "inherent_availability", "", "no_data @0"},
        {"half watched", usual_half_watched, "inherent_availability", "", "92.373 = 54.500/59.000 @500"},
    };
    check(rows);
}

TEST_CASE("kpi: first fix") {
    // A comes back after four days; the second A stays away for 14 days; B's 14 days are not over.
    const auto three = [](Case& c) {
        c.watch_all();
        c.fault("A", "hard", at(1), at(1, 2)).fault("A", "hard", at(5), at(5, 2)).fault("B", "hard", at(9), at(9, 2));
    };
    const Row rows[] = {
        {"one of the two that can be judged", three, "first_fix_rate", "", "50.000 = 1.000/2.000 @1000"},
        {"half watched",
         [&](Case& c) {
             three(c);
             c.c.watched = {{at(0), at(5)}};
         },
         "first_fix_rate", "", "50.000 = 1.000/2.000 @500"},
        {"nobody watched", [](Case&) {}, "first_fix_rate", "", "no_data @0"},
        {"no fault", [](Case& c) { c.watch_all(); }, "first_fix_rate", "", "nothing_counted @1000"},
        {"from work orders when the device tells no faults",
         [](Case& c) {
             c.watch_all();
             c.repair(at(1), at(1, 4)).fault_code = "A";
         },
         "first_fix_rate", "", "100.000 = 1.000/1.000 @1000"},
    };
    check(rows);
}
