#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/bytes.hpp"

// One connection to an MQTT broker: a fast, lossy pipe. Nothing here promises delivery, and nobody may take a PUBACK
// for a receipt.
namespace gantry {

struct MqttWill {
    std::string topic;
    std::string payload;
    bool retained = true;
};

struct MqttOptions {
    std::string url;  // mqtt://host[:1883] or mqtts://host[:8883]
    std::string client_id;
    bool version_5 = true;  // false: 3.1.1, where a denied publish looks like success
    std::string cafile;     // mqtts: who may sign the broker's certificate
    std::string cert;       // mqtts: the client's certificate and key (PEM files); empty: none
    std::string key;
    std::string username;  // empty: none
    std::string password;
    std::vector<std::string> subscriptions;  // made anew at each connect, QoS 1
    std::optional<MqttWill> will;
    std::chrono::seconds keep_alive{30};
    std::chrono::seconds connect_timeout{10};
    std::chrono::milliseconds reconnect_min{
        1000};  // doubles to reconnect_max, ±50 % jitter: a broker that restarts must
    std::chrono::milliseconds reconnect_max{60'000};  // not meet all agents in the same second
    unsigned in_flight_max = 16;                      // publishes without PUBACK; beyond it try_publish says no
    std::uint16_t receive_max = 100;                  // what the broker may have in flight towards us (v5)
    std::size_t message_bytes_max = 256 * 1024;       // larger arrivals are counted and dropped
};

// Called on threads of the link (never two at once for `on_message` and `on_published`, which come from Paho's receive
// thread). They may copy, push to a bounded queue, wake somebody, count. They must not wait, publish, reconnect or
// throw: while one runs, no publish of any client in this process gets on.
struct MqttEvents {
    std::function<void(std::string_view topic, ByteView payload, bool retained)> on_message;
    // Up: connected and all subscriptions granted. Down: why.
    std::function<void(bool up, std::string_view why)> on_connection;
    // PUBACK for a publish with this tag; reason >= 0x80 is a refusal, -1 a publish that can have no answer any more.
    std::function<void(std::uint32_t tag, int reason)> on_published;
};

// Owns the connection and a thread that connects, subscribes and reconnects. All functions belong to one owner thread,
// but for the getters. The client lives as long as the process needs MQTT: it is not made anew at a reconnect.
class MqttLink {
public:
    // Throws std::runtime_error when the options make no sense (URL, files). Does not connect yet.
    MqttLink(MqttOptions options, MqttEvents events);
    ~MqttLink();  // stop()
    MqttLink(const MqttLink&) = delete;
    MqttLink& operator=(const MqttLink&) = delete;

    // Begins to connect, and goes on trying until stop().
    void start();
    // QoS 1. False when not connected or when in_flight_max publishes wait for their PUBACK: nothing was taken, try
    // after an event.
    bool try_publish(const std::string& topic, ByteView payload, bool retained = false, std::uint32_t tag = 0);
    // Drops the connection and connects again (MQTT never resends on a live connection, so silence is answered by
    // this).
    void reconnect(std::string_view why);
    // Says goodbye (DISCONNECT, so no last will) within `limit` and ends the thread. No event afterwards.
    void stop(std::chrono::milliseconds limit = std::chrono::milliseconds{2000});

    bool connected() const noexcept;
    unsigned in_flight() const noexcept;
    unsigned in_flight_max() const noexcept;
    std::uint64_t dropped_too_large() const noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gantry
