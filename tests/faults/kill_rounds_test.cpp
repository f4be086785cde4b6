// Agents, broker and collector are killed with SIGKILL in random order, the broker loses its disk now and then, and
// everything that an intake promised is found in the log exactly once and in order. GANTRY_SEED and GANTRY_ROUNDS
// repeat a run or make it longer.
#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <random>
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

constexpr int devices = 3;

int setting(const char* name, int fallback) {
    const char* text = std::getenv(name);
    return text == nullptr ? fallback : std::atoi(text);
}

struct Hospital {
    TempDir dir;
    Broker broker{dir / "broker", {.persistence = true}};
    Collector collector{dir.path(), broker.url()};
    std::vector<std::unique_ptr<Agent>> agents;
    std::vector<std::unique_ptr<Feeder>> feeders;

    Hospital() {
        for (int i = 0; i < devices; ++i) {
            const std::string id = "ct-" + std::to_string(i);
            agents.push_back(std::make_unique<Agent>(dir / id, id, broker.url(), collector.provisioning()));
            collector.register_device(id, agents.back()->record_key());
            agents.back()->start();
            // 8 lines at once and 20 ms between them: up to 400 lines/s a device, which a test machine stores with
            // ease.
            feeders.push_back(std::make_unique<Feeder>(id, agents.back()->intake(), 1'000'000 * (i + 1), 8, 20ms));
        }
    }

    bool drained() {
        for (const auto& agent : agents) {
            if (agent->status("pending") != 0) return false;
        }
        return true;
    }
};

enum class Victim { agent, broker, broker_and_disk, collector };

}  // namespace

TEST_CASE("random kills: what was promised is in the log exactly once, in order") {
    const int rounds = setting("GANTRY_ROUNDS", 200);
    const int seed = setting("GANTRY_SEED", 20261122);
    MESSAGE("GANTRY_SEED=" << seed << " GANTRY_ROUNDS=" << rounds);
    std::mt19937 random{static_cast<std::uint32_t>(seed)};
    const auto pick = [&](int n) { return std::uniform_int_distribution{0, n - 1}(random); };
    Hospital hospital;
    int kills[4] = {};

    for (int round = 0; round < rounds; ++round) {
        std::this_thread::sleep_for(std::chrono::milliseconds{pick(500)});
        // Half of the kills meet an agent, a quarter the collector, a quarter the broker (every other time with its
        // disk).
        const Victim victim =
            std::array{
                Victim::agent,  Victim::agent,           Victim::agent,     Victim::agent,
                Victim::broker, Victim::broker_and_disk, Victim::collector, Victim::collector}[static_cast<std::size_t>(
                pick(8))];
        ++kills[static_cast<int>(victim)];
        const auto down = std::chrono::milliseconds{pick(40)};
        switch (victim) {
            case Victim::agent: {
                Agent& agent = *hospital.agents[static_cast<std::size_t>(pick(devices))];
                agent.kill_now();
                std::this_thread::sleep_for(down);
                agent.start();
                break;
            }
            case Victim::collector:
                hospital.collector.kill_now();
                std::this_thread::sleep_for(down);
                hospital.collector.start();
                break;
            case Victim::broker:
            case Victim::broker_and_disk:
                hospital.broker.kill_now();
                if (victim == Victim::broker_and_disk) hospital.broker.wipe_disk();
                std::this_thread::sleep_for(down);
                hospital.broker.start();
                break;
        }
    }

    std::vector<Promised> promises;
    for (const auto& feeder : hospital.feeders) {
        feeder->stop();
        const auto of_one = feeder->promises();
        promises.insert(promises.end(), of_one.begin(), of_one.end());
        CHECK_MESSAGE(feeder->refusals().empty(), "refused: " << feeder->refusals().front());
    }
    CHECK(wait_until([&] { return hospital.drained(); }, 120s));
    MESSAGE("promised " << promises.size() << ", stored " << count_records(hospital.collector.database())
                        << "; killed: agents " << kills[0] << ", broker " << kills[1] << ", broker and disk "
                        << kills[2] << ", collector " << kills[3]);
    CHECK(promises.size() >= static_cast<std::size_t>(rounds));  // Else it proved nothing.
    const auto faults = faults_of_log(hospital.collector.database(), promises);
    CHECK_MESSAGE(faults.empty(), summary(faults));
    const auto found = read_findings(hospital.collector.database());
    for (const char* rule : {"identity_conflict", "fork", "rollback", "host_changed", "records_lost", "outbox_lost"}) {
        CAPTURE(rule);
        CHECK(found.count(rule) == 0);  // Crashes alone raise no alarm.
    }
    hospital.collector.stop();
    const Ran rebuilt = run({program("gantry"), "rebuild", "--check", "--state", hospital.collector.state().string()});
    CHECK_MESSAGE(rebuilt.exit == Exit{}, rebuilt.out << rebuilt.err);
}
