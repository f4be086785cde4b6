// The agent dies at each of its writes and syncs in turn, by SIGKILL on entering the system call: no `ok` that it gave
// may be lost, and the collector sees no fork in what follows.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/broker.hpp"
#include "tests/support/gantry.hpp"
#include "tests/support/log_check.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

using namespace gantry::testing;
using namespace std::chrono_literals;

namespace {

constexpr int lines = 4;

// Starts the agent under strace so that it dies at the n-th of these calls, hands it lines one by one, and returns what
// it promised before its end. `survived` when it took all the lines.
std::vector<Promised> run_until_crash(Agent& agent, int n, std::uint64_t first_mark, bool& survived) {
    const std::string when =
        "inject=pwrite64,fdatasync,fsync,ftruncate,unlink:signal=SIGKILL:when=" + std::to_string(n);
    agent.start_under({"strace", "-f", "-qq", "-o", "/dev/null", "-e",
                       "trace=pwrite64,fdatasync,fsync,ftruncate,unlink", "-e", when});
    std::vector<Promised> promises;
    std::optional<LineClient> intake;
    wait_until([&] { return (intake = LineClient::connect(agent.intake())).has_value() || !agent.running(); });
    for (std::uint64_t i = 0; intake && i < lines; ++i) {
        const auto answer = intake->ask(exposure_line(first_mark + i));
        const auto promise = answer ? parse_ok(*answer) : std::nullopt;
        if (!promise) break;
        promises.push_back({.device = agent.device(), .promise = *promise, .n = first_mark + i});
    }
    survived = promises.size() == lines;
    agent.kill_now();
    return promises;
}

}  // namespace

TEST_CASE("agent: killed at every write and sync, keeps every promise") {
    const TempDir dir;
    Broker broker{dir / "broker"};
    Collector collector{dir.path(), broker.url()};
    Agent agent{dir / "agent", "ct-1", "mqtt://127.0.0.1:1",
                collector.provisioning()};  // nobody there: only the outbox works
    collector.register_device("ct-1", agent.record_key());
    bool survived = false;
    run_until_crash(agent, 1, 1, survived);
    if (!agent.running() && agent.log().find("ermitted") != std::string::npos) {
        MESSAGE("skipped: this user may not trace processes");
        return;
    }
    REQUIRE_FALSE(survived);  // The first write kills it, so the injection works.

    std::vector<Promised> promises;
    int n = 2;
    int points_max = 400;
    for (survived = false; !survived && n < points_max; ++n) {
        const auto kept = run_until_crash(agent, n, static_cast<std::uint64_t>(n) * 100, survived);
        promises.insert(promises.end(), kept.begin(), kept.end());
    }
    MESSAGE("killed at " << n - 2 << " points, promised " << promises.size());
    CHECK(survived);
    CHECK(n > 10);  // Four commits cannot take fewer.

    Agent connected{dir / "connected", "ct-1", broker.url(), collector.provisioning()};
    std::filesystem::remove_all(connected.state());
    std::filesystem::rename(agent.state(), connected.state());
    connected.start();
    REQUIRE_MESSAGE(wait_until([&] { return connected.status("pending") == 0; }, 60s), connected.log());
    const auto faults = faults_of_log(collector.database(), promises);
    CHECK_MESSAGE(faults.empty(), summary(faults));
    CHECK(read_findings(collector.database()).empty());
}

TEST_CASE("agent: a sync that fails is never answered with ok") {
    const TempDir dir;
    Broker broker{dir / "broker"};
    Collector collector{dir.path(), broker.url()};
    Agent agent{dir / "agent", "ct-1", broker.url(), collector.provisioning()};
    collector.register_device("ct-1", agent.record_key());
    agent.start();
    Child broken{{"strace", "-f", "-qq", "-p", std::to_string(agent.child().pid()), "-e", "trace=fdatasync,fsync", "-e",
                  "inject=fdatasync,fsync:error=EIO"},
                 {.log = dir / "strace.log"}};
    std::this_thread::sleep_for(500ms);
    if (!broken.running()) {
        MESSAGE("skipped: " << read_text(dir / "strace.log"));
        return;
    }
    auto intake = LineClient::connect(agent.intake());
    REQUIRE(intake.has_value());
    const auto answer = intake->ask(exposure_line(1), 5s);
    CHECK_FALSE(parse_ok(answer.value_or("")).has_value());
    broken.kill_now();
    agent.kill_now();
    agent.start();
    intake = LineClient::connect(agent.intake());
    REQUIRE(intake.has_value());
    const auto promise = parse_ok(intake->ask(exposure_line(2)).value_or(""));
    REQUIRE(promise.has_value());
    CHECK(wait_until([&] { return agent.status("pending") == 0; }, 30s));
    const auto faults = faults_of_log(collector.database(), {{.device = "ct-1", .promise = *promise, .n = 2}});
    CHECK_MESSAGE(faults.empty(), summary(faults));
}
