#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/core/bytes.hpp"
#include "common/core/result.hpp"

/// The part of MQTT that a simulated agent speaks, as bytes in and values out: QoS 1, no retain, clean start.
namespace gantry::sim::mqtt {

enum class Version : std::uint8_t { v311 = 4, v5 = 5 };

enum class Type : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    subscribe = 8,
    suback = 9,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
};

/// A collector's message is at most 64 KiB; anything much longer is not for us and ends the connection.
inline constexpr std::size_t packet_bytes_max = 256 * 1024;
/// What a client may have unacknowledged when the broker does not say (3.1.1); the same as the collector's own.
inline constexpr std::uint16_t receive_maximum_default = 100;

void append_connect(Bytes& out, Version version, std::string_view client_id, std::string_view user_name,
                    std::uint16_t keep_alive_s);
void append_subscribe(Bytes& out, Version version, std::uint16_t packet_id, std::span<const std::string> filters);
void append_publish(Bytes& out, Version version, std::uint16_t packet_id, std::string_view topic, ByteView payload);
void append_puback(Bytes& out, std::uint16_t packet_id);
void append_pingreq(Bytes& out);
void append_disconnect(Bytes& out);

struct Packet {
    Type type;
    std::uint8_t flags;
    ByteView body;
    std::size_t bytes;  ///< Of the whole packet.
};

/// The first packet in `in`; nothing when it is not all there yet.
Result<std::optional<Packet>> first_packet(ByteView in);

struct Connack {
    std::uint8_t reason;  ///< 0 = welcome.
    std::uint16_t receive_maximum;
};
Result<Connack> decode_connack(Version version, ByteView body);

struct Publish {
    std::string_view topic;
    ByteView payload;
    std::uint16_t packet_id;  ///< 0 with QoS 0.
};
Result<Publish> decode_publish(Version version, std::uint8_t flags, ByteView body);

struct Puback {
    std::uint16_t packet_id;
    std::uint8_t reason;  ///< 0x80 and more: refused. 3.1.1 cannot say.
};
Result<Puback> decode_puback(ByteView body);

/// True when every filter was granted.
Result<bool> decode_suback(Version version, ByteView body);

}  // namespace gantry::sim::mqtt
