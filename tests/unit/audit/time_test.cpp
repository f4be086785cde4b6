#include "agent/audit/domain/time.hpp"

#include <doctest/doctest.h>

using namespace gantry;
using namespace gantry::audit;

namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t new_year_2026 = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

Zone zone(const char* name) { return Zone::named(name).value(); }

std::optional<std::int64_t> read(const char* format, const char* text, const Zone& where = Zone::utc(),
                                 std::int64_t now_ms = new_year_2026, std::optional<std::int64_t> before = {}) {
    return TimeFormat::parse(format).value().read(text, where, now_ms, before);
}

}  // namespace

TEST_CASE("time: xs:dateTime") {
    struct Row {
        const char* text;
        std::optional<std::int64_t> want;
    };
    const Row rows[] = {
        {"2026-01-01T00:00:00Z", new_year_2026},
        {"2026-01-01T00:00:00", new_year_2026},
        {"2026-01-01T08:00:00+08:00", new_year_2026},
        {"2026-01-01T08:00:00.5+0800", new_year_2026 + 500},
        {"2025-12-31T19:30:00.0019-04:30", new_year_2026 + 1},
        {"2025-12-31T23:59:60Z", new_year_2026 - 1000},  // a leap second counts as the one before it
        {"2026-02-30T00:00:00Z", {}},
        {"2026-01-01T24:00:00Z", {}},
        {"2026-01-01 00:00:00Z", {}},
        {"2026-01-01T00:00:00.Z", {}},
        {"2026-01-01T00:00:00+15:00", {}},
        {"2026-01-01T00:00:00Zx", {}},
        {"1969-12-31T23:59:59Z", {}},
        {"2101-01-01T00:00:00Z", {}},
        {"", {}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(parse_xml_time(row.text, Zone::utc()) == row.want);
    }
    CHECK(parse_xml_time("2026-01-01T08:00:00", zone("Asia/Shanghai")) == new_year_2026);
}

TEST_CASE("time: formats of logs") {
    struct Row {
        const char* format;
        const char* text;
        std::optional<std::int64_t> want;
    };
    const Row rows[] = {
        {"%Y-%m-%d %H:%M:%S", "2026-01-01 00:00:00", new_year_2026},
        {"%Y-%m-%d %H:%M:%S", "2026-01-01 00:00:00.089", new_year_2026 + 89},
        {"%Y-%m-%d %H:%M:%S", "2026-01-01 00:00:00,089", new_year_2026 + 89},
        {"%Y-%m-%d %H:%M:%S", "2026-01-01 00:00:00.089123", new_year_2026 + 89},
        {"%d.%m.%Y %H:%M:%S", "01.01.2026 00:00:00", new_year_2026},
        {"%Y%m%d%H%M%S", "20260101000000", new_year_2026},
        {"%Y-%m-%dT%H:%M:%S%z", "2026-01-01T08:00:00+0800", new_year_2026},
        {"%d %b %Y %H:%M:%S", "01 Jan 2026 00:00:00", new_year_2026},
        {"epoch_s", "1767225600", new_year_2026},
        {"epoch_ms", "1767225600001", new_year_2026 + 1},
        {"epoch_s", "-1", {}},
        {"epoch_s", "99999999999999", {}},
        {"%Y-%m-%d %H:%M:%S", "2026-01-01 00:00", {}},
        {"%Y-%m-%d %H:%M:%S", "2026-01-01 00:00:00 x", {}},
        {"%Y-%m-%d %H:%M:%S", "2026-02-30 00:00:00", {}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.format);
        CAPTURE(row.text);
        CHECK(read(row.format, row.text) == row.want);
    }
    CHECK(read("%Y-%m-%d %H:%M:%S", "2026-01-01 08:00:00", zone("Asia/Shanghai")) == new_year_2026);
    CHECK_FALSE(TimeFormat::parse("%H:%M:%S").has_value());
    CHECK_FALSE(TimeFormat::parse("%Y-%m-%d").has_value());
}

TEST_CASE("time: without a year it is this one, or the last when it would lie ahead") {
    CHECK(read("%b %d %H:%M:%S", "Jan 01 00:00:00", Zone::utc(), new_year_2026 + hour_ms) == new_year_2026);
    CHECK(read("%b %d %H:%M:%S", "Dec 31 23:00:00", Zone::utc(), new_year_2026 + hour_ms) == new_year_2026 - hour_ms);
    CHECK(read("%b %d %H:%M:%S", "Jan 01 12:00:00", Zone::utc(), new_year_2026) == new_year_2026 + 12 * hour_ms);
    // 29 February exists in the year before only.
    CHECK(read("%b %d %H:%M:%S", "Feb 29 00:00:00", Zone::utc(), 1'735'689'600'000 + hour_ms) == 1'709'164'800'000);
}

TEST_CASE("time: the hour that a clock repeats, and the one it leaves out") {
    // Stockholm, 2026-10-25: 03:00 CEST is 02:00 CET. 02:30 is 00:30Z, then 01:30Z.
    const Zone stockholm = zone("Europe/Stockholm");
    const std::int64_t first = 1'792'888'200'000;  // 00:30Z
    const char* format = "%Y-%m-%d %H:%M:%S";
    CHECK(read(format, "2026-10-25 02:30:00", stockholm) == first);
    CHECK(read(format, "2026-10-25 02:30:00", stockholm, 0, first - 1000) == first);
    // A line a few seconds back is no second pass; one that would go back by more than a minute is.
    CHECK(read(format, "2026-10-25 02:30:00", stockholm, 0, first + 20'000) == first);
    CHECK(read(format, "2026-10-25 02:30:00", stockholm, 0, first + 29 * 60'000) == first + hour_ms);
    CHECK(read(format, "2026-10-25 02:30:00", stockholm, 0, first + hour_ms) == first + hour_ms);
    // Far later than both: the log was set back, not the season.
    CHECK(read(format, "2026-10-25 02:30:00", stockholm, 0, first + 48 * hour_ms) == first);
    // 2026-03-29 02:30 does not exist: the later instant, 01:30Z.
    CHECK(read(format, "2026-03-29 02:30:00", stockholm) == 1'774'747'800'000);
    CHECK_FALSE(Zone::named("Mars/Olympus").has_value());
}
