#include "server/http/live_bus.hpp"

#include <doctest/doctest.h>

using namespace gantry::http;

TEST_CASE("bus: keeps the newest, counts what it dropped") {
    LiveBus bus;
    std::vector<LiveNote> notes(LiveBus::notes_max + 3);
    for (std::size_t i = 0; i < notes.size(); ++i) notes[i].log_index = i;
    bus.publish(notes);
    const auto drained = bus.drain();
    REQUIRE(drained.size() == LiveBus::notes_max);
    CHECK(drained.front().log_index == 3);
    CHECK(drained.back().log_index == LiveBus::notes_max + 2);
    CHECK(bus.dropped() == 3);
    CHECK(bus.drain().empty());
}
