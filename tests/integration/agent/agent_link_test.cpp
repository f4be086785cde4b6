// The agent alone, on a real broker, with a collector that plays tricks on it.
#include <doctest/doctest.h>

#include <map>

#include "agent/core/outbox.hpp"
#include "common/core/crypto.hpp"
#include "tests/integration/agent/scripted_collector.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/child.hpp"
#include "tests/support/feeder.hpp"
#include "tests/support/gantry.hpp"
#include "tests/support/line_client.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

using namespace gantry;
using namespace gantry::testing;
using namespace std::chrono_literals;

namespace {

const DeviceId dev = DeviceId::parse("ct-1").value();

// A broker, a scripted collector and an agent that believes it.
struct Scene {
    TempDir dir;
    Broker broker{dir / "broker"};
    ScriptedCollector collector{broker.url(), dev};
    std::optional<Agent> agent;

    explicit Scene(const std::string& settings = {}) {
        write_text(dir / "provisioning.toml", collector.provisioning());
        agent.emplace(dir / "agent", dev.text(), broker.url(), dir / "provisioning.toml");
        collector.trust(array_from_hex<32>(agent->record_key()).value());
        if (settings.empty()) {
            agent->start();
        } else {
            write_text(dir / "agent.toml", settings);
            agent->start_under({"env", "GANTRY_OUTBOX_PENDING_MIB_MAX=1"});
            REQUIRE(wait_until([&] { return LineClient::connect(agent->intake()).has_value(); }));
        }
    }
    bool drained(std::chrono::milliseconds limit = 20s) {
        return collector.pump_until([&] { return agent->status("pending") == 0; }, limit);
    }
};

// `count` lines at once, and their promises.
std::vector<testing::Promise> feed_lines(Agent& agent, std::uint64_t first, int count) {
    auto client = LineClient::connect(agent.intake()).value();
    std::string all;
    for (int i = 0; i < count; ++i) all += exposure_line(first + static_cast<std::uint64_t>(i)) + "\n";
    all.pop_back();
    client.send(all);
    std::vector<testing::Promise> out;
    for (int i = 0; i < count; ++i) {
        const auto answer = client.receive();
        const auto promise = parse_ok(answer.value_or("no answer"));
        REQUIRE_MESSAGE(promise.has_value(), answer.value_or("no answer"));
        out.push_back(*promise);
    }
    return out;
}

std::size_t count_of(const ScriptedCollector& collector, const std::string& text) {
    std::size_t count = 0;
    for (const auto& [id, log] : collector.epochs) {
        for (const auto& record : log.records) count += record.find(text) != std::string::npos;
    }
    return count;
}

}  // namespace

TEST_CASE("agent: pipelined lines share commits, arrive signed and in order, with the promised chain values") {
    Scene scene;
    const auto promises = feed_lines(*scene.agent, 1, 700);
    REQUIRE(scene.drained());
    CHECK(scene.collector.bad == 0);
    for (const auto& promise : promises) {
        const auto& log = scene.collector.epochs.at(epoch_from_hex(promise.epoch).value());
        REQUIRE(log.high() >= promise.seq);
        CHECK(to_hex(log.heads[promise.seq]) == promise.head);
    }
    CHECK(scene.collector.frames < 100);  // 701 records in frames, not one by one
    CHECK(scene.agent->status("tail") == 701);
    CHECK(scene.agent->child().stop() == Exit{});
}

TEST_CASE("agent: killed in the middle of a flood, every promise arrives exactly once") {
    Scene scene;
    std::vector<testing::Promise> promises;
    for (std::uint64_t round = 0; round < 3; ++round) {
        {
            auto client = LineClient::connect(scene.agent->intake()).value();
            for (std::uint64_t n = 0; n < 200; ++n) client.send(exposure_line(1000 * round + n));
            for (int i = 0; i < 60; ++i) {
                const auto promise = parse_ok(client.receive().value_or(""));
                REQUIRE(promise.has_value());
                promises.push_back(*promise);
            }
            scene.agent->kill_now();
        }
        scene.agent->start();
    }
    REQUIRE(scene.drained(40s));
    CHECK(scene.collector.bad == 0);
    CHECK(scene.collector.order.size() == 4);
    for (const auto& promise : promises) {
        const auto& log = scene.collector.epochs.at(epoch_from_hex(promise.epoch).value());
        REQUIRE(log.high() >= promise.seq);
        CHECK(to_hex(log.heads[promise.seq]) == promise.head);
    }
    for (std::uint64_t n = 0; n < 60; ++n) CHECK(count_of(scene.collector, mark(n)) == 1);
}

TEST_CASE("agent: credit 0 is a pause, and the next receipt ends it") {
    Scene scene;
    scene.collector.credit = 0;
    feed_lines(*scene.agent, 1, 1);
    REQUIRE(scene.drained());
    const int before = scene.collector.frames;
    feed_lines(*scene.agent, 2, 5);
    scene.collector.pump_until([] { return false; }, 4s);
    CHECK(scene.collector.frames == before);
    scene.collector.credit = 512;
    scene.collector.ack(scene.collector.order.back(), 512);
    CHECK(scene.drained(5s));
}

TEST_CASE("agent: when receipts stay out it connects anew and says hello, and nothing is forgotten") {
    Scene scene;
    feed_lines(*scene.agent, 1, 1);
    REQUIRE(scene.drained());
    scene.collector.answers_frames = scene.collector.answers_hello = false;
    const int ups = scene.collector.ups;
    const int hellos = scene.collector.hellos;
    feed_lines(*scene.agent, 2, 3);
    CHECK(
        scene.collector.pump_until([&] { return scene.collector.ups > ups && scene.collector.hellos > hellos; }, 40s));
    CHECK(scene.agent->status("pending") == 3);
    scene.collector.answers_frames = scene.collector.answers_hello = true;
    CHECK(scene.drained(40s));
    for (std::uint64_t n = 1; n <= 4; ++n) CHECK(count_of(scene.collector, mark(n)) == 1);
}

TEST_CASE("agent: a receipt counts only when key, boot, epoch and chain value are right") {
    Scene scene;
    feed_lines(*scene.agent, 1, 1);
    REQUIRE(scene.drained());
    const EpochId epoch = scene.collector.order.back();
    scene.collector.answers_frames = scene.collector.answers_hello = false;
    const auto promise = feed_lines(*scene.agent, 2, 1).back();
    Ack good = scene.collector.right_ack(epoch);
    good.seq = promise.seq;
    good.head = hash_from_hex(promise.head).value();
    Ack stale = good, beside = good, foreign = good, none = good;
    stale.boot[0] ^= 1;
    (*beside.head)[0] ^= 1;
    foreign.epoch[0] ^= 1;
    none.head.reset();
    const auto other_key = SigningKey::from_seed(KeySeed{9});
    const auto settles = [&](const Ack& ack, const SigningKey& key) {
        scene.collector.send_signed(ack, key);
        return scene.collector.pump_until([&] { return scene.agent->status("pending") == 0; }, 700ms);
    };
    CHECK(!settles(good, other_key));
    CHECK(!settles(foreign, scene.collector.key()));
    CHECK(!settles(none, scene.collector.key()));
    CHECK(!settles(beside, scene.collector.key()));
    CHECK(!settles(stale, scene.collector.key()));
    CHECK(settles(good, scene.collector.key()));
}

TEST_CASE("agent: a record refused three times flies as a tombstone, its hash is told, what follows gets through") {
    Scene scene;
    scene.collector.refuse = [](std::uint64_t, const std::string& bytes) -> std::optional<std::string> {
        return bytes.find(mark(2)) != std::string::npos ? std::optional<std::string>{"schema"} : std::nullopt;
    };
    feed_lines(*scene.agent, 1, 3);
    REQUIRE(scene.drained(60s));
    const auto& log = scene.collector.epochs.at(scene.collector.order.back());
    REQUIRE(log.tombstones.size() == 1);
    CHECK(count_of(scene.collector, mark(2)) == 0);
    CHECK(count_of(scene.collector, mark(3)) == 1);
    CHECK(scene.collector.holds("\"reason\":\"poisoned\",\"sha256\":\"" + to_hex(log.tombstones.begin()->second)));
    CHECK(scene.agent->status("refused").value_or(0) >= 3);
}

TEST_CASE("agent: a collector that was restored to the past is filled again from the tail") {
    Scene scene;
    feed_lines(*scene.agent, 1, 40);
    REQUIRE(scene.drained());
    auto& log = scene.collector.epochs.at(scene.collector.order.back());
    const auto all = log.records;
    log.heads.resize(11);
    log.records.resize(10);
    scene.collector.restart();
    CHECK(scene.collector.pump_until([&] { return log.records == all; }, 30s));
    CHECK(scene.drained());
}

TEST_CASE("agent: a conflict moves what was not receipted into a new epoch, boxed; the old one is never sent again") {
    Scene scene;
    feed_lines(*scene.agent, 1, 5);
    REQUIRE(scene.drained());
    const EpochId old = scene.collector.order.back();
    scene.collector.answers_frames = false;
    feed_lines(*scene.agent, 6, 2);
    const auto original = scene.collector.epochs.at(old).records.back();
    scene.collector.epochs.at(old).conflict = true;
    scene.collector.answers_frames = true;
    scene.collector.restart();
    REQUIRE(scene.collector.pump_until(
        [&] { return scene.collector.order.size() == 2 && scene.agent->status("pending") == 0; }, 40s));
    const auto& fresh = scene.collector.epochs.at(scene.collector.order.back());
    REQUIRE(fresh.records.size() >= 3);
    CHECK(fresh.records[0].find("\"reason\":\"rollback\"") != std::string::npos);
    CHECK(fresh.records[1].find("\"type\":\"rehomed\"") != std::string::npos);
    CHECK(fresh.records[1].find(to_hex(old)) != std::string::npos);
    CHECK(scene.collector.epochs.at(old).records.back() == original);
}

TEST_CASE("agent: a lost outbox and a restart are told apart") {
    Scene scene;
    feed_lines(*scene.agent, 1, 1);
    REQUIRE(scene.drained());
    CHECK(scene.collector.holds("\"reason\":\"install\""));
    CHECK(scene.agent->child().stop() == Exit{});
    scene.agent->start();
    REQUIRE(scene.drained());
    CHECK(scene.collector.holds("\"reason\":\"start\""));
    CHECK(!scene.collector.holds("\"reason\":\"outbox_lost\""));
    scene.agent->kill_now();
    for (const char* part : {"outbox.db", "outbox.db-wal", "outbox.db-shm"})
        std::filesystem::remove(scene.dir / "agent" / "state" / part);
    scene.agent->start();
    REQUIRE(scene.drained());
    CHECK(scene.collector.holds("\"reason\":\"outbox_lost\""));
}

TEST_CASE("agent: a full outbox refuses without a number, keeps all it promised, and tells the gap afterwards") {
    Scene scene{"small"};
    scene.collector.answers_frames = scene.collector.answers_hello = false;
    auto client = LineClient::connect(scene.agent->intake()).value();
    std::uint64_t promised = 0;
    std::uint64_t refused = 0;
    for (std::uint64_t n = 0; n < 8'000 && refused < 3; n += 100) {
        for (std::uint64_t i = 0; i < 100; ++i) client.send(exposure_line(n + i));
        for (int i = 0; i < 100; ++i) {
            const auto answer = client.receive().value_or("");
            if (parse_ok(answer))
                ++promised;
            else if (answer.starts_with("error full "))
                ++refused;
            else
                FAIL(answer);
        }
    }
    REQUIRE(refused >= 3);
    CHECK(promised > 2'000);
    scene.collector.answers_frames = scene.collector.answers_hello = true;
    REQUIRE(scene.drained(60s));
    REQUIRE(scene.collector.pump_until([&] { return scene.collector.holds("\"reason\":\"full\""); }));
    CHECK(scene.collector.holds("\"count\":" + std::to_string(refused) + ","));
    CHECK(count_of(scene.collector, "usage.exposure") == promised);
}

TEST_CASE("agent: a state that is not in its own history is contradicted, and after the conflict it starts anew") {
    Scene scene;
    feed_lines(*scene.agent, 1, 5);
    REQUIRE(scene.drained());
    const EpochId old = scene.collector.order.back();
    auto& log = scene.collector.epochs.at(old);
    log.heads.back()[0] ^= 1;  // another history of the same length
    scene.collector.restart();
    REQUIRE(scene.collector.pump_until([&] { return scene.collector.contradictions > 0; }));
    CHECK(scene.collector.order.size() == 1);  // its own word alone moves nothing
    log.conflict = true;
    REQUIRE(scene.collector.pump_until(
        [&] { return scene.collector.order.size() == 2 && scene.agent->status("pending") == 0; }, 40s));
    CHECK(scene.collector.holds("\"reason\":\"rollback\""));
}

TEST_CASE("agent: behind a long backlog a new record does not wait") {
    Scene scene;
    feed_lines(*scene.agent, 1, 1);
    REQUIRE(scene.drained());
    scene.broker.kill_now();
    for (std::uint64_t first = 2; first < 10'800; first += 900) feed_lines(*scene.agent, first, 900);
    scene.collector.credit = 64;
    scene.broker.start();
    REQUIRE(scene.collector.pump_until([&] { return scene.collector.holds("\"reason\":\"backlog\""); }, 60s));
    const EpochId old = scene.collector.order.front();
    const std::uint64_t behind = 99'999;
    feed_lines(*scene.agent, behind, 1);
    REQUIRE(scene.collector.pump_until([&] { return scene.collector.holds(mark(behind)); }, 30s));
    CHECK(scene.collector.epochs.at(old).high() < 10'802);  // the old is still under way
    scene.collector.credit = 512;
    REQUIRE(scene.drained(60s));
    CHECK(count_of(scene.collector, "usage.exposure") == 10'802);
    CHECK(scene.collector.bad == 0);
}

TEST_CASE("agent: what its tail no longer has is declared lost after a restore, the rest is sent again") {
    Scene scene;
    feed_lines(*scene.agent, 1, 40);
    REQUIRE(scene.drained());
    REQUIRE(scene.agent->child().stop() == Exit{});
    std::uint64_t pruned = 0;
    {
        agent::Outbox outbox{scene.dir / "agent" / "state" / "outbox.db",
                             dev,
                             {.tail_bytes_min = 0, .tail_ms_min = 0, .tail_bytes_max = 0}};
        outbox.prune(4'000'000'000'000, 25, [&](const EpochId&, std::uint64_t seq) { pruned = seq; });
    }
    REQUIRE(pruned > 10);
    scene.agent->start();
    REQUIRE(scene.drained());
    auto& log = scene.collector.epochs.at(scene.collector.order.front());
    const auto all = log.records;
    log.heads.resize(11);
    log.records.resize(10);
    scene.collector.restart();
    REQUIRE(scene.collector.pump_until([&] { return log.records.size() == all.size(); }, 30s));
    REQUIRE(scene.drained());
    REQUIRE(scene.collector.losts.size() == 1);
    CHECK(scene.collector.losts.front().from == 11);
    CHECK(scene.collector.losts.front().to == pruned);
    for (std::size_t i = pruned; i < all.size(); ++i) CHECK(log.records[i] == all[i]);
}
