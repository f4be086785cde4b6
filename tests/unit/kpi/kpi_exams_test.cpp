#include "tests/unit/kpi/kpi_case.hpp"

using namespace gantry;
using namespace gantry::kpi::test;

namespace {

const kpi::Settings settings = [] {
    kpi::Settings out;
    out.exams_least = 4;
    out.drl_ctdivol_mgy = {{"head", 60}};
    out.drl_dlp_mgy_cm = {{"head", 860}};
    out.plan_exposures = {{"head", 2}, {"chest", 2}};
    return out;
}();

constexpr std::uint64_t child = 100, late = 101;  // examinations; the others are numbered from 1

rules::UseEvent& scan(Case& c, std::int64_t at_ms, std::uint64_t exam, std::int64_t ctdivol_mgy,
                      std::int64_t dlp_mgy_cm, std::string_view group = "head") {
    rules::UseEvent& use = c.event(at_ms);
    use.exam = exam;
    use.proto_group = group;
    use.age_band = "18-64";
    use.ctdivol_ugy = ctdivol_mgy * 1000;
    use.dlp_ugy_cm = dlp_mgy_cm * 1000;
    return use;
}

// Five head exams of 10, 20, 30, 40, 50 mGy and ten times as much DLP, each in two scans; the localiser and the child
// count for no dose.
void usual(Case& c) {
    c.watch_all();
    c.c.events_read = {at(0), at(10)};
    for (std::int64_t i = 1; i <= 5; ++i) {
        const auto exam = static_cast<std::uint64_t>(i);
        scan(c, at(1, 8 + i), exam, 10 * i, 50 * i);
        scan(c, at(1, 8 + i, 1), exam, 5 * i, 50 * i);
        scan(c, at(1, 8 + i, 2), exam, 900, 9'000).localiser = true;
        c.c.exams.push_back({at(1, 8 + i), at(1, 8 + i, 10 * i), exam});
    }
    scan(c, at(2), child, 900, 9'000).age_band = "5-9";
    c.patients(at(1, 9), 6);
}
void half(Case& c) {
    usual(c);
    c.c.events_read = {at(0), at(5)};
}
void fleet(Case& c) {
    usual(c);
    c.c.events_read = {};
}
void nothing(Case& c) { c.c.events_read = {at(0), at(10)}; }
void watched_only(Case& c) {
    c.watch_all();
    c.c.events_read = {at(0), at(10)};
}

}  // namespace

TEST_CASE("kpi: dose percentiles and reference levels") {
    const Row rows[] = {
        {"P25 of the highest of each exam", usual, "ctdivol_p25", "head", "20.000 = -/5.000 @1000"},
        {"P50", usual, "ctdivol_p50", "head", "30.000 = -/5.000 @1000"},
        {"P75", usual, "ctdivol_p75", "head", "40.000 = -/5.000 @1000"},
        {"P25 of the sums", usual, "dlp_p25", "head", "200.000 = -/5.000 @1000"},
        {"P50", usual, "dlp_p50", "head", "300.000 = -/5.000 @1000"},
        {"P75", usual, "dlp_p75", "head", "400.000 = -/5.000 @1000"},
        {"30 of 60 mGy", usual, "drl_ratio_ctdivol", "head", "50.000 = -/5.000 @1000"},
        {"300 of 860 mGy·cm", usual, "drl_ratio_dlp", "head", "34.884 = -/5.000 @1000"},
        {"half read", half, "ctdivol_p50", "head", "30.000 = -/5.000 @500"},
        {"half read", half, "dlp_p50", "head", "300.000 = -/5.000 @500"},
        {"half read", half, "drl_ratio_dlp", "head", "34.884 = -/5.000 @500"},
        {"single events not read", fleet, "ctdivol_p50", "", "one_device_only @0"},
        {"nobody watched", nothing, "ctdivol_p50", "", "no_data @0"},
        {"nobody watched", nothing, "dlp_p75", "", "no_data @0"},
        {"nobody watched", nothing, "drl_ratio_ctdivol", "", "no_data @0"},
        {"no exposure", watched_only, "dlp_p50", "", "nothing_counted @1000"},
        {"three exams are too few",
         [](Case& c) {
             watched_only(c);
             for (const std::uint64_t exam : {1U, 2U, 3U}) scan(c, at(1), exam, 10, 100);
         },
         "ctdivol_p50", "head", "too_few @1000"},
        {"a group without a level",
         [](Case& c) {
             watched_only(c);
             for (const std::uint64_t exam : {1U, 2U, 3U, 4U}) scan(c, at(1), exam, 10, 100, "spine");
         },
         "drl_ratio_ctdivol", "spine", "not_on_file @1000"},
        {"between two ranks",
         [](Case& c) {
             watched_only(c);
             for (std::int64_t i = 1; i <= 4; ++i) scan(c, at(1), static_cast<std::uint64_t>(i), 10 * i, 100);
         },
         "ctdivol_p25", "head", "17.500 = -/4.000 @1000"},
    };
    check(rows, ten_days, settings);
}

TEST_CASE("kpi: turn-round and repeats") {
    const Row rows[] = {
        // Pauses 50, 40, 30, 20 minutes.
        {"median of four pauses", usual, "turn_round", "", "35.000 = -/4.000 @1000"},
        {"a longer pause ends the session",
         [](Case& c) {
             usual(c);
             c.c.exams.push_back({at(1, 16), at(1, 17), late});
         },
         "turn_round", "", "35.000 = -/4.000 @1000"},
        {"half read", half, "turn_round", "", "35.000 = -/4.000 @500"},
        {"single events not read", fleet, "turn_round", "", "one_device_only @0"},
        {"nobody watched", nothing, "turn_round", "", "no_data @0"},
        {"no exam", watched_only, "turn_round", "", "nothing_counted @1000"},
        {"two more than the plan of two, of eleven",
         [](Case& c) {
             usual(c);
             scan(c, at(1, 9, 3), 1, 1, 1);
             scan(c, at(1, 9, 4), 1, 1, 1);
             c.c.uses.erase(std::ranges::find(c.c.uses, child, &rules::UseEvent::exam));
         },
         "repeat_rate", "", "16.667 = 2.000/12.000 @1000"},
        {"none", usual, "repeat_rate", "", "0.000 = 0.000/11.000 @1000"},
        {"half read", half, "repeat_rate", "", "0.000 = 0.000/11.000 @500"},
        {"single events not read", fleet, "repeat_rate", "", "one_device_only @0"},
        {"nobody watched", nothing, "repeat_rate", "", "no_data @0"},
        {"exposures that name no exam",
         [](Case& c) {
             watched_only(c);
             c.patients(at(1, 9), 3);
             scan(c, at(1, 9), 0, 10, 10);
         },
         "repeat_rate", "", "not_told @1000"},
    };
    check(rows, ten_days, settings);
}

TEST_CASE("kpi: reference levels and plans are those of the rules") {
    const kpi::Settings shipped = kpi::settings_of(rules::test::packs(), day0);
    CHECK(shipped.drl_ctdivol_mgy.at("head") == 60);
    CHECK(shipped.drl_dlp_mgy_cm.at("chest") == 470);
    CHECK(shipped.plan_exposures.at("abdomen") == 4);
    CHECK(kpi::settings_of(rules::test::packs(), 0).drl_ctdivol_mgy.empty());  // before the rule was in force
}
