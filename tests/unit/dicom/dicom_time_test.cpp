#include "agent/dicom/dicom_time.hpp"

#include <doctest/doctest.h>

using namespace gantry::dicom;

namespace {

ZoneRule zone_named(std::string_view name) {
    if (name.empty()) return ZoneRule::utc_default();
    return ZoneRule::named(name).value();
}

}  // namespace

TEST_CASE("time: zones, offsets and what is no time") {
    struct Row {
        std::string_view why;
        std::string_view text;
        std::string_view offset;
        std::string_view zone;
        std::optional<std::int64_t> want;
        std::string_view problem;
    };
    for (const Row& row : {
             Row{"no zone is UTC and says so", "20171115075319", "", "", 1510732399000, "no_zone"},
             Row{"a site's zone", "20171115075319", "", "Asia/Shanghai", 1510703599000, ""},
             Row{"fractions are milliseconds", "20190612163654.100999", "", "UTC", 1560357414100, ""},
             Row{"an offset in the text wins", "19970101000631.737+0000", "+0800", "Asia/Shanghai", 852077191737, ""},
             Row{"an offset of the object wins over the zone", "20171115075319", "+0100", "Asia/Shanghai",
                 1510728799000, ""},
             Row{"west of Greenwich", "20171115075319-0500", "", "", 1510750399000, ""},
             Row{"the repeated hour takes the earlier", "20231029023000", "", "Europe/Berlin", 1698539400000,
                 "tz_ambiguous"},
             Row{"the missing hour takes the later", "20230326023000", "", "Europe/Berlin", 1679794200000,
                 "tz_ambiguous"},
             Row{"minutes may be missing", "2017111507", "", "UTC", 1510729200000, ""},
             Row{"a leap second", "20161231235960", "", "UTC", 1483228799000, ""},
             Row{"a day is no time", "20171115", "", "UTC", std::nullopt, "time_missing"},
             Row{"month 13", "20171315075319", "", "UTC", std::nullopt, "time_missing"},
             Row{"30 February", "20170230075319", "", "UTC", std::nullopt, "time_missing"},
             Row{"hour 24", "20171115245319", "", "UTC", std::nullopt, "time_missing"},
             Row{"words", "yesterday", "", "UTC", std::nullopt, "time_missing"},
             Row{"nothing", "", "", "UTC", std::nullopt, "time_missing"},
             Row{"an offset that is none", "20171115075319+99", "", "UTC", std::nullopt, "time_missing"},
             Row{"before 1970", "19691231235959", "", "UTC", std::nullopt, "time_missing"},
         }) {
        CAPTURE(row.why);
        Problems problems;
        CHECK(parse_datetime(row.text, row.offset, zone_named(row.zone), problems) == row.want);
        for (const Problem problem : {Problem::no_zone, Problem::tz_ambiguous, Problem::time_missing}) {
            CAPTURE(name(problem));
            CHECK(problems.has(problem) == (row.problem == name(problem)));
        }
    }
}

TEST_CASE("time: an unknown zone is refused with its name") {
    const auto zone = ZoneRule::named("Asia/Atlantis");
    REQUIRE_FALSE(zone.has_value());
    CHECK(zone.error().message.find("Asia/Atlantis") != std::string::npos);
}

TEST_CASE("time: ages count whole years") {
    const std::int64_t day = 1704412800000;  // 2024-01-05
    CHECK(age_years("19600105", day) == 64);
    CHECK(age_years("19600106", day) == 63);
    CHECK(age_years("20240105", day) == 0);
    CHECK_FALSE(age_years("20250105", day).has_value());
    CHECK_FALSE(age_years("1960", day).has_value());
}
