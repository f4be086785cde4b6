#include "firmware-sim/model/calendar.hpp"

#include <doctest/doctest.h>

using namespace gantry::sim;

namespace {
const Zone shanghai{"Asia/Shanghai", 480, false};
const Zone berlin{"Europe/Berlin", 60, true};
}  // namespace

TEST_CASE("calendar: dates") {
    CHECK(days_from_civil(1970, 1, 1) == 0);
    CHECK(days_from_civil(2026, 11, 22) == 20'779);
    CHECK(weekday(days_from_civil(2026, 11, 22)) == 6);
    CHECK(weekday(days_from_civil(2026, 11, 23)) == 0);
    CHECK(parse_date("2026-11-22").value() == 20'779 * day_ms);
    CHECK(parse_date("20261122").value() == 20'779 * day_ms);
    for (const char* bad :
         {"", "2026-11-32", "2026-02-29", "1999-01-01", "2099-01-01", "2026/11/22", "2026-1-2", "2026-11-22 "}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_date(bad).has_value());
    }
    CHECK(rfc3339(20'779 * day_ms + 3'723'004) == "2026-11-22T01:02:03.004Z");
}

TEST_CASE("calendar: local days begin at local midnight, also where clocks change") {
    const auto day = days_from_civil(2026, 3, 29);  // Summer time begins in Europe at 01:00 UTC.
    CHECK(local_midnight_utc_ms(berlin, day) == day * day_ms - hour_ms);
    CHECK(local_midnight_utc_ms(berlin, day + 1) == (day + 1) * day_ms - 2 * hour_ms);
    CHECK(local_midnight_utc_ms(shanghai, day) == day * day_ms - 8 * hour_ms);
    const auto autumn = days_from_civil(2026, 10, 25);
    CHECK(local_midnight_utc_ms(berlin, autumn + 1) - local_midnight_utc_ms(berlin, autumn) == 25 * hour_ms);
    for (std::int64_t d = day - 400; d < day + 400; ++d) {
        CAPTURE(d);
        const auto midnight = local_midnight_utc_ms(berlin, d);
        CHECK(local_day_of(berlin, midnight) == d);
        CHECK(local_day_of(berlin, midnight - 1) == d - 1);
        CHECK(to_local(berlin, midnight).hour == 0);
    }
}
