#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/result.hpp"

// Server-sent events as text, and the bounded queue of one client. Pure.
namespace gantry::http {

struct SseEvent {
    std::optional<std::uint64_t> id;
    std::string_view name;
    std::string_view data;  // one line of JSON
};
// "id: 7\nevent: record\ndata: {…}\n\n". Line ends inside data become further data lines.
std::string sse_text(const SseEvent& event);
std::string sse_comment(std::string_view text);
std::string sse_retry(std::uint64_t ms);

// The header's value as a log index; malformed for anything else.
Result<std::uint64_t> parse_last_event_id(std::string_view text);

// What waits for one client. Full: `overflowed` from then on, nothing more is taken, and its connection is to be
// closed: the client comes back with its last id and is told the rest from the store.
class SseQueue {
public:
    explicit SseQueue(std::size_t bytes_max) : bytes_max_{bytes_max} {}
    // `id`: of events that a replay may already have sent.
    void push(std::string text, std::optional<std::uint64_t> id);
    // Events up to and including this id were sent by a replay: forget those, also when they are pushed later, for a
    // commit may be in the store before its live note arrives.
    void replayed_through(std::uint64_t id);
    // All that waits, joined; empty when nothing does.
    std::string take();
    bool overflowed() const { return overflowed_; }
    bool empty() const { return events_.empty(); }
    std::size_t bytes() const { return bytes_; }

private:
    struct Waiting {
        std::string text;
        std::optional<std::uint64_t> id;
    };
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::deque<Waiting> events_;
    std::optional<std::uint64_t> replayed_through_;
    bool overflowed_ = false;
};

// How to begin for a client that says where it was. `size` is the log's.
enum class ReplayFrom : std::uint8_t { live, store, reset };
ReplayFrom replay_from(std::optional<std::uint64_t> last_event_id, std::uint64_t size, std::uint64_t entries_max);

}  // namespace gantry::http
