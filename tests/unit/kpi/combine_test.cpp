#include "tests/unit/kpi/kpi_case.hpp"

using namespace gantry;
using namespace gantry::kpi::test;

namespace {

std::string of(const std::vector<kpi::Figure>& figures, std::string_view id, std::string_view part = {}) {
    for (const kpi::Figure& figure : figures)
        if (figure.of->id == id && figure.part == part) return text(figure);
    return "none";
}

// A device with so many exams in one hour and a fault of so many hours.
std::vector<kpi::Figure> device(std::int64_t exams, std::int64_t down_hours, std::int64_t watched_days = 10) {
    Case c;
    c.roster().watch(at(0), at(watched_days));
    if (exams > 0) c.patients(at(1, 9), exams);
    if (down_hours > 0) c.spell(at(2, 8), at(2, 8 + down_hours), State::fault);
    return kpi::figures(c.c, ten_days, {});
}

}  // namespace

TEST_CASE("kpi: several devices") {
    kpi::Combiner combined;
    combined.add(device(10, 10));
    combined.add(device(30, 0));
    combined.add(device(0, 0, 0));  // nobody watched it
    const auto all = combined.take();
    CHECK(combined.devices() == 3);
    CHECK(of(all, "exams") == "40.000 = 40.000/- @667");
    CHECK(of(all, "exams_per_day") == "2.000 = 40.000/20.000 @667");
    CHECK(of(all, "uptime") == "95.000 = 190.000/200.000 @667");
    // Hours without a failure count for the failures of the other: 230 and 240 hours, one failure.
    CHECK(of(all, "mtbf") == "470.000 = 470.000/1.000 @667");
    CHECK(of(all, "mttr") == "10.000 = 10.000/1.000 @667");
    CHECK(of(all, "inherent_availability") == "97.917 = 470.000/480.000 @333");
    CHECK(of(all, "ctdivol_p50") == "one_device_only @0");
    CHECK(of(all, "positive_rate") == "not_on_file @0");
}

TEST_CASE("kpi: a percentile of several devices is not one figure") {
    Case c;
    c.watch_all();
    c.c.alerts = {{"V13", "", at(1), at(1, 1)}};
    kpi::Combiner combined;
    combined.add(kpi::figures(c.c, ten_days, {}));
    CHECK(of(combined.take(), "detection_delay_p50") == "not_combined @1000");
}

TEST_CASE("kpi: two devices of a hospital share its beds") {
    kpi::Combiner combined;
    for (const std::int64_t exams : {30, 70}) {
        Case c;
        c.watch_all();
        c.patients(at(1, 9), exams);
        c.c.papers.org = paper::Org{};
        c.c.papers.org->open_beds = 20;
        combined.add(kpi::figures(c.c, ten_days, {}));
    }
    CHECK(of(combined.take(), "throughput_per_bed") == "0.500 = 100.000/200.000 @1000");
}

TEST_CASE("kpi: nobody has it") {
    kpi::Combiner combined;
    combined.add(device(0, 0, 0));
    CHECK(of(combined.take(), "exams") == "no_data @0");
    CHECK(kpi::Combiner{}.take().empty());
}
