#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agent/audit/commands.hpp"
#include "agent/audit/domain/limits.hpp"
#include "agent/audit/receiver.hpp"
#include "agent/audit/tls_listener.hpp"
#include "agent/audit/udp_listener.hpp"
#include "common/io/files.hpp"
#include "common/io/log.hpp"
#include "common/io/notify.hpp"

namespace gantry::audit {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::seconds progress_period{60};
constexpr int evict_rounds = 24 * 60;  // of a minute
constexpr std::chrono::milliseconds drain_step{20};

class Server {
public:
    Server(asio::io_context& context, const Options& options, const Host& host, StateStore& state, RouteTable routes)
        : options_{options},
          receiver_{context.get_executor(), host, state, std::move(routes)},
          signals_{context, SIGTERM, SIGINT, SIGHUP},
          minute_{context},
          drain_{context} {
        if (!options.tls.host.empty()) tls_ = std::make_unique<TlsListener>(context.get_executor(), options, receiver_);
        if (!options.udp.host.empty()) udp_ = std::make_unique<UdpListener>(context.get_executor(), options, receiver_);
        receiver_.evict();
        await_signal();
        await_minute();
    }

    void tell_start() const {
        log::info("serving",
                  {{"tls", tls_ ? fmt::format("{}:{}", options_.tls.host, tls_->port()) : std::string{"off"}},
                   {"client_certificate", options_.client_certificate ? "required" : "none"},
                   {"udp", udp_ ? fmt::format("{}:{}", options_.udp.host, udp_->port()) : std::string{"off"}},
                   {"zone", options_.tz.empty() ? "none" : options_.tz.c_str()}});
        if (tls_ && !options_.client_certificate)
            log::warn("senders are not authenticated: anybody who reaches the port can send");
    }

    void tell_progress() {
        const Receiver::Counters& now = receiver_.counters();
        const std::uint64_t dropped = udp_ ? udp_->dropped() : 0;
        if (now == told_ && dropped == dropped_told_) return;
        log::info("progress", {{"messages", now.messages},
                               {"events", now.events},
                               {"repeated", now.repeated},
                               {"not_ours", now.not_ours},
                               {"refused", now.refused},
                               {"unassigned", now.unassigned},
                               {"no_zone", now.no_zone},
                               {"connections", tls_ ? tls_->connections() : 0}});
        if (dropped > dropped_told_)
            log::warn("datagrams dropped: more came than could be delivered",
                      {{"dropped", dropped - dropped_told_}, {"dropped_in_all", dropped}});
        if (now.lost > 0) log::warn("messages that were taken in could not be delivered in time", {{"lost", now.lost}});
        told_ = now;
        dropped_told_ = dropped;
    }

private:
    void await_signal() {
        signals_.async_wait([this](boost::system::error_code error, int number) {
            if (error) return;
            if (number == SIGHUP) {
                reload();
                return await_signal();
            }
            log::info("stopping");
            notify_systemd("STOPPING=1");
            stop();
        });
    }

    void reload() {
        auto routes = read_routes(options_.intake, options_.routes);
        if (routes)
            receiver_.set_routes(std::move(*routes));
        else
            log::error("SIGHUP: the routes stay as they were", {{"reason", routes.error().message}});
        if (tls_) {
            if (auto reloaded = tls_->reload(); !reloaded)
                log::error("SIGHUP: the certificates stay as they were", {{"reason", reloaded.error().message}});
        }
        log::info("SIGHUP: routes and certificates were read again; other settings need a restart");
    }

    void await_minute() {
        minute_.expires_after(progress_period);
        minute_.async_wait([this](boost::system::error_code error) {
            if (error) return;
            tell_progress();
            if (++rounds_ % evict_rounds == 0) receiver_.evict();
            await_minute();
        });
    }

    void stop() {
        minute_.cancel();
        if (tls_) tls_->stop();
        if (udp_) udp_->stop();
        deadline_ = std::chrono::steady_clock::now() + limits::drain_timeout;
        await_drained();
    }

    void await_drained() {
        const bool done = (!tls_ || tls_->connections() == 0) && (!udp_ || udp_->idle());
        if (!done && std::chrono::steady_clock::now() >= deadline_) {
            receiver_.give_up();
            if (tls_) tls_->cut();
        }
        if (done) return;  // nothing is left to wait for: run() ends
        drain_.expires_after(drain_step);
        drain_.async_wait([this](boost::system::error_code error) {
            if (!error) await_drained();
        });
    }

    const Options& options_;
    Receiver receiver_;
    std::unique_ptr<TlsListener> tls_;
    std::unique_ptr<UdpListener> udp_;
    asio::signal_set signals_;
    asio::steady_timer minute_;
    asio::steady_timer drain_;
    std::chrono::steady_clock::time_point deadline_;
    Receiver::Counters told_;
    std::uint64_t dropped_told_ = 0;
    int rounds_ = 0;
};

}  // namespace

int run_serve(const Options& options, const Host& host) {
    auto routes = read_routes(options.intake, options.routes);
    if (!routes) {
        log::error(routes.error().message);
        return exit_codes::config;
    }
    if (!options.tls.host.empty()) {
        if (auto good = check_certificates(options); !good) {
            log::error(good.error().message);
            return exit_codes::config;
        }
    }
    asio::io_context context{1};
    StateStore state{options.state / "audit.db"};
    std::optional<Server> server;
    try {
        server.emplace(context, options, host, state, std::move(*routes));
    } catch (const boost::system::system_error& error) {
        log::error("cannot listen", {{"reason", error.what()}});
        return exit_codes::unavailable;
    }
    server->tell_start();
    notify_systemd("READY=1");
    context.run();
    server->tell_progress();
    log::info("stopped");
    return exit_codes::ok;
}

}  // namespace gantry::audit
