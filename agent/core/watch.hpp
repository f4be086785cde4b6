#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::agent {

// What the agent itself has to tell: hours of watching, steps of the clock, lines it had to refuse. Values in, record
// bodies out; the agent appends them when the outbox has room.
class Watch {
public:
    struct OwnRecord {
        std::string type;
        std::string body;
    };
    // Finished hours wait here while the outbox is nearly full: a month of them. Older ones go, and the hole tells of
    // them.
    static constexpr std::size_t hours_max = 31 * 24;

    // The agent is up at this moment; call at least once a minute. A jump of UTC against the boot clock of more than 2
    // s is a step.
    void tick(std::int64_t utc_ms, std::int64_t boottime_ms);
    // A line was refused for a reason that is no fault of the line: `full` or `io`.
    void refused(std::string_view reason, std::int64_t utc_ms);
    std::uint64_t refused_total() const { return refused_total_; }

    // What is ready to be appended; call appended() after the commit. A nearly full outbox holds the hours back, a full
    // one all.
    enum class Room { plenty, little, none };
    std::vector<OwnRecord> ready(Room room) const;
    void appended(std::size_t count);
    // The unfinished hour counts as finished: at the end of the process.
    void finish_hour();

private:
    struct Hour {
        std::int64_t start_ms = 0;
        std::uint64_t minutes = 0;  // bit 59 is minute 0
    };
    struct Gap {
        std::uint64_t count = 0;
        std::int64_t from_ms = 0;
        std::int64_t to_ms = 0;
        std::string reason;
    };
    std::optional<Hour> hour_;
    std::deque<Hour> hours_;
    std::optional<std::int64_t> offset_ms_;  // UTC minus boot clock
    std::deque<std::int64_t> steps_;
    std::optional<Gap> gap_;
    std::uint64_t refused_total_ = 0;
};

}  // namespace gantry::agent
