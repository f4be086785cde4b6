#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/core/leaf.hpp"

namespace gantry::http {

// One committed leaf, or (without a log index) a sign of life that is no record: both may change what a list shows of a
// device.
struct LiveNote {
    std::optional<std::uint64_t> log_index;
    LeafType kind = LeafType::record;
    std::string device;
    std::string type;                   // record type, event or fact
    std::optional<std::int64_t> at_ms;  // when it took effect
    std::int64_t recv_ms = 0;
};

// From the thread that commits to the thread that serves. Bounded: 4,096 notes are 80 ms of 50,000 records/s, and the
// server drains every 250 ms, so under such load notes are dropped, oldest first. A browser sees that by a gap in the
// log indexes; the figures of devices are read from the store and stay right. Dropping is counted.
class LiveBus {
public:
    static constexpr std::size_t notes_max = 4096;

    // After a commit, in log order. Never blocks for longer than a copy.
    void publish(std::vector<LiveNote> notes);
    // All that waits, oldest first.
    std::vector<LiveNote> drain();
    std::uint64_t dropped() const;

private:
    mutable std::mutex mutex_;
    std::vector<LiveNote> notes_;
    std::uint64_t dropped_ = 0;
};

}  // namespace gantry::http
