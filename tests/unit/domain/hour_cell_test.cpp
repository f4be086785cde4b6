#include "server/domain/hour_cell.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace gantry;

TEST_CASE("hour: the start of an hour, also before 1970") {
    CHECK(hour_of(0) == 0);
    CHECK(hour_of(ms_per_hour - 1) == 0);
    CHECK(hour_of(ms_per_hour) == ms_per_hour);
    CHECK(hour_of(-1) == -ms_per_hour);
    CHECK(hour_of(-ms_per_hour) == -ms_per_hour);
}

TEST_CASE("sketch: a percentile is right within a sixteenth of its value") {
    std::mt19937_64 random{5};
    for (const std::uint32_t scale : {10U, 1'000U, 100'000U, 100'000'000U}) {
        Sketch sketch;
        std::vector<std::uint32_t> values;
        for (int i = 0; i < 2'000; ++i) {
            values.push_back(static_cast<std::uint32_t>(random() % scale));
            sketch.add(values.back());
        }
        std::ranges::sort(values);
        for (const unsigned permille : {0U, 250U, 500U, 750U, 990U, 999U}) {
            const double want = values[values.size() * permille / 1000];
            const double got = sketch.percentile(permille).value();
            CAPTURE(scale);
            CAPTURE(permille);
            CHECK(std::abs(got - want) <= want / 16 + 0.5);
        }
    }
}

TEST_CASE("sketch: merging equals adding, and the text form is the same value") {
    std::mt19937_64 random{6};
    Sketch left;
    Sketch right;
    Sketch both;
    for (int i = 0; i < 500; ++i) {
        const auto value = static_cast<std::uint32_t>(random() % 3'000'000'000U);
        (i % 2 ? left : right).add(value);
        both.add(value);
    }
    left.merge(right);
    CHECK(left == both);
    CHECK(both.count() == 500);
    CHECK(Sketch::parse(both.serialize()).value() == both);
    CHECK(Sketch::parse("").value() == Sketch{});
    CHECK(!Sketch{}.percentile(500));
    for (const std::string_view bad : {"1", "1:", ":1", "1:0", "2:1,1:1", "1:1,1:1", "256:1", "1:1,", "1:1;2:1", "x"}) {
        CAPTURE(bad);
        CHECK(!Sketch::parse(bad));
    }
}

TEST_CASE("hour: the keys survive their bytes; other lengths are refused") {
    HourCell cell;
    cell.event_keys = {1, 5, 0xFFFF'FFFF'FFFF'FFFF};
    cell.exam_keys = {7};
    cell.keys_full = true;
    const std::string bytes = cell.serialize_keys();
    HourCell again;
    REQUIRE(again.parse_keys(bytes).has_value());
    CHECK(again == cell);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        HourCell none;
        CHECK(!none.parse_keys(bytes.substr(0, size)));
    }
    CHECK(!again.parse_keys(bytes + "x"));
}
