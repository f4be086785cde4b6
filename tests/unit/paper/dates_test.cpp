#include "server/domain/paper/dates.hpp"

#include <doctest/doctest.h>

#include "server/domain/paper/papers.hpp"

using namespace gantry::paper;

TEST_CASE("dates: days of the calendar and no others") {
    CHECK(ms_of_date(1970, 1, 1) == 0);
    CHECK(ms_of_iso_date("2021-03-05") == 1'614'902'400'000);
    CHECK(ms_of_iso_date("2024-02-29").has_value());
    for (const char* bad : {"2023-02-29", "2021-13-01", "2021-00-01", "2021-01-00", "2021-1-1", "2021/03/05",
                            "2021-03-05 ", "1899-12-31", "2200-01-01", "20a1-03-05", ""}) {
        CAPTURE(bad);
        CHECK(!ms_of_iso_date(bad));
    }
}

TEST_CASE("dates: as messages show them") {
    CHECK(time_text(0) == "1970-01-01T00:00Z");
    CHECK(time_text(1'614'902'400'000 + 8 * 3'600'000 + 59'999) == "2021-03-05T08:00Z");
    CHECK(time_text(-1) == "1969-12-31T23:59Z");
    CHECK(time_text(forever_ms) == "without end");
}
