#include <doctest/doctest.h>

#include <future>

#include "server/ingest/limits.hpp"
#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

TEST_CASE("overload: what is too much is dropped before anything is promised, and what was taken is receipted") {
    TestCollector collector;
    std::promise<void> release;
    const std::shared_future<void> released = release.get_future().share();
    std::atomic<bool> hold{false};
    collector.on_commit = [&](std::vector<ingest::LiveNote>) {
        if (hold) released.wait();  // stands for a disk that does not answer
    };
    collector.restart();
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    hold = true;

    // 40 records of 12 kB a frame: some 480 kB, over the limit of one frame, so 16 a frame.
    std::string filler(11'000, 'A');
    for (std::uint64_t n = 0; n < 16; ++n)
        agent.append("rehomed", R"({"epoch":")" + std::string(32, 'b') + R"(","seq":1,"bytes":")" + filler + R"("})",
                     std::nullopt, Source::agent);
    const Bytes frame = agent.all();
    const std::size_t fit = (ingest::inbox_bytes_max + 2 * ingest::verified_bytes_max) / frame.size() + 200;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < fit; ++i) taken += collector.offer(agent, frame) ? 1 : 0;
    CHECK(taken < fit);
    CHECK(taken > 0);
    CHECK(collector.collector->metrics().inbox_dropped == fit - taken);

    hold = false;
    release.set_value();
    const auto ack = collector.acked(agent.dev, 17);
    REQUIRE(ack.has_value());
    CHECK(rows_in(collector.database(), "leaf WHERE type = 1") == 17);
    // The queues were full when it was written: the agent is told to slow down.
    const auto slow =
        collector.transport->wait_for<Ack>(agent.dev, [](const Ack& a) { return a.credit < limits::credit_default; });
    CHECK(slow.has_value());
}

TEST_CASE("overload: who was told to slow down is told when there is room again, without asking") {
    TestCollector collector;
    std::promise<void> release;
    const std::shared_future<void> released = release.get_future().share();
    std::atomic<bool> hold{false};
    std::promise<void> holding;
    collector.on_commit = [&, told = false](std::vector<ingest::LiveNote>) mutable {
        if (!hold) return;
        if (!std::exchange(told, true)) holding.set_value();
        released.wait();
    };
    collector.restart();
    TestAgent quiet{"ct-1"};
    TestAgent loud{"ct-2", 2};
    REQUIRE(collector.add(quiet).has_value());
    REQUIRE(collector.add(loud).has_value());
    const std::string filler(11'000, 'A');
    for (std::uint64_t n = 0; n < 16; ++n)
        loud.append("rehomed", R"({"epoch":")" + std::string(32, 'b') + R"(","seq":1,"bytes":")" + filler + R"("})",
                    std::nullopt, Source::agent);
    hold = true;
    CHECK(collector.offer(loud, loud.frame(1, 1)));
    holding.get_future().wait();  // what comes now is in no batch that is committed already
    CHECK(collector.offer(quiet, quiet.all()));
    const Bytes frame = loud.all();
    while (collector.offer(loud, frame)) {
    }
    hold = false;
    release.set_value();
    CHECK(collector.transport->wait_for<Ack>(
        quiet.dev, [](const Ack& ack) { return ack.seq == 1 && ack.credit < limits::credit_default; }));
    CHECK(collector.transport->wait_for<Ack>(
        quiet.dev, [](const Ack& ack) { return ack.seq == 1 && ack.credit == limits::credit_default; }));
}

TEST_CASE("overload: after stop nothing is taken, and everything that was is stored and receipted") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    std::uint64_t sent = 0;
    for (std::uint64_t n = 0; n < 300; ++n) {
        agent.expose(n, TestAgent::start_ms);
        if (collector.offer(agent, agent.frame(n + 1, n + 1))) sent = n + 1;
    }
    collector.collector->stop();
    CHECK(sent == 300);
    CHECK_FALSE(collector.offer(agent, agent.frame(1, 1)));
    CHECK(rows_in(collector.database(), "leaf WHERE type = 1") == 300);
    CHECK(collector.acked(agent.dev, 300).has_value());
    CHECK(collector.add(agent).error().code == Errc::unavailable);
}
