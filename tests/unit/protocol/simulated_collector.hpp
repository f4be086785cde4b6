#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/domain/admission.hpp"
#include "tests/unit/protocol/wire.hpp"

namespace gantry::simulated {

struct Leaf {
    DeviceId dev;
    std::int64_t recv_ms = 0;
    // A record …
    EpochId epoch{};
    std::uint64_t seq = 0;
    Hash digest{};
    std::uint32_t length = 0;
    std::optional<EpochOpen> open;
    // … or a fact.
    std::optional<FactLeaf> fact;
};

// The collector without threads and disk: the product's admission over a log in memory.
class Collector {
public:
    explicit Collector(Random& random) : random_{random} { restart(); }

    struct Disk {
        std::vector<Leaf> log;
        std::map<DeviceId, admission::DeviceLedger> ledgers;
    };

    void restart();
    Disk backup() const { return disk; }
    void restore(const Disk& kept);
    std::vector<Down> handle(const DeviceId& dev, const Up& message, std::int64_t now);
    std::set<std::string> findings() const;  // names of facts in the log
    // The ledger as a rebuild from the log makes it.
    std::map<DeviceId, admission::DeviceLedger> rebuilt() const;

    Disk disk;
    BootId boot{};

private:
    std::optional<Hash> head_at(const DeviceId& dev, const EpochId& epoch, std::uint64_t seq) const;
    void commit(admission::DeviceLedger& ledger, const admission::Outcome& outcome, const SentFrame* frame,
                std::int64_t now);
    std::vector<Down> replies(const admission::Outcome& outcome) const;
    Random& random_;
};

}  // namespace gantry::simulated
