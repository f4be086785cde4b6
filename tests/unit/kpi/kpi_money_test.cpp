#include "tests/unit/kpi/kpi_case.hpp"

using namespace gantry;
using namespace gantry::kpi::test;

namespace {

constexpr Span year{day0 - 365 * day, day0};

// A device of ten million yuan and ten years, a contract of 400,000 a year, a tube of 600,000 on day -100, everything
// else 100,000 each, two million of income and 10,000 exams.
void usual(Case& c) {
    c.watch(year.from_ms, year.to_ms);
    auto& sheet = c.c.papers.sheet;
    sheet.id = c.c.device;
    sheet.price_cny = 10'000'000;
    sheet.installed_ms = year.from_ms;
    sheet.labelled_life_days = 3650;
    auto& contract = c.contract();
    contract.from_ms = year.from_ms;
    contract.annual_cost_cny = 400'000;
    auto& order = c.repair(at(-101), at(-100));
    paper::PartUsed tube;
    tube.part = "tube";
    tube.old_serial = "T1";
    tube.new_serial = "T2";
    tube.major = true;
    tube.cost_cny = 600'000;
    order.parts.push_back(tube);
    for (const char* kind : {"energy", "staff", "consumables", "room", "income"}) {
        auto& cost = c.cost(kind, std::string_view{kind} == "income" ? 2'000'000 : 100'000);
        cost.from_ms = year.from_ms;
        cost.to_ms = year.to_ms;
    }
    c.patients(at(-200, 9), 6'000).exposure_ms = 2'000'000;
    c.patients(at(-50, 9), 4'000).exposure_ms = 5'000'000;
}
void half(Case& c) {
    usual(c);
    c.c.watched = {{at(-365), at(-100)}};
}
void without(Case& c, const char* kind) {
    usual(c);
    std::erase_if(c.c.papers.costs, [&](const paper::Cost& cost) { return cost.kind == kind; });
}

}  // namespace

TEST_CASE("kpi: cost and return") {
    const Row rows[] = {
        // 1,000,000 + 400,000 + 600,000 + 4 x 100,000
        {"all parts", usual, "cost_per_exam", "", "240.000 = 2400000.000/10000.000 @1000"},
        {"a tenth of the price", usual, "cost_per_exam", "depreciation", "100.000 = 1000000.000/10000.000 @1000"},
        {"the contract", usual, "cost_per_exam", "service", "40.000 = 400000.000/10000.000 @1000"},
        {"the tube", usual, "cost_per_exam", "tube", "60.000 = 600000.000/10000.000 @1000"},
        {"energy", usual, "cost_per_exam", "energy", "10.000 = 100000.000/10000.000 @1000"},
        {"watched from day -365 to -100", half, "cost_per_exam", "", "240.000 = 2400000.000/10000.000 @726"},
        {"nobody watched",
         [](Case& c) {
             usual(c);
             c.c.watched.clear();
             c.c.used.clear();
         },
         "cost_per_exam", "", "no_data @0"},
        {"energy not on file is not free", [](Case& c) { without(c, "energy"); }, "cost_per_exam", "",
         "not_on_file @1000"},
        {"energy not on file", [](Case& c) { without(c, "energy"); }, "cost_per_exam", "energy", "not_on_file @1000"},
        {"a tube without a price",
         [](Case& c) {
             usual(c);
             c.c.papers.work_orders[0].parts[0].cost_cny.reset();
         },
         "cost_per_exam", "tube", "not_on_file @1000"},
        {"service, 400,000 a year of ten million", usual, "cosr", "", "4.000 = 400000.000/10000000.000 @1000"},
        {"a repair outside the contract",
         [](Case& c) {
             usual(c);
             c.c.papers.work_orders[0].cost_cny = 700'000;  // with the tube's 600,000
         },
         "cosr", "", "5.000 = 500000.000/10000000.000 @1000"},
        {"no price on file",
         [](Case& c) {
             usual(c);
             c.c.papers.sheet.price_cny.reset();
         },
         "cosr", "", "not_on_file @1000"},
        {"no service cost on file",
         [](Case& c) {
             usual(c);
             c.c.papers.contracts.clear();
         },
         "cosr", "", "not_on_file @1000"},
        {"600,000 for 2,000 s", usual, "tube_cost_per_scan_second", "", "300.000 = 600000.000/2000.000 @1000"},
        {"half of the tube's life watched",
         [](Case& c) {
             usual(c);
             c.c.watched = {{at(-365), at(-232) - 12 * hour}};
         },
         "tube_cost_per_scan_second", "", "300.000 = 600000.000/2000.000 @500"},
        {"none of it watched",
         [](Case& c) {
             usual(c);
             c.c.watched = {{at(-90), at(0)}};
         },
         "tube_cost_per_scan_second", "", "no_data @0"},
        {"no tube replaced",
         [](Case& c) {
             usual(c);
             c.c.papers.work_orders.clear();
         },
         "tube_cost_per_scan_second", "", "nothing_counted @1000"},
        // 2,000,000 - 1,400,000
        {"a gain of 600,000", usual, "return_per_year", "", "6.000 = 600000.000/10000000.000 @1000"},
        {"income not on file", [](Case& c) { without(c, "income"); }, "return_per_year", "", "not_on_file @1000"},
        {"years to pay back", usual, "payback", "", "16.667 = 10000000.000/600000.000 @1000"},
        {"a loss never does",
         [](Case& c) {
             usual(c);
             for (auto& cost : c.c.papers.costs)
                 if (cost.kind == "income") cost.amount_cny = 1;
         },
         "payback", "", "nothing_counted @1000"},
        {"room not on file", [](Case& c) { without(c, "room"); }, "payback", "", "not_on_file @1000"},
    };
    check(rows, year);
}

TEST_CASE("kpi: costs of a longer period count by their share") {
    Case c;
    usual(c);
    const kpi::Figure tenth = c.figure("cost_per_exam", "energy", {at(-365), at(-365) + 73 * day});
    CHECK(tenth.numerator == doctest::Approx(20'000));
}

TEST_CASE("kpi: positive reports") {
    const auto count = [](Case& c, std::int64_t from, std::int64_t to, std::int64_t reported, std::int64_t positive) {
        paper::DeclaredCount told;
        told.from_ms = at(from);
        told.to_ms = at(to);
        told.reported = reported;
        told.positive = positive;
        c.c.papers.counts.push_back(told);
    };
    const Row rows[] = {
        {"two counts",
         [&](Case& c) {
             count(c, 0, 5, 100, 60);
             count(c, 5, 10, 100, 90);
         },
         "positive_rate", "", "75.000 = 150.000/200.000 @1000"},
        {"half of the period told", [&](Case& c) { count(c, 0, 5, 100, 60); }, "positive_rate", "",
         "60.000 = 60.000/100.000 @500"},
        {"a count that reaches out of the period", [&](Case& c) { count(c, -1, 9, 100, 60); }, "positive_rate", "",
         "not_on_file @0"},
        {"none", [](Case&) {}, "positive_rate", "", "not_on_file @0"},
        {"no report", [&](Case& c) { count(c, 0, 10, 0, 0); }, "positive_rate", "", "nothing_counted @1000"},
    };
    check(rows);
}
