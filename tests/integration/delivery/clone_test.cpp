// A copied outbox: both copies run, both are told apart, and what either promised is kept.
#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

#include "tests/support/broker.hpp"
#include "tests/support/feeder.hpp"
#include "tests/support/gantry.hpp"
#include "tests/support/log_check.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

using namespace gantry::testing;
using namespace std::chrono_literals;

TEST_CASE("a cloned outbox is detected, and nothing of either copy is lost") {
    const TempDir dir;
    Broker broker{dir / "broker"};
    Collector collector{dir.path(), broker.url()};
    Agent first{dir / "agent", "ct-1", broker.url(), collector.provisioning()};
    collector.register_device("ct-1", first.record_key());
    first.start();
    auto promises = feed(first, 1, 10);
    REQUIRE(wait_until([&] { return first.status("pending") == 0; }, 30s));
    first.stop();

    Agent second{dir / "clone", "ct-1", broker.url(), collector.provisioning()};
    std::filesystem::remove_all(second.state());
    std::filesystem::copy(first.state(), second.state(), std::filesystem::copy_options::recursive);

    const auto round = [&](Agent& agent, const std::vector<std::string>& wrapper, std::uint64_t mark) {
        agent.start_under(wrapper);
        REQUIRE(wait_until([&] { return LineClient::connect(agent.intake()).has_value(); }));
        const auto more = feed(agent, mark, 10);
        promises.insert(promises.end(), more.begin(), more.end());
        CHECK_MESSAGE(wait_until([&] { return agent.status("pending") == 0; }, 60s), agent.log());
        agent.stop();
    };
    round(first, {}, 100);
    // The copy on another host: the same state, another machine id. Without the right to mount, the same host must do.
    write_text(dir / "machine-id", "0123456789abcdef0123456789abcdef\n");
    const std::vector<std::string> elsewhere{
        "unshare",
        "-m",
        "sh",
        "-c",
        "mount --bind " + (dir / "machine-id").string() + " /etc/machine-id && exec \"$@\"",
        "sh"};
    const bool can_mount =
        ::geteuid() == 0 && std::filesystem::exists("/etc/machine-id") &&
        run({"unshare", "-m", "sh", "-c", "mount --bind " + (dir / "machine-id").string() + " /etc/machine-id"}).exit ==
            Exit{};
    round(second, can_mount ? elsewhere : std::vector<std::string>{}, 200);
    round(first, {}, 300);
    // Told as a conflict once both branches have spoken after the fork.
    round(second, can_mount ? elsewhere : std::vector<std::string>{}, 400);

    const auto faults = faults_of_log(collector.database(), promises);
    CHECK_MESSAGE(faults.empty(), summary(faults));
    const auto found = read_findings(collector.database());
    CHECK(found.count("fork") == 1);
    CHECK(found.count("identity_conflict") == 1);
    if (can_mount) {
        CHECK(found.count("host_changed") == 1);
    } else {
        MESSAGE("skipped: host_changed, because this user may not mount a second machine id");
    }
}
