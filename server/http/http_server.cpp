#include "server/http/http_server.hpp"

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "common/io/clock.hpp"
#include "common/io/log.hpp"
#include "server/http/encode.hpp"
#include "server/http/session.hpp"

namespace gantry::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

// Other threads reach the network thread only through this, and only while the server runs: a commit may end after it.
struct Gate {
    std::mutex mutex;
    asio::io_context* network = nullptr;
    void post(std::function<void()> work) {
        const std::scoped_lock lock{mutex};
        if (network) asio::post(*network, std::move(work));
    }
};

}  // namespace

struct HttpServer::Impl {
    Impl(HttpConfig config_, Commands& commands_, LiveBus& bus_, const Metrics& metrics_)
        : config{std::move(config_)}, commands{commands_}, bus{bus_}, api{config, metrics_, bus, counters} {}

    Result<void> listen();
    void open();
    void run();
    void stop();
    asio::awaitable<void> accept_all();
    asio::awaitable<void> every(milliseconds period, void (LiveHub::*what)(std::int64_t));
    asio::awaitable<void> run_after(std::int64_t ms, std::function<void()> work);
    void admit(tcp::socket socket);
    void turn_away(tcp::socket socket, std::string_view code);
    void drain();

    HttpConfig config;
    Commands& commands;
    LiveBus& bus;
    HttpCounters counters;
    Api api;
    asio::io_context network{1};  // one thread: no locks inside
    tcp::acceptor acceptor{network};
    std::shared_ptr<Gate> gate = std::make_shared<Gate>();
    std::unique_ptr<ReaderPool> pool;
    std::unique_ptr<LiveHub> hub;
    std::unique_ptr<Application> application;
    std::unique_ptr<SessionHost> host;
    std::map<std::uint64_t, std::weak_ptr<Session>> sessions;
    std::map<std::string, std::size_t> per_ip;
    std::uint64_t next_session = 0;
    std::uint16_t port = 0;
    std::string address;
    std::thread thread;
};

Result<void> HttpServer::Impl::listen() {
    for (const std::string& name : config.host_names)
        if (const auto parsed = parse_authority(name); !parsed)
            return Error{Errc::malformed, "host_names: " + parsed.error().message};
    const auto wanted = parse_listen(config.listen);
    if (!wanted) return wanted.error();
    error_code error;
    const auto ip = asio::ip::make_address(wanted->host, error);
    if (error)
        return Error{Errc::malformed,
                     fmt::format("listen: got \"{}\", want an address such as 127.0.0.1:8080", config.listen)};
    const tcp::endpoint endpoint{ip, wanted->port};
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return Error{Errc::io, fmt::format("listen: {}: {}", config.listen, error.message())};
    port = acceptor.local_endpoint().port();
    address = wanted->host;
    return {};
}

void HttpServer::Impl::open() {
    const HttpLimits& limits = config.limits;
    pool = std::make_unique<ReaderPool>(config.database, limits.readers, limits.read_jobs_max);
    api.fleet().refresh_by([this](ReaderPool::Job job) { return pool->try_post(std::move(job)); });
    gate->network = &network;
    const Post post = [gate = gate](std::function<void()> work) { gate->post(std::move(work)); };
    const Application::After after = [this](std::int64_t ms, std::function<void()> work) {
        asio::co_spawn(network, run_after(ms, std::move(work)), asio::detached);
    };
    hub = std::make_unique<LiveHub>(api, bus, *pool, post, limits, counters);
    application =
        std::make_unique<Application>(api, HostGuard{port, config.host_names}, *pool, commands, post, after, limits);
    host = std::make_unique<SessionHost>(SessionHost{*application, *hub, counters, limits});
    asio::co_spawn(network, accept_all(), asio::detached);
    asio::co_spawn(network, every(limits.tick, &LiveHub::tick), asio::detached);
    asio::co_spawn(network, every(limits.sweep, &LiveHub::sweep), asio::detached);
}

asio::awaitable<void> HttpServer::Impl::run_after(std::int64_t ms, std::function<void()> work) {
    asio::steady_timer timer{network, milliseconds{ms}};
    error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    work();
}

asio::awaitable<void> HttpServer::Impl::every(milliseconds period, void (LiveHub::*what)(std::int64_t)) {
    asio::steady_timer timer{network};
    while (!host->draining) {
        error_code ignored;
        timer.expires_after(period);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        try {
            ((*hub).*what)(clock::utc_ms());
        } catch (const std::exception& failure) {
            log::error("http: live tick failed", {{"error", failure.what()}});  // the next one may do better
        }
    }
}

asio::awaitable<void> HttpServer::Impl::accept_all() {
    asio::steady_timer pause{network};
    for (;;) {
        error_code error;
        tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (host->draining || error == asio::error::operation_aborted) co_return;
        if (!error) {
            admit(std::move(socket));
            continue;
        }
        // Out of descriptors, most likely: trying again at once would only burn the processor.
        log::warn("http: accept failed", {{"error", error.message()}});
        pause.expires_after(milliseconds{100});
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
}

void HttpServer::Impl::admit(tcp::socket socket) {
    error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error) return;  // gone already
    const std::string ip = peer.address().to_string();
    if (sessions.size() >= config.limits.connections_max) return turn_away(std::move(socket), "busy");
    if (per_ip[ip] >= config.limits.connections_per_ip_max) return turn_away(std::move(socket), "too_many");
    ++per_ip[ip];
    const std::uint64_t number = next_session++;
    sessions[number];
    counters.connections = sessions.size();
    std::function<void()> on_end = [this, number, ip] {
        sessions.erase(number);
        if (--per_ip[ip] == 0) per_ip.erase(ip);
        counters.connections = sessions.size();
    };
    sessions[number] = start_session(std::move(socket), *host, std::move(on_end));
}

// One answer without reading the request, as far as the kernel takes it at once.
void HttpServer::Impl::turn_away(tcp::socket socket, std::string_view code) {
    ++counters.connections_refused;
    ++counters.answers[status_of(code) / 100];
    RequestHead head;
    head.request_id = "none";
    const Response response =
        render({.code = code, .detail = "connections: the limit is reached", .retry_after_s = 1}, head);
    const std::string text = header_text(response, head, true, Framing::sized, clock::utc_ms()) + *response.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void HttpServer::Impl::run() {
    thread = std::thread{[this] {
        for (;;) {
            try {
                network.run();
                return;
            } catch (const std::exception& failure) {
                // One handler's bug ends what it was doing, not the server.
                log::error("http: network thread", {{"error", failure.what()}});
            }
        }
    }};
}

void HttpServer::Impl::drain() {
    host->draining = true;
    error_code ignored;
    acceptor.close(ignored);
    hub->close_all();
    auto open = sessions;  // ending a session changes the map
    for (const auto& [number, weak] : open)
        if (const auto session = weak.lock()) session->drain();
}

void HttpServer::Impl::stop() {
    if (!thread.joinable()) return;
    gate->post([this] { drain(); });
    const auto until = std::chrono::steady_clock::now() + config.limits.stop_ms;
    while (counters.connections.load() > 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(milliseconds{5});
    {
        const std::scoped_lock lock{gate->mutex};
        gate->network = nullptr;
    }
    pool->stop();
    network.stop();
    thread.join();
}

HttpServer::HttpServer(HttpConfig config, Commands& commands, LiveBus& bus, const Metrics& metrics)
    : impl_{std::make_unique<Impl>(std::move(config), commands, bus, metrics)} {}

HttpServer::~HttpServer() { stop(); }

Result<void> HttpServer::start() {
    if (auto listening = impl_->listen(); !listening) return listening;
    impl_->open();
    impl_->run();
    return {};
}

void HttpServer::stop() { impl_->stop(); }

std::uint16_t HttpServer::port() const { return impl_->port; }

std::string HttpServer::url() const {
    const bool v6 = impl_->address.find(':') != std::string::npos;
    return fmt::format("http://{}{}{}:{}", v6 ? "[" : "", impl_->address, v6 ? "]" : "", impl_->port);
}

}  // namespace gantry::http
