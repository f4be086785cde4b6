#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

namespace gantry::testing {

// A scanner that sends syslog over TLS. `name` picks a certificate of make_certs in `certs`; empty: it has none.
class TlsSender {
public:
    TlsSender(std::uint16_t port, const std::filesystem::path& certs, const std::string& name, int tls_version_max = 0);

    // False when the handshake failed or the other side is gone. With TLS 1.3 a refused certificate shows only later.
    bool connected() const { return connected_; }
    bool send_raw(const std::string& bytes);
    // With its length before it.
    bool send(const std::string& message) { return send_raw(std::to_string(message.size()) + " " + message); }
    // Waits until the other side has closed; false when it has not within the limit.
    bool closed_by_peer(int limit_ms);
    // The kernel takes no more bytes for this long.
    bool held_back(const std::string& message, int messages_max);
    void close();

private:
    boost::asio::io_context context_;
    boost::asio::ssl::context ssl_;
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
    bool connected_ = false;
};

void send_datagram(std::uint16_t port, const std::string& message);

}  // namespace gantry::testing
