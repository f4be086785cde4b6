#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/http/api.hpp"
#include "server/http/reader_pool.hpp"
#include "server/http/sse.hpp"

namespace gantry::http {

// Runs a function on the network thread, from any thread, for as long as the server runs.
using Post = std::function<void(std::function<void()>)>;

// One client of /api/v1/events, as the hub sees it. Belongs to the network thread.
struct StreamClient {
    explicit StreamClient(std::size_t bytes_max) : queue{bytes_max} {}
    SseQueue queue;
    std::function<void()> wake;  // something waits in the queue, or `closed` was set
    bool closed = false;         // the connection is to end
};

// What a replay found: text to send, or that the client must load again.
struct Replay {
    std::string text;
    std::uint64_t through = 0;  // the last id that `text` holds
    bool more = false;          // ask again after `through`
    bool reset = false;
    std::uint64_t log_size = 0;
    bool failed = false;  // the store did not answer
};

// Spreads what was committed over the streams: record notes as they come, device notes once a tick for each device that
// changed.
class LiveHub {
public:
    LiveHub(Api& api, LiveBus& bus, ReaderPool& pool, Post post, const HttpLimits& limits, HttpCounters& counters);

    // Null when there are streams_max already.
    std::shared_ptr<StreamClient> join();
    void leave(const std::shared_ptr<StreamClient>& client);

    // Every limits.tick.
    void tick(std::int64_t now_ms);
    // Every limits.sweep: devices that time alone has changed.
    void sweep(std::int64_t now_ms);
    // Ends all streams.
    void close_all();

    // Reads the next part of what came after `last_id` and calls `done` on the network thread. `first`: decide whether
    // a replay is possible at all.
    void replay(std::uint64_t last_id, bool first, std::function<void(Replay)> done);

private:
    void tell(const std::string& text, std::optional<std::uint64_t> id);
    void tell_records(const std::vector<LiveNote>& notes);
    void reload_devices(std::int64_t now_ms);
    void tell_devices(const std::vector<std::string>& notes);

    Api& api_;
    LiveBus& bus_;
    ReaderPool& pool_;
    Post post_;
    const HttpLimits& limits_;
    HttpCounters& counters_;
    std::set<std::shared_ptr<StreamClient>> clients_;
    std::set<std::string> changed_;  // devices whose notes are due
    bool reloading_ = false;
    std::unordered_map<std::string, std::string> told_;  // by device: what matters of its last note
};

}  // namespace gantry::http
