// What may make an agent forget, and what may not. Every forgery is a real receipt with one thing wrong, and the last
// one, with nothing wrong, is believed: so the test would notice if the agent ignored them all.
#include <doctest/doctest.h>

#include <string>

#include "common/core/crypto.hpp"
#include "common/core/messages.hpp"
#include "common/core/topics.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/feeder.hpp"
#include "tests/support/gantry.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

using namespace gantry;
using namespace gantry::testing;
using namespace std::chrono_literals;

namespace {

void publish(const TempDir& dir, const Broker& broker, const DeviceId& dev, const Bytes& message) {
    write_text(dir / "message", std::string{as_text(message)});
    const Ran sent =
        run({"mosquitto_pub", "-V", "mqttv5", "-q", "1", "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-t",
             device_topic(dev, Channel::down), "-f", (dir / "message").string()});
    REQUIRE_MESSAGE(sent.exit == Exit{}, sent.err);
}

// The value of a retained status of the collector.
std::string collector_status(const Broker& broker) {
    return run({"mosquitto_sub", "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-t",
                std::string{any_collector_status}, "-C", "1", "-W", "10"})
        .out;
}

std::string json_text(const std::string& json, const std::string& name) {
    const auto at = json.find("\"" + name + "\":\"");
    REQUIRE_MESSAGE(at != std::string::npos, json);
    const auto begin = at + name.size() + 4;
    return json.substr(begin, json.find('"', begin) - begin);
}

}  // namespace

TEST_CASE("forged, foreign and stale receipts delete nothing") {
    const TempDir dir;
    Broker broker{dir / "broker"};
    Collector collector{dir.path(), broker.url()};
    Agent agent{dir / "agent", "ct-1", broker.url(), collector.provisioning()};
    collector.register_device("ct-1", agent.record_key());
    agent.start();
    feed(agent, 1, 3);
    REQUIRE(wait_until([&] { return agent.status("pending") == 0; }, 30s));

    const auto dev = DeviceId::parse("ct-1").value();
    const std::string status = collector_status(broker);
    const auto boot = array_from_hex<16>(json_text(status, "boot")).value();
    const auto gen = static_cast<std::uint64_t>(json_number(status, "gen").value());
    std::string seed_text = read_text(collector.state() / "keys/receipt.key");
    while (!seed_text.empty() && seed_text.back() == '\n') seed_text.pop_back();
    const auto key = SigningKey::from_seed(array_from_hex<32>(seed_text).value());

    // The collector is alive for the broker, but says nothing any more.
    collector.child().signal(SIGSTOP);
    const auto promises = feed(agent, 10, 4);
    const Promise& last = promises.back().promise;
    const Ack good{.boot = boot,
                   .gen = gen,
                   .epoch = epoch_from_hex(last.epoch).value(),
                   .seq = last.seq,
                   .head = hash_from_hex(last.head).value(),
                   .leaf = 100,
                   .size = 101,
                   .want = {},
                   .credit = 512};
    const auto pending = [&] { return agent.status("pending"); };
    REQUIRE(pending() == 4);

    Ack stale = good, beside = good, beyond = good, foreign_epoch = good;
    stale.boot[0] ^= 1;
    (*beside.head)[0] ^= 1;
    beyond.seq += 1000;
    foreign_epoch.epoch[0] ^= 1;
    KeySeed other_seed{};
    other_seed[0] = 42;
    struct Row {
        const char* what;
        Bytes message;
    };
    const auto other_dev = DeviceId::parse("ct-2").value();
    Bytes flipped = seal_message(MessageKind::ack, dev, encode_body(good), key);
    flipped[8] ^= 1;
    for (const Row& row : {
             Row{"signed by another key",
                 seal_message(MessageKind::ack, dev, encode_body(good), SigningKey::from_seed(other_seed))},
             Row{"signed for another device", seal_message(MessageKind::ack, other_dev, encode_body(good), key)},
             Row{"signature broken", flipped},
             Row{"of another start of the collector", seal_message(MessageKind::ack, dev, encode_body(stale), key)},
             Row{"chain value beside the own", seal_message(MessageKind::ack, dev, encode_body(beside), key)},
             Row{"beyond the own history", seal_message(MessageKind::ack, dev, encode_body(beyond), key)},
             Row{"of an unknown epoch", seal_message(MessageKind::ack, dev, encode_body(foreign_epoch), key)},
             Row{"not a message", Bytes{'G', 'T', 'M', '1', 3}},
         }) {
        CAPTURE(row.what);
        publish(dir, broker, dev, row.message);
        std::this_thread::sleep_for(300ms);
        CHECK(pending() == 4);
        CHECK(agent.running());
    }
    // Everything right. The agent may have said hello since; only the boot it greeted counts, and that is still the
    // same.
    publish(dir, broker, dev, seal_message(MessageKind::ack, dev, encode_body(good), key));
    CHECK(wait_until([&] { return pending() == 0; }, 5s));
    collector.child().signal(SIGCONT);
}
