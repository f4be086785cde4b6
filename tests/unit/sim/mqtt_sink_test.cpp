#include "firmware-sim/emit/mqtt_sink.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "common/core/topics.hpp"
#include "firmware-sim/emit/keys.hpp"
#include "firmware-sim/emit/mqtt_session.hpp"
#include "firmware-sim/model/prng.hpp"
#include "tests/unit/sim/scripted_collector.hpp"

extern char** environ;

using namespace gantry;
using namespace gantry::sim;
namespace asio = boost::asio;

namespace {

int free_port() {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(probe, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    ::close(probe);
    return ntohs(address.sin_port);
}

/// A real mosquitto of our own on a free port of loopback.
class Broker {
public:
    Broker() : port{free_port()} {
        std::string name = (std::filesystem::temp_directory_path() / "gantry-sim-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        folder_ = name;
        std::ofstream{folder_ / "mosquitto.conf"}
            << fmt::format("listener {} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nlog_dest none\n", port);
        const std::string conf = (folder_ / "mosquitto.conf").string();
        const char* const words[] = {"mosquitto", "-c", conf.c_str(), nullptr};
        present = ::posix_spawnp(&pid_, "mosquitto", nullptr, nullptr, const_cast<char* const*>(words), environ) == 0;
    }
    ~Broker() {
        if (present) {
            ::kill(pid_, SIGTERM);
            ::waitpid(pid_, nullptr, 0);
        }
        std::filesystem::remove_all(folder_);
    }
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    int port;
    bool present = false;

private:
    std::filesystem::path folder_;
    pid_t pid_ = 0;
};

/// The scripted collector on a connection and a thread of its own; loses a share of what comes and of what it answers.
class LiveCollector {
public:
    LiveCollector(const Fleet& fleet, int port, double loss)
        : loss_{loss},
          endpoint_{{asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)}, mqtt::Version::v5},
          session_{context_, gate_, endpoint_, "collector", "", {"gantry/v1/+/+/up"}, handlers()} {
        for (std::uint32_t i = 0; i < fleet.size(); ++i)
            script.add(DeviceId::parse(fleet.profile(i).id).value(),
                       SigningKey::from_seed(record_key_seed(fleet.options(), fleet.profile(i))).public_key());
        session_.start();
        thread_ = std::thread{[this] { context_.run_for(std::chrono::seconds{90}); }};
    }
    void stop() {
        if (!thread_.joinable()) return;
        asio::post(context_, [this] { context_.stop(); });
        thread_.join();
    }
    ~LiveCollector() { stop(); }
    LiveCollector(const LiveCollector&) = delete;
    LiveCollector& operator=(const LiveCollector&) = delete;

    ScriptedCollector script;

private:
    mqtt::Session::Handlers handlers() {
        return {[] {}, [] {},
                [this](std::string_view topic, ByteView payload) {
                    const auto from = parse_device_topic(topic);
                    if (!from || prng_.chance(loss_)) return;
                    for (auto& answer : script.receive(from->dev, payload))
                        if (!prng_.chance(loss_))
                            session_.publish(0, device_topic(from->dev, Channel::down), std::move(answer));
                },
                [](std::uint32_t) {}};
    }

    double loss_;
    Prng prng_{3};
    asio::io_context context_{1};
    mqtt::Gate gate_;
    mqtt::Endpoint endpoint_;
    mqtt::Session session_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("mqtt sink: a fleet through a real mosquitto, with and without losses") {
    Broker broker;
    if (!broker.present) {
        MESSAGE("skipped: no mosquitto on this machine");
        return;
    }
    struct Row {
        double loss;
        std::uint32_t connections;
        bool old_version;
    };
    for (const auto& [loss, connections, old_version] : {Row{0, 0, false}, Row{0, 3, true}, Row{0.02, 5, false}}) {
        CAPTURE(loss);
        CAPTURE(connections);
        RunOptions run;
        run.fleet.devices = 10;
        run.fleet.seed = 40 + connections;
        run.fleet.from_ms = *parse_date("2026-05-04");
        run.fleet.days = 1;
        run.target = fmt::format("mqtt://127.0.0.1:{}", broker.port);
        run.connections = connections;
        run.mqtt_v311 = old_version;
        run.connect_timeout_s = 20;
        Fleet fleet{run.fleet};
        LiveCollector collector{fleet, broker.port, loss};
        const auto sink = make_mqtt_sink(fleet, run);
        std::vector<FleetEvent> events;
        fleet.advance(fleet.end_ms(), false, events);
        for (const auto& [device, event] : events) sink->take(device, event);
        CHECK(sink->drain(std::chrono::seconds{80}));
        collector.stop();

        const Tally tally = sink->tally();
        CHECK(tally.sent > 1'500);
        CHECK(tally.answered == tally.sent);
        CHECK(tally.errors == 0);
        CHECK(tally.latency_p99_ms >= tally.latency_p50_ms);
        CHECK(collector.script.problems == 0);
        std::uint64_t stored = 0;
        for (const auto& [id, device] : collector.script.devices()) stored += device.records.size();
        CHECK(stored == tally.sent);
    }
}

TEST_CASE("mqtt sink: a wrong address is said at once, an empty one after the time allowed") {
    RunOptions run;
    run.fleet.devices = 1;
    run.fleet.from_ms = *parse_date("2026-05-04");
    run.connect_timeout_s = 0.3;
    Fleet fleet{run.fleet};
    for (const char* bad : {"localhost:1883", "http://localhost", "mqtts://localhost"}) {
        run.target = bad;
        CHECK_THROWS_AS(make_mqtt_sink(fleet, run), EmitError);
    }
    run.target = fmt::format("mqtt://127.0.0.1:{}", free_port());
    const auto sink = make_mqtt_sink(fleet, run);
    CHECK_THROWS_AS(sink->serve(std::chrono::seconds{2}), EmitError);
}
