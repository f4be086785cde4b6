#include "common/core/topics.hpp"

#include <doctest/doctest.h>

using namespace gantry;

TEST_CASE("device id: what may stand in a topic, a path and a certificate") {
    for (const char* good : {"a", "0", "ct-0001", "mr-07"}) CHECK(DeviceId::parse(good).has_value());
    for (const char* bad : {"", "-a", "CT-1", "a/b", "a+b", "#", "a b", "é", "_collector"}) {
        CAPTURE(bad);
        CHECK_FALSE(DeviceId::parse(bad).has_value());
    }
    CHECK(DeviceId::parse(std::string(64, 'a')).has_value());
    CHECK_FALSE(DeviceId::parse(std::string(65, 'a')).has_value());
}

TEST_CASE("topics: build and parse, and refuse a foreign partition") {
    const DeviceId dev = DeviceId::parse("ct-0001").value();
    CHECK(device_topic(dev, Channel::up) == "gantry/v1/9c/ct-0001/up");
    const auto parsed = parse_device_topic("gantry/v1/9c/ct-0001/down");
    REQUIRE(parsed.has_value());
    CHECK(parsed->dev == dev);
    CHECK(parsed->channel == Channel::down);
    for (const char* bad : {"gantry/v1/9d/ct-0001/up", "gantry/v2/9c/ct-0001/up", "gantry/v1/9c/ct-0001/up/",
                            "gantry/v1/9c/ct-0001", "gantry/v1/9c/CT/up", "gantry/v1//up", ""}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_device_topic(bad).has_value());
    }
}
