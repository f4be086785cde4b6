#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "firmware-sim/emit/mqtt_codec.hpp"

namespace gantry::sim::mqtt {

/// What all sessions of a process share: the broker's address and a gate, because a broker whose accept queue overflows
/// takes two hundred connections a second instead of eight thousand.
class Gate {
public:
    static constexpr int connecting_max = 64;
    void enter(std::function<void()> go);
    void leave();

private:
    int connecting_ = 0;
    std::deque<std::function<void()>> waiting_;
};

struct Endpoint {
    boost::asio::ip::tcp::endpoint address;
    Version version = Version::v5;
};

/// One MQTT connection that comes back by itself. Publishes wait for the broker's receive maximum; on a lost connection
/// what was not acknowledged is dropped: the agent above resends from its outbox.
class Session {
public:
    struct Handlers {
        std::function<void()> ready;  ///< Subscribed.
        std::function<void()> lost;
        std::function<void(std::string_view topic, ByteView payload)> message;
        std::function<void(std::uint32_t agent)> refused;  ///< PUBACK with a reason of 0x80 or more.
    };

    Session(boost::asio::io_context& context, Gate& gate, const Endpoint& endpoint, std::string client_id,
            std::string user_name, std::vector<std::string> filters, Handlers handlers);

    void start();
    /// Only while ready; `agent` comes back in `refused`.
    void publish(std::uint32_t agent, std::string_view topic, Bytes payload);
    void reconnect();
    void close();
    bool ready() const noexcept { return ready_; }
    /// Publishes that wait for room.
    std::size_t waiting() const noexcept { return waiting_.size(); }

private:
    void connect();
    void connected(boost::system::error_code ec, std::uint64_t of);
    void down();
    void leave_gate();
    void read();
    bool take_packets();
    bool take(const Packet& packet);
    bool welcome(const Packet& packet);
    void write();
    void pump();
    void keep_alive();

    boost::asio::io_context& context_;
    Gate& gate_;
    const Endpoint& endpoint_;
    std::string client_id_;
    std::string user_name_;
    std::vector<std::string> filters_;
    Handlers handlers_;
    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer timer_;
    std::chrono::milliseconds backoff_;
    std::uint64_t generation_ = 0;
    std::uint64_t jitter_;
    bool in_gate_ = false;
    bool ready_ = false;
    bool closed_ = false;
    bool writing_ = false;
    bool heard_ = false;
    std::size_t subscriptions_open_ = 0;
    std::uint16_t receive_maximum_ = receive_maximum_default;
    std::uint16_t next_id_ = 0;
    struct Waiting {
        std::uint32_t agent;
        std::string topic;
        Bytes payload;
    };
    std::deque<Waiting> waiting_;
    std::unordered_map<std::uint16_t, std::uint32_t> in_flight_;
    Bytes out_;  ///< Collected while a write is under way.
    Bytes writing_out_;
    Bytes in_;
    std::size_t in_used_ = 0;
};

}  // namespace gantry::sim::mqtt
