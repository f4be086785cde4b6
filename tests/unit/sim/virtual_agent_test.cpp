#include "firmware-sim/emit/virtual_agent.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <deque>
#include <set>

#include "firmware-sim/model/prng.hpp"
#include "tests/unit/sim/scripted_collector.hpp"

using namespace gantry;
using namespace gantry::sim;

namespace {

const DeviceId dev = DeviceId::parse("ct-0001").value();

/// An agent, a collector and a pipe between them that loses what it is told to, on a clock of its own.
class World {
public:
    explicit World(std::size_t records_per_frame = 10, double loss = 0)
        : key_{SigningKey::from_seed(KeySeed{9})},
          loss_{loss},
          agent{
              {dev, key_, collector.receipt_key(), EpochId{7}, Hash{5}, "b1", records_per_frame}, now.wall_ms, now, 3} {
        collector.add(dev, key_.public_key());
        agent.connected();
    }

    void append(int count, std::string_view type = "usage.exposure") {
        for (int i = 0; i < count; ++i)
            agent.append({"rdsr", type, 1'000, fmt::format(R"({{"n":{}}})", ++written_), false}, now.wall_ms, now);
    }

    /// `seconds` of life in tenths; everything said is heard within one, unless it is lost.
    void run(double seconds) {
        for (int tick = 0; tick < static_cast<int>(seconds * 10); ++tick) {
            now.steady_ms += 100;
            now.wall_ms += 100;
            std::vector<Bytes> up;
            agent.poll(now, false, up);
            for (const auto& message : up) {
                sent_.push_back(message);
                if (prng_.chance(loss_)) continue;
                for (const auto& answer : collector.receive(dev, message))
                    if (!prng_.chance(loss_) && !deaf) agent.receive(answer, now, latency);
            }
            if (agent.wants_reconnect()) {
                ++reconnects;
                agent.disconnected();
                agent.connected();
            }
        }
    }

    const std::vector<std::string>& stored() { return collector.device("ct-0001").records; }
    const std::vector<Bytes>& sent() const { return sent_; }

    Instant now{1'000'000, 1'790'000'000'000};
    ScriptedCollector collector;
    bool deaf = false;
    int reconnects = 0;
    LatencyHistogram latency;

private:
    SigningKey key_;
    double loss_;
    Prng prng_{77};
    int written_ = 0;
    std::vector<Bytes> sent_;

public:
    VirtualAgent agent;
};

bool in_order_once(const std::vector<std::string>& stored, int count) {
    if (static_cast<int>(stored.size()) != count + 1) return false;
    for (int n = 1; n <= count; ++n)
        if (stored[static_cast<std::size_t>(n)].find(fmt::format(R"("body":{{"n":{}}})", n)) == std::string::npos)
            return false;
    return true;
}

}  // namespace

TEST_CASE("virtual agent: says hello, opens its epoch, delivers, forgets on the receipt") {
    World world;
    world.append(205);
    world.run(3);
    CHECK(in_order_once(world.stored(), 205));
    CHECK(world.stored()[0].find(R"("type":"epoch_open")") != std::string::npos);
    CHECK(world.agent.pending() == 0);
    CHECK(world.agent.tally().receipted == 206);
    CHECK(world.collector.device("ct-0001").hellos == 1);
    CHECK(world.collector.problems == 0);
    CHECK(world.latency.quantile_ms(0.5) > 0);
    world.run(130);
    CHECK(world.collector.device("ct-0001").beats == 2);
}

TEST_CASE("virtual agent: usage waits a second for company, a fault does not") {
    World world{50};
    world.run(1);
    const auto frames = [&] { return world.collector.device("ct-0001").frames; };
    const auto before = frames();
    world.append(3);
    world.run(0.5);
    CHECK(frames() == before);
    world.run(0.8);
    CHECK(frames() == before + 1);
    world.append(1, "fault.raised");
    world.run(0.1);
    CHECK(frames() == before + 2);
}

TEST_CASE("virtual agent: whatever the pipe loses, all arrives once and in order") {
    for (const double loss : {0.1, 0.4}) {
        CAPTURE(loss);
        World world{20, loss};
        for (int round = 0; round < 20; ++round) {
            world.append(50);
            world.run(5);
        }
        world.run(loss > 0.2 ? 4'000 : 1'000);
        CHECK(world.agent.pending() == 0);
        CHECK(in_order_once(world.stored(), 1'000));
        CHECK(world.agent.tally().resent > 0);
        CHECK(world.collector.problems == 0);
    }
}

TEST_CASE("virtual agent: forged, foreign and stale receipts delete nothing") {
    World world;
    world.run(1);
    world.deaf = true;
    world.append(30);
    world.run(0.5);
    REQUIRE(world.stored().size() == 31);
    const auto pending = world.agent.pending();
    REQUIRE(pending > 0);
    const auto hear = [&](const Bytes& message) { world.agent.receive(message, world.now, world.latency); };
    const auto& collector = world.collector;
    hear(collector.ack(dev, 31, SigningKey::from_seed(KeySeed{66}), collector.boot()));  // Another's signature.
    BootId stale = collector.boot();
    ++stale[5];
    hear(collector.ack(dev, 31, collector.signing_key(), stale));
    const auto other = DeviceId::parse("ct-0002").value();
    Ack foreign{};
    foreign.boot = collector.boot();
    foreign.epoch = EpochId{7};
    foreign.seq = 31;
    foreign.head = Hash{1};
    foreign.credit = 512;
    hear(seal_message(MessageKind::ack, dev, encode_body(foreign), collector.signing_key()));    // Another history.
    hear(seal_message(MessageKind::ack, other, encode_body(foreign), collector.signing_key()));  // Another device.
    CHECK(world.agent.pending() == pending);
    hear(collector.ack(dev, 31, collector.signing_key(), collector.boot()));
    CHECK(world.agent.pending() == 0);
}

TEST_CASE("virtual agent: never more in flight than the credit, and a pause is kept") {
    World world{10};
    world.collector.credit = 25;
    world.run(1);
    world.deaf = true;
    const auto stored = world.stored().size();
    world.append(300);
    world.run(2);
    CHECK(world.stored().size() == stored + 25);
    world.deaf = false;
    world.run(30);
    CHECK(world.agent.pending() == 0);

    world.collector.credit = 0;
    world.append(1, "fault.raised");
    world.run(0.2);
    const auto paused_at = world.stored().size();
    world.append(100);
    world.run(20);
    CHECK(world.stored().size() == paused_at);
    world.run(15);
    CHECK(world.stored().size() > paused_at);
}

TEST_CASE("virtual agent: silence is met with a new connection and a hello") {
    World world;
    world.run(1);
    world.deaf = true;
    world.append(30);
    world.run(40);
    CHECK(world.reconnects >= 1);
    CHECK(world.collector.device("ct-0001").hellos >= 2);
    world.deaf = false;
    world.run(60);
    CHECK(world.agent.pending() == 0);
    CHECK(in_order_once(world.stored(), 30));
}

TEST_CASE("virtual agent: a new boot of the collector is greeted, a restored one is told what is lost") {
    World world;
    world.append(100);
    world.run(3);
    world.collector.restart();
    world.agent.collector_boot(world.collector.boot());
    world.append(20);
    world.run(15);
    CHECK(world.collector.device("ct-0001").hellos == 2);
    CHECK(in_order_once(world.stored(), 120));

    world.collector.restore(dev, 61);
    world.agent.collector_boot(world.collector.boot());
    world.append(5);
    world.run(20);
    REQUIRE(world.collector.device("ct-0001").lost.size() == 1);
    CHECK(world.collector.device("ct-0001").lost[0].from == 62);
    CHECK(world.collector.device("ct-0001").lost[0].to == 121);
    CHECK(world.agent.pending() == 0);
    CHECK(world.stored().size() == 126);
    CHECK(world.collector.problems == 0);
}

TEST_CASE("virtual agent: a record refused three times travels as its tombstone, the rest goes on") {
    World world;
    world.collector.refuse_type = R"({"n":15})";
    world.append(40);
    world.run(120);
    CHECK(world.collector.device("ct-0001").tombstones == 1);
    CHECK(world.agent.tally().refused == 1);
    CHECK(world.agent.tally().receipted == 40);
    CHECK(world.agent.pending() == 0);
    CHECK(world.stored().size() == 41);
}

TEST_CASE("latency histogram: quantiles within a bucket's width") {
    LatencyHistogram histogram;
    CHECK(histogram.quantile_ms(0.5) < 0);
    for (int ms = 1; ms <= 1'000; ++ms) histogram.add(ms);
    CHECK(histogram.quantile_ms(0.50) == doctest::Approx(500).epsilon(0.06));
    CHECK(histogram.quantile_ms(0.99) == doctest::Approx(990).epsilon(0.06));
}
