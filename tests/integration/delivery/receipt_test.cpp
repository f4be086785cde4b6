// The first promise of the whole: a broker's PUBACK is worth nothing, only the collector's receipt after its COMMIT
// lets an agent forget.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/support/broker.hpp"
#include "tests/support/feeder.hpp"
#include "tests/support/gantry.hpp"
#include "tests/support/log_check.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

using namespace gantry::testing;
using namespace std::chrono_literals;

namespace {

// How often the collector acknowledged a message to the broker; the broker's log is the witness.
std::size_t pubacks_of_collector(const TempDir& dir) {
    const std::string log = read_text(dir / "broker/mosquitto.log");
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find("Received PUBACK from ", at)) != std::string::npos; ++at) {
        if (log.compare(at + 21, 4, "ct-1") != 0) ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("collector killed between PUBACK and COMMIT: nothing is lost") {
    const TempDir dir;
    Broker broker{dir / "broker", {.extra_lines = "log_type all\nlog_dest stderr\n"}};
    Collector collector{dir.path(), broker.url()};
    Agent agent{dir / "agent", "ct-1", broker.url(), collector.provisioning()};
    collector.register_device("ct-1", agent.record_key());
    agent.start();
    auto promises = feed(agent, 1, 3);
    REQUIRE(wait_until([&] { return agent.status("pending") == 0; }, 30s));

    // From now on every write of the collector hangs for a minute, so no commit reaches the database. (Not the sync
    // alone: what was written is in the kernel's hands and outlives the process.)
    Child slow{{"strace", "-f", "-qq", "-p", std::to_string(collector.child().pid()), "-e", "trace=pwrite64", "-e",
                "inject=pwrite64:delay_enter=60000000"},
               {.log = dir / "strace.log"}};
    std::this_thread::sleep_for(500ms);
    if (!slow.running() && read_text(dir / "strace.log").find("ermitted") != std::string::npos) {
        MESSAGE("skipped: this user may not trace processes");
        return;
    }
    REQUIRE_MESSAGE(slow.running(), read_text(dir / "strace.log"));

    const std::size_t before = pubacks_of_collector(dir);
    const auto more = feed(agent, 4, 5);
    promises.insert(promises.end(), more.begin(), more.end());
    // The broker has the collector's acknowledgement: as far as MQTT goes, the message is delivered for good.
    REQUIRE(wait_until([&] { return pubacks_of_collector(dir) > before; }, 20s));
    collector.child().signal(SIGKILL);
    slow.kill_now();
    collector.kill_now();

    // It was in no database, and the agent was told nothing.
    const auto stored = read_records(collector.database());
    CHECK(std::none_of(stored.begin(), stored.end(),
                       [](const auto& r) { return r.bytes.find(mark(4)) != std::string::npos; }));
    CHECK(agent.status("pending").value_or(0) >= 5);

    collector.start();
    CHECK(wait_until([&] { return agent.status("pending") == 0; }, 60s));
    const auto faults = faults_of_log(collector.database(), promises);
    CHECK_MESSAGE(faults.empty(), summary(faults));
}

TEST_CASE("collector whose disk fails: no receipt, it aborts, and starts again clean") {
    const TempDir dir;
    Broker broker{dir / "broker"};
    Collector collector{dir.path(), broker.url()};
    Agent agent{dir / "agent", "ct-1", broker.url(), collector.provisioning()};
    collector.register_device("ct-1", agent.record_key());
    agent.start();
    auto promises = feed(agent, 1, 3);
    REQUIRE(wait_until([&] { return agent.status("pending") == 0; }, 30s));

    Child broken{{"strace", "-f", "-qq", "-p", std::to_string(collector.child().pid()), "-e", "trace=fdatasync,fsync",
                  "-e", "inject=fdatasync,fsync:error=EIO"},
                 {.log = dir / "strace.log"}};
    std::this_thread::sleep_for(500ms);
    if (!broken.running()) {
        MESSAGE("skipped: " << read_text(dir / "strace.log"));
        return;
    }
    const auto more = feed(agent, 4, 5);
    promises.insert(promises.end(), more.begin(), more.end());
    CHECK(collector.child().wait(20s) == Exit{0, SIGABRT});
    CHECK(agent.status("pending").value_or(0) >= 5);

    collector.start();
    CHECK(wait_until([&] { return agent.status("pending") == 0; }, 60s));
    const auto faults = faults_of_log(collector.database(), promises);
    CHECK_MESSAGE(faults.empty(), summary(faults));
}
