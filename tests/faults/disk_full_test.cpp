// Full disks, on a small tmpfs that grows again: a refusal with a reason, no promise broken, and work goes on by itself
// afterwards.
#include <doctest/doctest.h>
#include <sched.h>
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

namespace {

// A tmpfs mounted for as long as the object lives; not ok() where this user may not mount.
class SmallDisk {
public:
    SmallDisk(std::filesystem::path where, const std::string& size) : where_{std::move(where)} {
        std::filesystem::create_directories(where_);
        ok_ = ::geteuid() == 0 &&
              run({"mount", "-t", "tmpfs", "-o", "size=" + size, "gantry-test", where_.string()}).exit == Exit{};
        if (!ok_) MESSAGE("skipped: this user may not mount a tmpfs");
    }
    ~SmallDisk() {
        if (ok_) run({"umount", "-l", where_.string()});
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    bool ok() const { return ok_; }
    void grow(const std::string& size) {
        REQUIRE(run({"mount", "-o", "remount,size=" + size, where_.string()}).exit == Exit{});
    }

private:
    std::filesystem::path where_;
    bool ok_ = false;
};

}  // namespace

TEST_CASE("agent with a full disk: refuses with a reason, keeps what it promised, recovers") {
    const TempDir dir;
    SmallDisk disk{dir / "agent", "1m"};
    if (!disk.ok()) return;
    Broker broker{dir / "broker"};
    Collector collector{dir.path(), broker.url()};
    Agent agent{dir / "agent", "ct-1", broker.url(), collector.provisioning()};
    collector.register_device("ct-1", agent.record_key());
    collector.child().signal(SIGSTOP);
    agent.start();
    std::vector<Promised> promises;
    auto intake = LineClient::connect(agent.intake());
    REQUIRE(intake.has_value());
    std::string refusal;
    // 1 MiB of disk holds at most some 5,000 records of 200 bytes.
    for (std::uint64_t n = 1; n <= 6000 && refusal.empty(); ++n) {
        const auto answer = intake->ask(exposure_line(n));
        REQUIRE_MESSAGE(answer.has_value(), agent.log());
        if (const auto promise = parse_ok(*answer)) {
            promises.push_back({.device = "ct-1", .promise = *promise, .n = n});
        } else {
            refusal = *answer;
        }
    }
    MESSAGE("promised " << promises.size() << ", then: " << refusal);
    CHECK((refusal.starts_with("error full") || refusal.starts_with("error io")));
    CHECK(agent.running());

    disk.grow("64m");
    collector.child().signal(SIGCONT);
    const auto again = [&] { return parse_ok(intake->ask(exposure_line(9000)).value_or("")); };
    std::optional<Promise> promise;
    CHECK(wait_until([&] { return (promise = again()).has_value(); }, 30s));
    if (promise) promises.push_back({.device = "ct-1", .promise = *promise, .n = 9000});
    CHECK(wait_until([&] { return agent.status("pending") == 0; }, 60s));
    const auto faults = faults_of_log(collector.database(), promises);
    CHECK_MESSAGE(faults.empty(), summary(faults));
}

TEST_CASE("collector with a full disk: stays up, gives no receipts, catches up when there is room") {
    const TempDir dir;
    SmallDisk disk{dir / "collector", "4m"};
    if (!disk.ok()) return;
    Broker broker{dir / "broker"};
    Collector collector{dir.path(), broker.url()};
    Agent agent{dir / "agent", "ct-1", broker.url(), collector.provisioning()};
    collector.register_device("ct-1", agent.record_key());
    agent.start();
    // 20,000 records of 200 bytes are 4 MB in the log alone.
    const auto promises = feed(agent, 1, 20'000, 256);
    std::this_thread::sleep_for(5s);
    CHECK(collector.running());
    CHECK(agent.status("pending").value_or(0) > 0);

    disk.grow("256m");
    CHECK(wait_until([&] { return agent.status("pending") == 0; }, 120s));
    CHECK(collector.running());
    const auto faults = faults_of_log(collector.database(), promises);
    CHECK_MESSAGE(faults.empty(), summary(faults));
}
