#include <doctest/doctest.h>

#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

TEST_CASE("collector: a frame is stored and receipted with the agent's own chain value") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent)->added == 1);
    for (std::uint64_t n = 0; n < 9; ++n) agent.expose(n, TestAgent::start_ms);
    const auto ack = collector.deliver(agent, 1, 10);
    REQUIRE(ack.has_value());
    CHECK(ack->head == agent.epoch().heads[10]);
    CHECK(ack->boot == collector.collector->boot());
    CHECK_FALSE(ack->want.has_value());
    CHECK(ack->credit == limits::credit_default);

    store::StoreReader reader{collector.database()};
    const auto leaf = reader.leaf(ack->leaf);
    REQUIRE(leaf.has_value());
    CHECK(leaf->row.seq == 10);
    CHECK(as_text(leaf->bytes) == agent.epoch().records[9]);
    CHECK(leaf->epoch == agent.epoch().id);
    const auto fold = parse_device_fold(reader.device("ct-1")->fold).value();
    CHECK(fold.exposures == 9);
    CHECK(fold.records == 10);
}

TEST_CASE("collector: no receipt leaves before its records are in the committed store") {
    TestCollector collector;
    store::StoreReader reader{collector.database()};
    std::atomic<int> early{0};
    std::atomic<int> checked{0};
    collector.transport->on_publish = [&](const DeviceId& dev, const Down& down) {
        const auto* ack = std::get_if<Ack>(&down);
        if (!ack) return;
        ++checked;
        const auto epochs = reader.epochs(reader.device(dev.text())->row.dev_no);
        const bool covered = epochs.size() == 1 && epochs[0].high >= ack->seq &&
                             reader.log_state()->size >= ack->size && reader.leaf(ack->leaf).has_value();
        if (!covered) ++early;
    };
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    for (std::uint64_t n = 0; n < 200; ++n) {
        agent.expose(n, TestAgent::start_ms);
        REQUIRE(collector.offer(agent, agent.frame(n + 1, n + 1)));
    }
    REQUIRE(collector.acked(agent.dev, 200).has_value());
    CHECK(checked > 0);
    CHECK(early == 0);
}

TEST_CASE("collector: doubled and overlapping frames store each record once, in whatever order they come") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    for (std::uint64_t n = 0; n < 19; ++n) agent.expose(n, TestAgent::start_ms);
    REQUIRE(collector.deliver(agent, 1, 10).has_value());
    collector.offer(agent, agent.frame(1, 10));
    collector.offer(agent, agent.frame(15, 20));  // a gap: nothing is stored
    const auto want = collector.transport->wait_for<Ack>(agent.dev, [](const Ack& ack) { return ack.want == 11; });
    REQUIRE(want.has_value());
    REQUIRE(collector.deliver(agent, 6, 20).has_value());
    CHECK(rows_in(collector.database(), "leaf WHERE type = 1") == 20);
    CHECK(rows_in(collector.database(), "(SELECT DISTINCT epoch_no, seq FROM leaf WHERE type = 1)") == 20);
    CHECK(collector.collector->metrics().records_duplicate == 15);
}

TEST_CASE("collector: an epoch that is unknown is asked for from its first record") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    for (std::uint64_t n = 0; n < 4; ++n) agent.expose(n, TestAgent::start_ms);
    collector.offer(agent, agent.frame(3, 5));
    const auto ack = collector.acked(agent.dev, 0);
    REQUIRE(ack.has_value());
    CHECK_FALSE(ack->head.has_value());
    CHECK(ack->want == 1);
}

TEST_CASE("collector: a hello is answered by what is stored, below its end, too") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    for (std::uint64_t n = 0; n < 30; ++n) agent.expose(n, TestAgent::start_ms);
    REQUIRE(collector.deliver(agent, 1, 10).has_value());
    REQUIRE(collector.deliver(agent, 11, 31).has_value());
    const auto state_for = [&](const TestAgent& asking, const std::string& nonce) {
        collector.offer(asking, asking.hello(nonce));
        return collector.transport->wait_for<StateReply>(asking.dev,
                                                         [&](const StateReply& state) { return state.nonce == nonce; });
    };
    const auto state = state_for(agent, "n1");
    REQUIRE(state.has_value());
    CHECK(state->epochs.at(0).high == 31);
    CHECK(state->epochs.at(0).head == agent.epoch().heads[31]);

    // A copy of an older moment: the chain value there must come from the stored records.
    TestAgent older = agent;
    older.epoch().records.resize(25);
    older.epoch().heads.resize(26);
    collector.restart();
    const auto then = state_for(older, "n2");
    REQUIRE(then.has_value());
    CHECK(then->epochs.at(0).at == 25);
    CHECK(then->epochs.at(0).head == agent.epoch().heads[25]);
    CHECK_FALSE(then->epochs.at(0).conflict);
}

TEST_CASE("collector: two histories for one place freeze the epoch and are both kept") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    agent.expose(1, TestAgent::start_ms);
    TestAgent resumed = agent;  // a memory snapshot, resumed
    agent.expose(2, TestAgent::start_ms);
    resumed.expose(3, TestAgent::start_ms);
    REQUIRE(collector.deliver(agent, 1, 3).has_value());
    collector.offer(resumed, resumed.frame(2, 3));
    const auto refusal =
        collector.transport->wait_for<Refusal>(agent.dev, [](const Refusal& r) { return r.code == "conflict"; });
    REQUIRE(refusal.has_value());
    CHECK(rows_in(collector.database(), "conflict") == 1);
    CHECK(rows_in(collector.database(), "finding WHERE rule = 'identity_conflict' AND open = 1") == 1);
    collector.restart();
    agent.expose(4, TestAgent::start_ms);
    collector.offer(agent, agent.frame(4, 4));
    REQUIRE(collector.transport->wait_for<Refusal>(agent.dev, [](const Refusal& r) { return r.code == "conflict"; })
                .has_value());
    CHECK(rows_in(collector.database(), "leaf WHERE type = 1") == 3);
}

TEST_CASE("collector: forged, foreign and malformed messages store nothing and are told apart") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    TestAgent thief{"ct-1", 9};     // another key under the same name
    TestAgent stranger{"ct-9", 3};  // not in the register
    REQUIRE(collector.add(agent).has_value());
    REQUIRE(collector.deliver(agent, 1, 1).has_value());
    const auto& refused = collector.collector->metrics().frames_refused;
    const auto count = [&](std::string_view reason) {
        for (std::size_t i = 0; i < refused.size(); ++i)
            if (ingest::refused_names[i] == reason) return refused[i].load();
        return std::uint64_t{0};
    };
    Bytes flipped = agent.all();
    flipped[100] ^= 1;

    collector.offer(thief, thief.all());
    collector.offer(stranger, stranger.all());
    collector.offer(agent, flipped);
    collector.offer(agent, Bytes{'G', 'T', 'F', '1', 0});
    collector.offer(agent, Bytes{});
    collector.collector->offer("gantry/v1/00/ct-1/up", agent.all());  // not the device's partition
    collector.collector->offer("gantry/v1/_collector/main/status", agent.all());
    Bytes own = seal_message(MessageKind::ack, agent.dev, "{}", agent.key);  // a device that plays collector
    collector.offer(agent, own);
    agent.expose(1, TestAgent::start_ms);
    REQUIRE(collector.deliver(agent, 1, 2).has_value());  // and the honest one goes on

    CHECK(count("signature") == 1);
    CHECK(count("unknown_device") == 1);
    CHECK(count("topic") == 2);
    CHECK(count("direction") == 1);
    CHECK(count("layout") + count("chain") == 3);
    CHECK(rows_in(collector.database(), "leaf WHERE type = 1") == 2);
    CHECK(rows_in(collector.database(), "quarantine") == 5);
}

TEST_CASE("collector: a record the schema refuses stops its frame there; its tombstone lets the rest through") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    agent.expose(1, TestAgent::start_ms);
    agent.append("usage.exposure", R"({"patient_name":"Chen"})");
    agent.expose(2, TestAgent::start_ms);
    collector.offer(agent, agent.all());
    const auto refusal = collector.transport->wait_for<Refusal>(agent.dev, [](const Refusal& r) { return r.seq == 3; });
    REQUIRE(refusal.has_value());
    CHECK(refusal->code == "schema");
    REQUIRE(collector.acked(agent.dev, 2).has_value());  // the valid prefix is stored
    // What was refused leaves no value behind, only hash and reason.
    store::StoreReader reader{collector.database()};
    sql::Query<std::string> detail{reader.db(), "SELECT detail FROM quarantine"};
    CHECK(std::get<0>(*detail.first()).find("Chen") == std::string::npos);

    collector.offer(agent, agent.frame(3, 4, 3));
    const auto ack = collector.acked(agent.dev, 4);
    REQUIRE(ack.has_value());
    CHECK(ack->head == agent.epoch().heads[4]);
    CHECK(rows_in(collector.database(), "leaf WHERE type = 1") == 3);
    CHECK(rows_in(collector.database(), "finding WHERE rule = 'poisoned'") == 1);
}

TEST_CASE("collector: the log goes on where it stopped, and receive time never goes back") {
    std::atomic<std::int64_t> now{2'000'000};
    TestCollector collector{[&now] { return now.load(); }};
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    REQUIRE(collector.deliver(agent, 1, 1).has_value());
    now = 1'000'000;
    agent.expose(1, TestAgent::start_ms);
    REQUIRE(collector.deliver(agent, 2, 2).has_value());
    collector.restart();
    agent.expose(2, TestAgent::start_ms);
    const auto ack = collector.deliver(agent, 3, 3);
    REQUIRE(ack.has_value());
    CHECK(ack->head == agent.epoch().heads[3]);
    store::StoreReader reader{collector.database()};
    std::int64_t last = 0;
    for (const auto& leaf : reader.leaves_from(0, 100)) {
        CHECK(leaf.row.recv_ms >= last);
        last = leaf.row.recv_ms;
    }
    CHECK(last > 2'000'000);
}

TEST_CASE("collector: a device with a wrong clock is told once, and once more when it is right again") {
    std::atomic<std::int64_t> now{TestAgent::start_ms + 120'000};
    TestCollector collector{[&now] { return now.load(); }};
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    for (int i = 0; i < 3; ++i) collector.offer(agent, agent.beat());
    collector.offer(agent, agent.hello("n1"));
    const auto answered = [](const std::string& nonce) {
        return [nonce](const StateReply& state) { return state.nonce == nonce; };
    };
    REQUIRE(collector.transport->wait_for<StateReply>(agent.dev, answered("n1")).has_value());
    CHECK(rows_in(collector.database(), "finding WHERE rule = 'clock' AND open = 1 AND count = 1") == 1);
    agent.clock_ms = now;
    collector.offer(agent, agent.hello("n2"));
    REQUIRE(collector.transport->wait_for<StateReply>(agent.dev, answered("n2")).has_value());
    CHECK(rows_in(collector.database(), "finding WHERE rule = 'clock' AND open = 0") == 1);
    CHECK(rows_in(collector.database(), "seen") == 1);
}
