#include "server/domain/day_cell.hpp"

#include <doctest/doctest.h>

using namespace gantry;

TEST_CASE("exam ends: there and back") {
    ExamEnds ends;
    CHECK(ends.serialize().empty());
    ends.completed = 12;
    ends.timed = 10;
    ends.exam_ms = 600'000;
    ends.discontinued[0] = 2;
    ends.discontinued[9] = 1;
    CHECK(ends.serialize() == "12,10,600000,equipment_failure:2,not_told:1");
    CHECK(ExamEnds::parse(ends.serialize()).value() == ends);
    CHECK(ends.all() == 15);
    for (const char* bad : {"1", "1,2", "1,2,x", "1,2,3,", "1,2,3,nothing:1", "1,2,3,other", "1,2,3,other:1x"}) {
        CAPTURE(bad);
        CHECK_FALSE(ExamEnds::parse(bad).has_value());
    }
}

TEST_CASE("day: hours add up") {
    DayCell day;
    HourCell hour;
    hour.exams = 3;
    hour.patient_exposures = 4;
    hour.coverage = 7;
    hour.ends.completed = 1;
    day.add_hour(5, hour);
    hour.patient_exposures = 0;
    hour.coverage = (std::uint64_t{1} << 60) - 1;
    day.add_hour(6, hour);
    CHECK(day.use.exams == 6);
    CHECK(day.use.patient_exposures == 4);
    CHECK(day.use.ends.completed == 2);
    CHECK(day.used == 1U << 5);
    CHECK(day.serialize_watched() == "F000000000000007G");
}

TEST_CASE("day: watched minutes there and back") {
    DayCell day;
    day.watched[0] = (std::uint64_t{1} << 60) - 1;
    day.watched[10] = 0xABC;
    day.watched[23] = 1;
    const std::string text = day.serialize_watched();
    CHECK(text == "AK000000000000abcX000000000000001");
    DayCell again;
    REQUIRE(again.parse_watched(text).has_value());
    CHECK(again.watched == day.watched);
    REQUIRE(again.parse_watched("").has_value());
    CHECK(again.watched == DayCell{}.watched);
    for (const char* bad : {"a", "Y", "BA", "AA", "A12", "A00000000000000g", "A0000000000000001"}) {
        CAPTURE(bad);
        CHECK_FALSE(again.parse_watched(bad).has_value());
    }
}
