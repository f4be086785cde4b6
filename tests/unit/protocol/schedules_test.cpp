// The protocol under seeded schedules of loss, doubling, reordering, restarts, restores of the collector behind living
// agents, pruned tails, refused records, rollbacks, clones, resumed memory snapshots and lost disks. Both halves are
// the product's own code. GANTRY_SCHEDULES=N and GANTRY_FIRST_SEED=S widen or repeat a run.
#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>
#include <list>
#include <map>

#include "common/core/crypto.hpp"
#include "tests/unit/protocol/simulated_agent.hpp"
#include "tests/unit/protocol/simulated_collector.hpp"

using namespace gantry;
using namespace gantry::simulated;

namespace {

struct Violation {
    std::string what;
};

void must(bool ok, std::string_view what) {
    if (!ok) throw Violation{std::string{what}};
}

struct Packet {
    Agent* up_from = nullptr;  // to the collector
    Up up{Hello{}};
    Agent* down_to = nullptr;
    std::variant<Down, BootId> down{BootId{}};
};

class World {
public:
    World(std::uint64_t seed, bool copies) : random_{seed}, copies_{copies}, collector_{random_} {
        const auto count = random_.between(1, 3);
        for (std::uint64_t i = 0; i < count; ++i) {
            Agent& agent = agents_.emplace_back(DeviceId::parse("ct-" + std::to_string(i)).value(),
                                                Hash{static_cast<std::uint8_t>(i + 1)}, random_);
            agent.start("install", now_);
        }
        backup_ = collector_.backup();
    }

    void run() {
        const auto steps = random_.between(50, 300);
        for (std::uint64_t i = 0; i < steps; ++i) {
            now_ += static_cast<std::int64_t>(random_.between(1, 3000));
            step();
        }
        heal();
        check_nothing_lost_or_doubled();
        check_receipts_are_covered();
        check_alarms();
        check_rebuild();
    }

    void collect(std::map<std::string, int>& exercised) const {
        for (const Agent& agent : agents_)
            for (const std::string& name : agent.exercised) ++exercised[name];
        for (const std::string& name : collector_.findings()) ++exercised[name];
    }

private:
    Agent& any() { return *std::next(agents_.begin(), static_cast<std::ptrdiff_t>(random_.below(agents_.size()))); }

    void step() {
        const double act = random_.unit();
        Agent& agent = any();
        if (act < 0.22) {
            for (std::uint64_t n = random_.between(1, 4); n > 0; --n)
                agent.append((random_.unit() < 0.03 ? "bad " : "rec ") + std::to_string(++serial_), now_);
        } else if (act < 0.55) {
            send(agent, 0.3, 0.15);
        } else if (act < 0.9) {
            if (!wire_.empty()) deliver(random_.below(wire_.size()), 0.3);
        } else {
            mishap(agent);
        }
        note_receipts(agent);
    }

    void send(Agent& agent, double loss, double doubling) {
        for (Up& message : agent.drive(now_)) {
            const Packet packet{&agent, std::move(message), nullptr, BootId{}};
            if (random_.unit() >= loss) wire_.push_back(packet);
            if (random_.unit() < doubling) wire_.push_back(packet);
        }
    }

    void deliver(std::size_t index, double loss) {
        const Packet packet = std::move(wire_[index]);
        wire_.erase(wire_.begin() + static_cast<std::ptrdiff_t>(index));
        if (packet.up_from) {
            for (Down& reply : collector_.handle(packet.up_from->dev, packet.up, now_))
                if (random_.unit() >= loss) wire_.push_back({nullptr, Hello{}, packet.up_from, std::move(reply)});
        } else if (const auto* boot = std::get_if<BootId>(&packet.down)) {
            packet.down_to->collector_status(*boot, now_);
        } else {
            packet.down_to->receive(std::get<Down>(packet.down), now_);
        }
    }

    void mishap(Agent& agent) {
        const double kind = random_.unit() * (copies_ ? 1.0 : 0.86);
        if (kind < 0.2) {
            wire_.clear();  // the broker's disk is wiped
        } else if (kind < 0.4) {
            agent.start("start", now_);
        } else if (kind < 0.55) {
            collector_.restart();
        } else if (kind < 0.62) {
            for (Agent& each : agents_)
                if (random_.unit() < 0.7) wire_.push_back({nullptr, Hello{}, &each, collector_.boot});
        } else if (kind < 0.72) {
            backup_ = collector_.backup();
        } else if (kind < 0.79) {
            collector_.restore(backup_);
            was_restored_ = true;
        } else if (kind < 0.86) {
            agent.prune();
        } else if (kind < 0.92) {
            snapshots_[&agent] = agent.disk;
        } else if (kind < 0.95 && snapshots_.contains(&agent)) {
            agent.disk = snapshots_[&agent];
            agent.start("start", now_);
        } else if (kind < 0.955) {
            agent.disk.clear();
            agent.start("outbox_lost", now_);
        } else if (agents_.size() < 5) {
            clone(agent, kind < 0.975);
        }
    }

    void clone(const Agent& from, bool started) {
        Agent& copy = agents_.emplace_back(from.dev, from.host, random_);
        copy.disk = from.disk;
        if (started) {
            copy.host[31] = 0xCC;
            was_cloned_ = true;
            copy.start("start", now_);
        } else {
            copy.resume(now_);
        }
    }

    void note_receipts(const Agent& agent) {
        for (const StoredEpoch& epoch : agent.disk) {
            auto& best = receipted_[{agent.dev, epoch.state.id}];
            best = std::max(best, epoch.state.acked);
        }
    }

    void heal() {
        for (Agent& agent : agents_) agent.reconnect(now_);
        for (int round = 0; round < 4000; ++round) {
            for (Agent& agent : agents_) send(agent, 0, 0);
            const bool quiet = wire_.empty();
            while (!wire_.empty()) deliver(0, 0);
            bool done = quiet;
            std::int64_t wake = now_ + 300'000;
            for (Agent& agent : agents_) {
                note_receipts(agent);
                done = done && agent.greeted() && agent.pending() == 0;
                wake = std::min(wake, agent.next_wakeup(now_));
            }
            if (done) return;
            now_ = std::max(now_ + 1, quiet ? wake : now_ + 200);
        }
        throw Violation{"not drained after the faults stopped"};
    }

    void check_nothing_lost_or_doubled() const {
        std::map<std::tuple<DeviceId, EpochId, std::uint64_t>, Hash> stored;
        std::map<std::pair<DeviceId, EpochId>, std::set<std::uint64_t>> told_lost;
        for (const Leaf& leaf : collector_.disk.log) {
            if (!leaf.fact) {
                must(stored.emplace(std::tuple{leaf.dev, leaf.epoch, leaf.seq}, leaf.digest).second, "doubled");
                continue;
            }
            const auto& more = leaf.fact->more;
            if (leaf.fact->fact == facts::records_lost) {
                const EpochId epoch = epoch_from_hex(std::get<std::string>(more.at("epoch"))).value();
                for (auto seq = std::get<std::int64_t>(more.at("from")); seq <= std::get<std::int64_t>(more.at("to"));
                     ++seq)
                    told_lost[{leaf.dev, epoch}].insert(static_cast<std::uint64_t>(seq));
            } else if (leaf.fact->fact == facts::poisoned) {
                const EpochId epoch = epoch_from_hex(std::get<std::string>(more.at("epoch"))).value();
                const auto seq = static_cast<std::uint64_t>(std::get<std::int64_t>(more.at("seq")));
                const Hash digest = hash_from_hex(std::get<std::string>(more.at("sha256"))).value();
                must(stored.emplace(std::tuple{leaf.dev, epoch, seq}, digest).second, "doubled tombstone");
            }
        }
        for (const Agent& agent : agents_) {
            must(agent.pending() == 0, "not drained");
            for (const StoredEpoch& epoch : agent.disk) {
                if (epoch.state.dead) continue;
                const auto lost = told_lost.find({agent.dev, epoch.state.id});
                for (std::uint64_t seq = 1; seq <= epoch.records.size(); ++seq) {
                    const auto found = stored.find({agent.dev, epoch.state.id, seq});
                    if (found == stored.end())
                        must(lost != told_lost.end() && lost->second.contains(seq), "lost");
                    else
                        must(found->second == sha256(as_bytes(epoch.records[seq - 1])),
                             "another history under our number");
                }
            }
        }
    }

    void check_receipts_are_covered() const {
        if (was_restored_) return;
        for (const auto& [place, acked] : receipted_) {
            if (acked == 0) continue;
            const auto& epochs = collector_.disk.ledgers.at(place.first).epochs();
            must(epochs.contains(place.second) && acked <= epochs.at(place.second).high,
                 "a receipt is not covered by the log");
        }
    }

    void check_alarms() const {
        const auto found = collector_.findings();
        const bool identity =
            found.contains("fork") || found.contains("identity_conflict") || found.contains("host_changed");
        if (was_cloned_) must(identity, "a clone was not seen");
        if (copies_) return;
        must(!identity && !found.contains("outbox_lost") && !found.contains("rollback"),
             "false alarm at the collector");
        for (const Agent& agent : agents_) must(agent.identity_alarms == 0, "false alarm at an agent");
    }

    void check_rebuild() const {
        const auto rebuilt = collector_.rebuilt();
        for (const auto& [dev, ledger] : collector_.disk.ledgers) {
            if (ledger.epochs().empty()) continue;
            const auto again = rebuilt.find(dev);
            must(again != rebuilt.end() && again->second.epochs().size() == ledger.epochs().size(),
                 "rebuild has other epochs");
            for (const auto& [id, epoch] : ledger.epochs()) {
                const auto& twin = again->second.epochs().at(id);
                must(twin.high == epoch.high && twin.head == epoch.head, "rebuild stands elsewhere");
                must(admission::serialize(twin) == admission::serialize(epoch), "rebuild's ledger differs");
            }
        }
    }

    Random random_;
    bool copies_;
    std::int64_t now_ = 1'000'000;
    std::uint64_t serial_ = 0;
    Collector collector_;
    std::list<Agent> agents_;
    std::vector<Packet> wire_;
    Collector::Disk backup_;
    std::map<const Agent*, std::vector<StoredEpoch>> snapshots_;
    std::map<std::pair<DeviceId, EpochId>, std::uint64_t> receipted_;
    bool was_restored_ = false;
    bool was_cloned_ = false;
};

std::uint64_t setting(const char* name, std::uint64_t fallback) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : fallback;
}

}  // namespace

TEST_CASE("protocol: seeded schedules with and without copies of a host") {
    const std::uint64_t first = setting("GANTRY_FIRST_SEED", 0);
    const std::uint64_t count = setting("GANTRY_SCHEDULES", 5000);  // each runs twice: with copies and without
    std::map<std::string, int> exercised;
    int shown = 0;
    std::uint64_t violations = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        for (const bool copies : {true, false}) {
            try {
                World world{seed * 2 + (copies ? 1 : 0), copies};
                world.run();
                world.collect(exercised);
            } catch (const Violation& violation) {
                ++violations;
                if (++shown > 10) continue;
                const std::string what =
                    "seed " + std::to_string(seed) + (copies ? " with copies: " : ": ") + violation.what;
                MESSAGE(what);
            }
        }
    }
    CHECK(violations == 0);
    std::cout << 2 * count << " schedules from seed " << first << "; exercised:";
    for (const auto& [name, times] : exercised) std::cout << ' ' << name << '=' << times;
    std::cout << '\n';
    // A schedule that never meets a rule proves nothing about it.
    if (count >= 1000)
        for (const char* name :
             {"lost", "poisoned", "gap_open", "gap_closed", "fork", "identity_conflict", "host_changed", "outbox_lost",
              "rehome", "refill", "contradiction", "backlog", "poison", "reconnect"}) {
            CAPTURE(name);
            CHECK(exercised[name] > 0);
        }
}
