#include "tests/bench/raw_mqtt.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace gantry::bench {
namespace {

constexpr std::uint8_t connect_packet = 0x10, publish_qos1 = 0x32, subscribe_packet = 0x82, puback_packet = 0x40;

void put_text(ByteWriter& writer, std::string_view text) {
    writer.u16(static_cast<std::uint16_t>(text.size()));
    writer.text(text);
}

[[noreturn]] void broken(const char* what) {
    throw std::runtime_error{std::string{"connection to the broker: "} + what};
}

// A variable byte integer at `at`; moves `at` behind it. False when it is not complete.
bool read_length(ByteView bytes, std::size_t& at, std::size_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 28 && at < bytes.size(); shift += 7) {
        const std::uint8_t byte = bytes[at++];
        value |= static_cast<std::size_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) return true;
    }
    return false;
}

std::uint16_t read_u16(ByteView bytes, std::size_t at) {
    if (at + 2 > bytes.size()) broken("packet too short");
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

}  // namespace

RawMqtt::RawMqtt(std::uint16_t port, const std::string& client_id, OnMessage on_message)
    : on_message_{std::move(on_message)} {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) broken("refused");
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Bytes body;
    ByteWriter writer{body};
    put_text(writer, "MQTT");
    writer.u8(5);
    writer.u8(0x02);  // clean start
    writer.u16(0);    // no keep-alive
    writer.u8(0);     // no properties
    put_text(writer, client_id);
    put_packet(connect_packet, body);
    for (int tries = 0; !connected_ && tries < 50; ++tries) poll(100);
    if (!connected_) broken("no answer to CONNECT");
}

RawMqtt::~RawMqtt() {
    if (socket_ >= 0) ::close(socket_);
}

void RawMqtt::subscribe(const std::string& filter) {
    Bytes body;
    ByteWriter writer{body};
    writer.u16(++next_id_);
    writer.u8(0);
    put_text(writer, filter);
    writer.u8(1);
    put_packet(subscribe_packet, body);
    for (int tries = 0; !subscribed_ && tries < 50; ++tries) poll(100);
    if (!subscribed_) broken("no answer to SUBSCRIBE");
}

void RawMqtt::publish(std::string_view topic, ByteView payload) {
    Bytes body;
    body.reserve(payload.size() + topic.size() + 8);
    ByteWriter writer{body};
    put_text(writer, topic);
    if (++next_id_ == 0) ++next_id_;
    writer.u16(next_id_);
    writer.u8(0);
    writer.bytes(payload);
    put_packet(publish_qos1, body);
    ++in_flight_;
}

void RawMqtt::put_packet(std::uint8_t first, const Bytes& body) {
    out_.push_back(first);
    std::size_t left = body.size();
    do {
        const auto low = static_cast<std::uint8_t>(left & 0x7f);
        left >>= 7;
        out_.push_back(left > 0 ? static_cast<std::uint8_t>(low | 0x80) : low);
    } while (left > 0);
    out_.insert(out_.end(), body.begin(), body.end());
    flush();
}

void RawMqtt::flush() {
    while (!out_.empty()) {
        const ssize_t sent = ::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (sent <= 0) broken("closed while sending");
        out_.erase(out_.begin(), out_.begin() + sent);
    }
}

void RawMqtt::poll(int timeout_ms) {
    pollfd waiting{.fd = socket_, .events = static_cast<short>(out_.empty() ? POLLIN : POLLIN | POLLOUT), .revents = 0};
    if (::poll(&waiting, 1, timeout_ms) <= 0) return;
    flush();
    if ((waiting.revents & (POLLIN | POLLHUP | POLLERR)) == 0) return;
    std::uint8_t buffer[65536];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got == 0) broken("closed by the broker");
    if (got < 0) return;
    in_.insert(in_.end(), buffer, buffer + got);
    std::uint8_t first = 0;
    ByteView body;
    std::size_t used = 0;
    while (read_packet(first, body, used)) take(first, body);
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(used));
}

// The packet that begins at `used`, which then moves behind it.
bool RawMqtt::read_packet(std::uint8_t& first, ByteView& body, std::size_t& used) const {
    std::size_t at = used;
    std::size_t length = 0;
    if (at >= in_.size()) return false;
    first = in_[at++];
    if (!read_length(in_, at, length) || in_.size() - at < length) return false;
    body = ByteView{in_}.subspan(at, length);
    used = at + length;
    return true;
}

void RawMqtt::take(std::uint8_t first, ByteView body) {
    switch (first & 0xf0) {
        case 0x20:
            take_connack(body);
            break;
        case 0x30:
            take_publish(first, body);
            break;
        case 0x40:
            --in_flight_;
            break;
        case 0x90:
            subscribed_ = true;
            break;
        case 0xe0:
            broken("DISCONNECT from the broker");
        default:
            break;
    }
}

void RawMqtt::take_connack(ByteView body) {
    if (body.size() < 3 || body[1] != 0) broken("CONNECT refused");
    connected_ = true;
    std::size_t at = 2, length = 0;
    if (!read_length(body, at, length)) return;
    const std::size_t end = at + length;
    while (at < end) {  // Of the properties only these come from mosquitto.
        const std::uint8_t id = body[at++];
        if (id == 0x21) receive_max_ = read_u16(body, at);
        if (id == 0x21 || id == 0x22 || id == 0x13)
            at += 2;
        else if (id == 0x27 || id == 0x11)
            at += 4;
        else if (id == 0x12)
            at += 2 + read_u16(body, at);
        else
            at += 1;
    }
}

void RawMqtt::take_publish(std::uint8_t first, ByteView body) {
    std::size_t at = 2 + read_u16(body, 0);
    const std::string_view topic = as_text(body.subspan(2, at - 2));
    if ((first & 0x06) != 0) {
        const std::uint16_t id = read_u16(body, at);
        at += 2;
        Bytes answer;
        ByteWriter{answer}.u16(id);
        put_packet(puback_packet, answer);
    }
    std::size_t properties = 0;
    if (!read_length(body, at, properties)) broken("malformed PUBLISH");
    on_message_(topic, body.subspan(at + properties));
}

}  // namespace gantry::bench
