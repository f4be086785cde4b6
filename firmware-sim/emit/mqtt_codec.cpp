#include "firmware-sim/emit/mqtt_codec.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gantry::sim::mqtt {
namespace {

void append_varint(Bytes& out, std::size_t value) {
    do {
        const auto digit = static_cast<std::uint8_t>(value % 128);
        value /= 128;
        out.push_back(static_cast<std::uint8_t>(digit | (value > 0 ? 0x80 : 0)));
    } while (value > 0);
}

void append_text(ByteWriter& out, std::string_view text) {
    out.u16(static_cast<std::uint16_t>(text.size()));
    out.text(text);
}

void append_packet(Bytes& out, Type type, std::uint8_t flags, ByteView body) {
    out.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags));
    append_varint(out, body.size());
    out.insert(out.end(), body.begin(), body.end());
}

std::optional<std::size_t> read_varint(ByteReader& in) {
    std::size_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        const std::uint8_t digit = in.u8();
        if (in.failed()) return std::nullopt;
        value |= static_cast<std::size_t>(digit & 0x7f) << shift;
        if ((digit & 0x80) == 0) return value;
    }
    return std::nullopt;
}

Error malformed(std::string_view what) { return {Errc::malformed, fmt::format("MQTT: malformed {}", what)}; }

// Sizes of the properties a CONNACK may have (MQTT 5, table 2-4); -1 = text or binary with a length, -2 = two texts.
int property_size(std::uint8_t id) {
    switch (id) {
        case 0x11:
        case 0x27:
            return 4;
        case 0x13:
        case 0x21:
        case 0x22:
            return 2;
        case 0x24:
        case 0x25:
        case 0x28:
        case 0x29:
        case 0x2a:
            return 1;
        case 0x12:
        case 0x15:
        case 0x16:
        case 0x1a:
        case 0x1c:
        case 0x1f:
            return -1;
        case 0x26:
            return -2;
        default:
            return 0;
    }
}

bool skip_property(ByteReader& in, int size) {
    for (int texts = -size; texts > 0; --texts) in.bytes(in.u16());
    if (size > 0) in.bytes(static_cast<std::size_t>(size));
    return size != 0 && !in.failed();
}

}  // namespace

void append_connect(Bytes& out, Version version, std::string_view client_id, std::string_view user_name,
                    std::uint16_t keep_alive_s) {
    Bytes body;
    ByteWriter writer{body};
    append_text(writer, "MQTT");
    writer.u8(static_cast<std::uint8_t>(version));
    constexpr std::uint8_t clean_start = 0x02, with_user_name = 0x80;
    writer.u8(static_cast<std::uint8_t>(clean_start | (user_name.empty() ? 0 : with_user_name)));
    writer.u16(keep_alive_s);
    if (version == Version::v5) writer.u8(0);
    append_text(writer, client_id);
    if (!user_name.empty()) append_text(writer, user_name);
    append_packet(out, Type::connect, 0, body);
}

void append_subscribe(Bytes& out, Version version, std::uint16_t packet_id, std::span<const std::string> filters) {
    Bytes body;
    ByteWriter writer{body};
    writer.u16(packet_id);
    if (version == Version::v5) writer.u8(0);
    for (const auto& filter : filters) {
        append_text(writer, filter);
        writer.u8(1);
    }
    append_packet(out, Type::subscribe, 0x02, body);
}

void append_publish(Bytes& out, Version version, std::uint16_t packet_id, std::string_view topic, ByteView payload) {
    const std::size_t head = 2 + topic.size() + 2 + (version == Version::v5 ? 1 : 0);
    out.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(Type::publish) << 4 | 0x02));
    append_varint(out, head + payload.size());
    ByteWriter writer{out};
    append_text(writer, topic);
    writer.u16(packet_id);
    if (version == Version::v5) writer.u8(0);
    writer.bytes(payload);
}

void append_puback(Bytes& out, std::uint16_t packet_id) {
    Bytes body;
    ByteWriter{body}.u16(packet_id);
    append_packet(out, Type::puback, 0, body);
}

void append_pingreq(Bytes& out) { append_packet(out, Type::pingreq, 0, {}); }
void append_disconnect(Bytes& out) { append_packet(out, Type::disconnect, 0, {}); }

Result<std::optional<Packet>> first_packet(ByteView in) {
    using Found = std::optional<Packet>;
    if (in.size() < 2) return Found{};
    ByteReader reader{in};
    const std::uint8_t first = reader.u8();
    const auto length = read_varint(reader);
    if (!length) {
        if (in.size() >= 5) return malformed("packet length");
        return Found{};
    }
    if (*length > packet_bytes_max)
        return Error{Errc::too_large,
                     fmt::format("MQTT: got a packet of {} bytes, want at most {}", *length, packet_bytes_max)};
    if (reader.remaining() < *length) return Found{};
    const std::size_t head = reader.position();
    return Found{Packet{static_cast<Type>(first >> 4), static_cast<std::uint8_t>(first & 0x0f),
                        in.subspan(head, *length), head + *length}};
}

Result<Connack> decode_connack(Version version, ByteView body) {
    ByteReader in{body};
    in.u8();
    Connack connack{in.u8(), receive_maximum_default};
    if (in.failed()) return malformed("CONNACK");
    if (version != Version::v5 || in.remaining() == 0) return connack;
    connack.receive_maximum = 65'535;  // What version 5 means by silence.
    const auto length = read_varint(in);
    if (!length || *length > in.remaining()) return malformed("CONNACK properties");
    ByteReader properties{in.bytes(*length)};
    while (properties.remaining() > 0) {
        const std::uint8_t id = properties.u8();
        if (id == 0x21) {
            connack.receive_maximum = properties.u16();
        } else if (!skip_property(properties, property_size(id))) {
            return malformed("CONNACK property");
        }
    }
    if (properties.failed() || connack.receive_maximum == 0) return malformed("CONNACK receive maximum");
    return connack;
}

Result<Publish> decode_publish(Version version, std::uint8_t flags, ByteView body) {
    ByteReader in{body};
    Publish publish{};
    publish.topic = as_text(in.bytes(in.u16()));
    const int qos = flags >> 1 & 0x03;
    if (qos > 1) return malformed("PUBLISH: got QoS 2 or 3, asked for 1");
    if (qos == 1) publish.packet_id = in.u16();
    if (version == Version::v5) {
        const auto length = read_varint(in);
        if (!length) return malformed("PUBLISH properties");
        in.bytes(*length);
    }
    if (in.failed() || (qos == 1 && publish.packet_id == 0)) return malformed("PUBLISH");
    publish.payload = in.bytes(in.remaining());
    return publish;
}

Result<Puback> decode_puback(ByteView body) {
    ByteReader in{body};
    Puback puback{in.u16(), 0};
    if (in.failed()) return malformed("PUBACK");
    if (in.remaining() > 0) puback.reason = in.u8();
    return puback;
}

Result<bool> decode_suback(Version version, ByteView body) {
    ByteReader in{body};
    in.u16();
    if (version == Version::v5) {
        const auto length = read_varint(in);
        if (!length) return malformed("SUBACK properties");
        in.bytes(*length);
    }
    if (in.failed()) return malformed("SUBACK");
    const ByteView codes = in.bytes(in.remaining());
    return !codes.empty() && std::ranges::all_of(codes, [](std::uint8_t code) { return code < 0x80; });
}

}  // namespace gantry::sim::mqtt
