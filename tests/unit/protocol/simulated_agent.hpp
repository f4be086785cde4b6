#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/domain/delivery.hpp"
#include "tests/unit/protocol/wire.hpp"

namespace gantry::simulated {

// What a host's disk holds of one epoch.
struct StoredEpoch {
    agent::EpochState state;
    std::vector<std::string> records;
    std::vector<Hash> heads;  // heads[n] = c[n]
    std::set<std::uint64_t> poisoned;
};

// A host: the outbox in memory, and the product's own state machine over it.
class Agent : public agent::History {
public:
    Agent(DeviceId dev, Hash host, Random& random);

    void start(std::string reason, agent::Millis now);  // the process starts: opens an epoch
    void resume(agent::Millis now);                     // a memory snapshot goes on: no new epoch
    void open_epoch(std::string reason);
    void append(std::string record, agent::Millis now);
    void prune();                              // forgets receipted records but the last three
    std::vector<Up> drive(agent::Millis now);  // everything it wants to say now
    void receive(const Down& message, agent::Millis now);
    void collector_status(const BootId& boot, agent::Millis now) { delivery_->collector_status(boot, now); }
    void reconnect(agent::Millis now);

    std::optional<Hash> head_at(const EpochId& epoch, std::uint64_t seq) const override;
    std::uint64_t pending() const { return delivery_->pending(); }
    bool greeted() const { return delivery_->is_greeted(); }
    agent::Millis next_wakeup(agent::Millis now) const { return delivery_->next_wakeup(now); }

    DeviceId dev;
    Hash host;
    std::vector<StoredEpoch> disk;
    int identity_alarms = 0;
    std::set<std::string> exercised;

private:
    StoredEpoch& stored(const EpochId& id);
    void carry_out(const agent::Action& action, std::vector<Up>& out, agent::Millis now);
    SentFrame frame_of(const agent::SendFrame& order);
    Random& random_;
    std::unique_ptr<agent::Delivery> delivery_;
};

}  // namespace gantry::simulated
