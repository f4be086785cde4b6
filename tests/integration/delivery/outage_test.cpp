// Long absences: the broker's disk is wiped, the collector is away for a week.
#include <doctest/doctest.h>

#include <map>
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

void append(std::vector<Promised>& to, const std::vector<Promised>& more) {
    to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

TEST_CASE("the broker loses its whole disk with records under way: nothing is lost") {
    const TempDir dir;
    Broker broker{dir / "broker", {.persistence = true}};
    Collector collector{dir.path(), broker.url()};
    Agent agent{dir / "agent", "ct-1", broker.url(), collector.provisioning()};
    collector.register_device("ct-1", agent.record_key());
    agent.start();
    auto promises = feed(agent, 1, 20);
    collector.child().signal(SIGSTOP);  // What is published now waits inside the broker, acknowledged.
    append(promises, feed(agent, 100, 50));
    std::this_thread::sleep_for(1500ms);
    broker.kill_now();
    broker.wipe_disk();
    collector.child().signal(SIGCONT);
    append(promises, feed(agent, 200, 50));
    broker.start();
    CHECK(wait_until([&] { return agent.status("pending") == 0; }, 60s));
    const auto faults = faults_of_log(collector.database(), promises);
    CHECK_MESSAGE(faults.empty(), summary(faults));
}

// A busy CT makes 626 records a day (7 × 626 = 4,382 a week). The second device makes more than 10,000,
// the limit beyond which an agent opens an epoch for the backlog.
TEST_CASE("the collector is away for a week: all of it arrives, and nobody takes the absence for a fork") {
    const TempDir dir;
    Broker broker{dir / "broker"};
    Collector collector{dir.path(), broker.url()};
    Agent usual{dir / "agent-1", "ct-1", broker.url(), collector.provisioning()};
    Agent busy{dir / "agent-2", "ct-2", broker.url(), collector.provisioning()};
    collector.register_device("ct-1", usual.record_key());
    collector.register_device("ct-2", busy.record_key());
    collector.stop();
    usual.start();
    busy.start();
    auto promises = feed(usual, 1, 7 * 626, 256);
    append(promises, feed(busy, 100'000, 11'000, 256));
    CHECK(usual.status("pending").value_or(0) >= 7 * 626);

    const auto started = std::chrono::steady_clock::now();
    collector.start();
    REQUIRE(wait_until([&] { return usual.status("pending") == 0 && busy.status("pending") == 0; }, 120s));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
    MESSAGE("caught up " << promises.size() << " records in " << took.count() << " ms");
    const auto faults = faults_of_log(collector.database(), promises);
    CHECK_MESSAGE(faults.empty(), summary(faults));
    const auto found = read_findings(collector.database());
    CHECK(found.count("identity_conflict") == 0);  // An absence alone raises no alarm about identity.
    CHECK(found.count("fork") == 0);
}
