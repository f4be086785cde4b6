#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/bytes.hpp"

namespace gantry::bench {

// The smallest MQTT 5 client that can load a broker: one connection, one thread, QoS 1, no reconnect. Throws when the
// connection breaks. It costs far less than a full client, so that what is measured is not the sender.
class RawMqtt {
public:
    using OnMessage = std::function<void(std::string_view topic, ByteView payload)>;

    RawMqtt(std::uint16_t port, const std::string& client_id, OnMessage on_message);
    ~RawMqtt();
    RawMqtt(const RawMqtt&) = delete;
    RawMqtt& operator=(const RawMqtt&) = delete;

    // Waits for the answer.
    void subscribe(const std::string& filter);
    // Whether the broker takes another publish before it has acknowledged the earlier ones.
    bool can_publish() const { return in_flight_ < receive_max_ && out_.size() < out_bytes_max; }
    void publish(std::string_view topic, ByteView payload);
    // Sends and receives what it can, waiting at most so long for something to happen.
    void poll(int timeout_ms);

private:
    static constexpr std::size_t out_bytes_max = 1 << 20;  // not yet taken by the kernel; beyond it can_publish says no

    void put_packet(std::uint8_t first, const Bytes& body);
    void flush();
    bool read_packet(std::uint8_t& first, ByteView& body, std::size_t& used) const;
    void take(std::uint8_t first, ByteView body);
    void take_publish(std::uint8_t first, ByteView body);
    void take_connack(ByteView body);

    int socket_ = -1;
    OnMessage on_message_;
    std::vector<std::uint8_t> in_;
    std::vector<std::uint8_t> out_;
    std::uint16_t next_id_ = 0;
    std::uint32_t in_flight_ = 0;
    std::uint32_t receive_max_ = 65535;
    bool connected_ = false;
    bool subscribed_ = false;
};

}  // namespace gantry::bench
