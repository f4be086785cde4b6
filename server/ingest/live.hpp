#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/core/leaf.hpp"

// What has just been committed, for those who watch.
namespace gantry::ingest {

// A committed leaf; without a log index: a sign of life that is no record.
struct LiveNote {
    std::optional<std::uint64_t> log_index;
    LeafType kind = LeafType::record;
    std::string device;
    std::string type;                   // record type, event or fact
    std::optional<std::int64_t> at_ms;  // when it took effect
    std::int64_t recv_ms = 0;
};

// Called on the writer's thread after each commit, in log order, with at most live_notes_max notes (the last ones): it
// may copy into a bounded queue or post, and must return at once.
using LiveListener = std::function<void(std::vector<LiveNote>)>;

}  // namespace gantry::ingest
