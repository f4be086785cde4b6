#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "server/http/api.hpp"
#include "server/http/guard.hpp"
#include "server/http/idempotency.hpp"
#include "server/http/live_stream.hpp"
#include "server/http/reader_pool.hpp"

namespace gantry::http {

// What a request's header says about its body.
struct BodyAhead {
    std::optional<std::uint64_t> length;
    bool chunked = false;
    bool any() const { return chunked || (length && *length > 0); }
};

// The verdict on a header: refused before a byte of the body is read, or where the request goes.
struct Admitted {
    std::optional<Response> refusal;
    const Route* route = nullptr;
    Request request;  // without its body
};

// From a request to its answer, without sockets. Belongs to the network thread; work leaves for the readers or the
// writer and comes back by `post`.
class Application {
public:
    using Done = std::function<void(Response)>;
    // Calls the function after so many milliseconds on the network thread.
    using After = std::function<void(std::int64_t, std::function<void()>)>;

    Application(Api& api, HostGuard guard, ReaderPool& pool, Commands& commands, Post post, After after,
                const HttpLimits& limits);

    // How large a body the route takes.
    std::size_t body_bytes_max(const Route& route) const;
    Admitted admit(RequestHead head, const BodyAhead& body) const;
    // Exactly one `done`, on the network thread, maybe before this returns. Not for routes whose work is `stream`.
    void handle(const Route& route, Request request, Done done);

private:
    std::optional<Problem> check_body(const RequestHead& head, const Route& route, const BodyAhead& body) const;
    void read(RouteId route, std::shared_ptr<const Request> request, Done done);
    void command(const Route& route, std::shared_ptr<const Request> request, Done done);
    void run_command(const Route& route, const std::shared_ptr<const Request>& request, const std::string& key,
                     Done done);
    void run_job(RouteId route, const std::shared_ptr<const Request>& request, const std::string& key, Done done);
    void start_job();
    // The one answer to a command: what became of it, or that it takes too long.
    CommandDone answer_of(const std::shared_ptr<const Request>& request, const std::string& key, Done done);

    Api& api_;
    HostGuard guard_;
    ReaderPool& pool_;
    Commands& commands_;
    Post post_;
    After after_;
    const HttpLimits& limits_;
    IdempotencyKeys keys_;
    std::deque<ReaderPool::Job> jobs_;  // the first is under way
};

}  // namespace gantry::http
