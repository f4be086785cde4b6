#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "server/http/application.hpp"
#include "server/http/live_stream.hpp"

namespace gantry::http {

// What every session shares; belongs to the network thread and outlives the sessions.
struct SessionHost {
    Application& application;
    LiveHub& hub;
    HttpCounters& counters;
    const HttpLimits& limits;
    std::size_t large_bodies = 0;  // being received now
    std::size_t huge_bodies = 0;   // of those, above body_bytes_max
    bool draining = false;         // no further request on any connection
};

// One connection. All calls on the network thread.
class Session {
public:
    virtual ~Session() = default;
    // Ends it now if it waits for a request; otherwise after its answer.
    virtual void drain() = 0;
    virtual void close() = 0;
};

// Serves requests until the connection ends, then calls `on_end`.
std::shared_ptr<Session> start_session(boost::asio::ip::tcp::socket socket, SessionHost& host,
                                       std::function<void()> on_end);

}  // namespace gantry::http
