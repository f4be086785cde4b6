#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/audit/commands.hpp"
#include "agent/audit/intake_link.hpp"
#include "agent/audit/routes.hpp"
#include "agent/audit/state_store.hpp"

namespace gantry::audit {

// One syslog message as it came, and whom it came from.
struct Incoming {
    std::string certificate;
    std::string peer;
    std::string bytes;
};

// From syslog messages to durable observations, each message once. A message is remembered only after its lines were
// accepted. One thread.
class Receiver {
public:
    struct Counters {
        std::uint64_t messages = 0;    // taken in
        std::uint64_t events = 0;      // observations accepted by an intake
        std::uint64_t repeated = 0;    // the same message again
        std::uint64_t not_ours = 0;    // understood, and not about the equipment
        std::uint64_t refused = 0;     // by us or by the intake
        std::uint64_t unassigned = 0;  // no route claimed the sender
        std::uint64_t no_zone = 0;     // times taken as UTC because nothing said otherwise
        std::uint64_t lost = 0;        // taken in and given up at the end
        auto operator<=>(const Counters&) const = default;
    };

    Receiver(boost::asio::any_io_executor executor, const Host& host, StateStore& state, RouteTable routes);

    // Ends when each of the messages is durable, known already, or refused for good; or after give_up().
    boost::asio::awaitable<void> take(std::vector<Incoming> messages);

    void set_routes(RouteTable routes) { routes_ = std::move(routes); }
    void give_up();
    std::int64_t evict();
    const Counters& counters() const { return counters_; }

private:
    struct Ready {
        std::filesystem::path intake;
        std::string message_h;
        std::vector<std::string> lines;
    };
    bool prepare(const Incoming& incoming, Ready& out);
    bool refuse(const Incoming& incoming, const Error& error);
    void tell_stranger(const Incoming& incoming, std::string_view host, const std::string& source_h);
    boost::asio::awaitable<void> deliver(std::vector<Ready> ready);
    IntakeLink& link(const std::filesystem::path& socket);

    boost::asio::any_io_executor executor_;
    const Host& host_;
    StateStore& state_;
    RouteTable routes_;
    std::map<std::filesystem::path, std::unique_ptr<IntakeLink>> links_;
    std::set<std::string> on_the_way_;  // message_h of what is being delivered; bounded by what connections hold
    std::set<std::string> strangers_;   // senders without a route that were told already
    std::int64_t refusals_from_ms_ = 0;
    int refusals_told_ = 0;
    bool given_up_ = false;
    Counters counters_;
};

}  // namespace gantry::audit
