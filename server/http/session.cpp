#include "server/http/session.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "common/io/clock.hpp"
#include "common/io/files.hpp"
#include "common/io/log.hpp"
#include "server/http/encode.hpp"

// The only file that includes Beast. Coroutines are named functions whose arguments outlive them (g++ 12 frees captures
// of coroutine lambdas too early).
namespace gantry::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Parser = wire::request_parser<wire::string_body>;

// One header and what little follows it: a client cannot make us hold more of the requests that it sends ahead.
constexpr std::size_t read_ahead_bytes = 16 * 1024;
constexpr milliseconds linger{1000};

std::string new_request_id() {
    std::array<std::uint8_t, 8> bytes{};
    files::random_bytes(bytes);
    return to_hex(bytes);
}

RequestHead head_of(const Parser& parser, const std::string& peer) {
    RequestHead head;
    const auto& message = parser.get();
    const wire::verb verb = message.method();
    head.method = verb == wire::verb::get    ? Method::get
                  : verb == wire::verb::head ? Method::head
                  : verb == wire::verb::post ? Method::post
                                             : Method::other;
    head.method_text = std::string{message.method_string()};
    head.target = std::string{message.target()};
    head.http_1_0 = message.version() == 10;
    head.peer = peer;
    for (const auto& field : message) {
        std::string name{field.name_string()};
        for (char& c : name)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        head.headers.emplace_back(std::move(name), std::string{field.value()});
    }
    const std::string* given = head.header("x-request-id");
    head.request_id = given && is_token(*given) ? *given : new_request_id();
    return head;
}

// What a failure to read a request is answered with; nothing: the client is gone, or there is nobody to tell.
std::optional<Problem> problem_of(const error_code& error) {
    if (error == wire::error::header_limit || error == wire::error::buffer_overflow)
        return Problem{.code = "header_too_large", .detail = "header: want at most 16 KiB"};
    if (error == wire::error::body_limit)
        return Problem{.code = "too_large", .detail = "body: got more than this address takes"};
    if (error == wire::error::bad_version) return Problem{.code = "version", .detail = "want HTTP/1.1"};
    if (error == beast::error::timeout) return Problem{.code = "timeout", .detail = "want a whole request in time"};
    if (error == wire::error::end_of_stream || error == wire::error::partial_message) return std::nullopt;
    if (error.category() == wire::make_error_code(wire::error::bad_method).category())
        return Problem{.code = "bad_request", .detail = error.message()};
    return std::nullopt;
}

class HttpSession : public Session, public std::enable_shared_from_this<HttpSession> {
public:
    HttpSession(asio::ip::tcp::socket socket, SessionHost& host, std::function<void()> on_end)
        : stream_{std::move(socket)},
          buffer_{host.limits.header_bytes_max + read_ahead_bytes},
          wake_{stream_.get_executor()},
          host_{host},
          on_end_{std::move(on_end)},
          deadline_{stream_.get_executor()} {
        error_code ignored;
        stream_.socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
        const auto peer = stream_.socket().remote_endpoint(ignored);
        if (!ignored) peer_ = peer.address().to_string();
    }

    void start() { asio::co_spawn(stream_.get_executor(), run(shared_from_this()), asio::detached); }

    void drain() override {
        if (waiting_) close();
        if (client_) {
            client_->closed = true;
            wake_.cancel();
        }
    }
    void close() override {
        error_code ignored;
        stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
        stream_.close();
        wake_.cancel();
    }

private:
    // `self` keeps the session alive for as long as its coroutine runs.
    asio::awaitable<void> run([[maybe_unused]] std::shared_ptr<HttpSession> self) {
        try {
            bool more = true;
            for (std::size_t served = 0; more; ++served) {
                last_request_ = served + 1 >= host_.limits.requests_per_connection_max;
                more = co_await serve_one() && !host_.draining;
            }
            co_await finish();
        } catch (const std::exception& failure) {
            log::error("http: session failed", {{"error", failure.what()}});
        }
        close();
        on_end_();
    }

    // One request and its answer. False: the connection is to end.
    asio::awaitable<bool> serve_one() {
        Parser parser;
        parser.header_limit(static_cast<std::uint32_t>(host_.limits.header_bytes_max));
        parser.body_limit(host_.limits.document_bytes_max);  // until the route is known
        if (!co_await wait_for_request()) co_return false;

        error_code error;
        arm(steady_clock::now() + host_.limits.header_deadline);
        co_await wire::async_read_header(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
        disarm();
        if (error) {
            if (timed_out_) error = beast::error::timeout;
            co_await answer_broken(error, parser);
            co_return false;
        }
        RequestHead head = head_of(parser, peer_);
        const bool expects = head.header("expect") != nullptr;
        const auto length = parser.content_length();
        const BodyAhead ahead{length ? std::optional<std::uint64_t>{*length} : std::nullopt, parser.chunked()};
        const bool keep_alive = parser.keep_alive() && !last_request_;
        Admitted admitted = host_.application.admit(std::move(head), ahead);
        if (admitted.refusal) {
            // The body of a refused request is not read, so nothing after it can be understood either.
            const bool close_after = !keep_alive || ahead.any();
            unread_ = ahead.any();
            co_return co_await write(*admitted.refusal, admitted.request.head, close_after) && !close_after;
        }
        if (ahead.any()) {
            if (expects && !co_await write_text("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
            const std::size_t bytes_max = host_.application.body_bytes_max(*admitted.route);
            parser.body_limit(bytes_max);
            if (!co_await read_body(parser, admitted.request.head, bytes_max)) co_return false;
            admitted.request.body = std::move(parser.get().body());
        }
        if (admitted.route->work == Work::stream) {
            co_await stream_events(admitted.request);
            co_return false;
        }
        const RequestHead kept = admitted.request.head;
        const Response response = co_await ask(*admitted.route, std::move(admitted.request));
        const bool close_after = !keep_alive || response.close || host_.draining;
        co_return co_await write(response, kept, close_after) && !close_after;
    }

    // Ends what is being read at this time. Not tcp_stream's own deadline: that closes the socket, and the client could
    // not be told.
    void arm(steady_clock::time_point at) {
        disarm();
        deadline_.expires_at(at);
        deadline_.async_wait([self = shared_from_this(), round = deadline_round_](error_code cancelled) {
            if (cancelled || round != self->deadline_round_) return;
            self->timed_out_ = true;
            self->stream_.cancel();
        });
    }
    void disarm() {
        ++deadline_round_;  // a wait that has ended already, but was not told yet, means nothing any more
        deadline_.cancel();
        stream_.expires_never();
    }

    asio::awaitable<bool> wait_for_request() {
        if (buffer_.size() > 0) co_return true;
        error_code error;
        stream_.expires_after(host_.limits.idle);
        waiting_ = true;
        const std::size_t count =
            co_await stream_.async_read_some(buffer_.prepare(4096), asio::redirect_error(asio::use_awaitable, error));
        waiting_ = false;
        buffer_.commit(count);
        co_return !error && !host_.draining;
    }

    asio::awaitable<void> answer_broken(error_code error, const Parser& parser) {
        const auto problem = problem_of(error);
        if (!problem) co_return;
        RequestHead head = head_of(parser, peer_);
        unread_ = true;
        const Response response = render(*problem, head);
        co_await write(response, head, true);
    }

    // Reads the body, at no less than the least rate. False: answered or gone.
    asio::awaitable<bool> read_body(Parser& parser, const RequestHead& head, std::size_t bytes_max) {
        const HttpLimits& limits = host_.limits;
        const auto length = parser.content_length();
        const bool large = !length || *length > limits.large_body_bytes;
        const bool huge = length.value_or(bytes_max) > limits.body_bytes_max;
        if ((large && host_.large_bodies >= limits.large_bodies_max) ||
            (huge && host_.huge_bodies >= limits.huge_bodies_max)) {
            unread_ = true;
            const Problem problem{.code = "busy", .detail = "too many large bodies at a time", .retry_after_s = 1};
            const Response response = render(problem, head);
            co_await write(response, head, true);
            co_return false;
        }
        host_.large_bodies += large ? 1 : 0;
        host_.huge_bodies += huge ? 1 : 0;
        error_code error;
        const auto began = steady_clock::now();
        std::size_t received = 0;
        while (!error && !parser.is_done()) {
            const milliseconds earned{received * 1000 / limits.body_bytes_per_s_min};
            arm(began + limits.body_grace + earned);
            received += co_await wire::async_read_some(stream_, buffer_, parser,
                                                       asio::redirect_error(asio::use_awaitable, error));
        }
        disarm();
        host_.large_bodies -= large ? 1 : 0;
        host_.huge_bodies -= huge ? 1 : 0;
        if (error) {
            if (timed_out_) error = beast::error::timeout;
            const auto problem = problem_of(error);
            unread_ = true;
            const Response response = problem ? render(*problem, head) : Response{};
            if (problem) co_await write(response, head, true);
        }
        co_return !error;
    }

    asio::awaitable<Response> ask(const Route& route, Request request) {
        answer_.reset();
        std::function<void(Response)> done = [self = shared_from_this()](Response response) {
            self->answer_ = std::move(response);
            self->wake_.cancel();
        };
        host_.application.handle(route, std::move(request), std::move(done));
        while (!answer_ && stream_.socket().is_open()) co_await sleep(milliseconds{60'000});
        Response response = answer_ ? std::move(*answer_) : Response{};
        answer_.reset();
        co_return response;
    }

    // Until somebody calls wake_.cancel(), at most so long.
    asio::awaitable<void> sleep(milliseconds at_most) {
        error_code ignored;
        wake_.expires_after(at_most);
        co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    asio::awaitable<bool> write(const Response& response, const RequestHead& head, bool close_after) {
        ++host_.counters.answers[std::min(response.status / 100, 5U)];
        const std::string text = header_text(response, head, close_after, Framing::sized, clock::utc_ms());
        const Body body = head.method == Method::head ? nullptr : response.body;
        const std::string_view tail = body ? std::string_view{*body} : std::string_view{};
        const std::array<asio::const_buffer, 2> parts{asio::buffer(text), asio::const_buffer{tail.data(), tail.size()}};
        const milliseconds earned{(text.size() + tail.size()) * 1000 / host_.limits.write_bytes_per_s_min};
        error_code error;
        stream_.expires_after(host_.limits.write_grace + earned);
        co_await asio::async_write(stream_, parts, asio::redirect_error(asio::use_awaitable, error));
        co_return !error;
    }

    asio::awaitable<bool> write_text(std::string_view text) {
        error_code error;
        stream_.expires_after(host_.limits.stream_write);
        co_await asio::async_write(stream_, asio::const_buffer{text.data(), text.size()},
                                   asio::redirect_error(asio::use_awaitable, error));
        co_return !error;
    }

    // ---- server-sent events ----

    asio::awaitable<void> stream_events(const Request& request) {
        const auto last_id = last_event_id(request);
        if (last_id) client_ = host_.hub.join();
        if (!client_) {
            const Problem full{.code = "busy",
                               .detail = fmt::format("streams: {} are open already", host_.limits.streams_max),
                               .retry_after_s = 10};
            const Response response = render(last_id ? full : last_id.error(), request.head);
            co_await write(response, request.head, true);
            co_return;
        }
        client_->wake = [this] { wake_.cancel(); };  // the client is left below, before this session can end
        asio::co_spawn(stream_.get_executor(), watch_peer(shared_from_this()), asio::detached);
        bool open = co_await begin_stream(request.head);
        if (open && *last_id) open = co_await replay_stream(**last_id);
        if (open) co_await follow();
        host_.hub.leave(client_);
        client_->wake = [] {};
        client_.reset();
    }

    static Checked<std::optional<std::uint64_t>> last_event_id(const Request& request) {
        if (const auto params = Params::of(request, {}); !params) return params.error();
        const std::string* text = request.head.header("last-event-id");
        if (!text || text->empty()) return std::optional<std::uint64_t>{};
        const auto parsed = parse_last_event_id(*text);
        if (!parsed) return Problem{.code = "bad_request", .detail = parsed.error().message};
        return std::optional{*parsed};
    }

    asio::awaitable<bool> begin_stream(const RequestHead& head) {
        Response response{200, "text/event-stream; charset=utf-8", nullptr, {}, true};
        response.with("Cache-Control", "no-store").with("X-Accel-Buffering", "no");
        ++host_.counters.answers[2];
        const std::string text = header_text(response, head, true, Framing::endless, clock::utc_ms()) + sse_retry(3000);
        co_return co_await write_text(text);
    }

    // What the client missed, from the store; live events wait in its queue meanwhile.
    asio::awaitable<bool> replay_stream(std::uint64_t last_id) {
        bool first = true;
        for (bool more = true; more; first = false) {
            const Replay part = co_await next_replay(last_id, first);
            if (part.failed || client_->closed) co_return false;  // it comes again with the same id
            if (part.reset) {
                const std::string data = fmt::format("{{\"log_size\":{}}}", part.log_size);
                const std::string event = sse_text({std::nullopt, "reset", data});
                co_return co_await write_text(event);
            }
            if (!part.text.empty() && !co_await write_text(part.text)) co_return false;
            last_id = part.through;
            more = part.more;
        }
        client_->queue.replayed_through(last_id);
        co_return true;
    }

    asio::awaitable<Replay> next_replay(std::uint64_t last_id, bool first) {
        auto found = std::make_shared<std::optional<Replay>>();
        std::function<void(Replay)> done = [self = shared_from_this(), found](Replay replay) {
            *found = std::move(replay);
            self->wake_.cancel();
        };
        host_.hub.replay(last_id, first, std::move(done));
        while (!*found && !client_->closed) co_await sleep(milliseconds{60'000});
        Replay failed;
        failed.failed = true;
        co_return *found ? std::move(**found) : failed;
    }

    asio::awaitable<void> follow() {
        auto silent_since = steady_clock::now();
        while (!client_->closed) {
            const std::string text = client_->queue.take();
            if (!text.empty()) {
                if (!co_await write_text(text)) co_return;
                silent_since = steady_clock::now();
            } else if (steady_clock::now() - silent_since >= host_.limits.ping) {
                const std::string ping = sse_comment("ping");
                if (!co_await write_text(ping)) co_return;
                silent_since = steady_clock::now();
            } else {
                const auto left = host_.limits.ping - (steady_clock::now() - silent_since);
                co_await sleep(std::chrono::ceil<milliseconds>(left));
            }
        }
    }

    // A stream's client has nothing to say: whatever it sends, or its end, ends the stream. Reads past the tcp_stream's
    // deadline, which belongs to the writes.
    asio::awaitable<void> watch_peer([[maybe_unused]] std::shared_ptr<HttpSession> self) {
        std::array<char, 64> scratch{};
        error_code error;
        co_await stream_.socket().async_read_some(asio::buffer(scratch),
                                                  asio::redirect_error(asio::use_awaitable, error));
        if (client_) client_->closed = true;
        wake_.cancel();
    }

    // Says that we are done and lets the client read it: closing over unread bytes would make the kernel throw our
    // answer away.
    asio::awaitable<void> finish() {
        error_code ignored;
        if (!unread_ || !stream_.socket().is_open()) co_return;
        stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        std::array<char, 4096> scratch{};
        std::size_t thrown_away = 0;
        const auto until = steady_clock::now() + linger;
        for (error_code error; !error && thrown_away < host_.limits.document_bytes_max;) {
            stream_.expires_at(until);
            thrown_away += co_await stream_.async_read_some(asio::buffer(scratch),
                                                            asio::redirect_error(asio::use_awaitable, error));
        }
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    asio::steady_timer wake_;
    SessionHost& host_;
    std::function<void()> on_end_;
    std::string peer_;
    std::optional<Response> answer_;
    std::shared_ptr<StreamClient> client_;
    asio::steady_timer deadline_;
    std::uint64_t deadline_round_ = 0;
    bool timed_out_ = false;
    bool waiting_ = false;
    bool unread_ = false;
    bool last_request_ = false;
};

}  // namespace

std::shared_ptr<Session> start_session(asio::ip::tcp::socket socket, SessionHost& host, std::function<void()> on_end) {
    auto session = std::make_shared<HttpSession>(std::move(socket), host, std::move(on_end));
    session->start();
    return session;
}

}  // namespace gantry::http
