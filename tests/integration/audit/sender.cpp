#include "tests/integration/audit/sender.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/write.hpp>

namespace gantry::testing {
namespace asio = boost::asio;

TlsSender::TlsSender(std::uint16_t port, const std::filesystem::path& certs, const std::string& name,
                     int tls_version_max)
    : ssl_{[&] {
          asio::ssl::context out{asio::ssl::context::tls_client};
          out.load_verify_file((certs / "ca.crt").string());
          out.set_verify_mode(asio::ssl::verify_peer);
          // OpenSSL lets a client offer old versions only at its lowest security level.
          if (tls_version_max != 0) {
              SSL_CTX_set_security_level(out.native_handle(), 0);
              SSL_CTX_set_min_proto_version(out.native_handle(), TLS1_VERSION);
              SSL_CTX_set_max_proto_version(out.native_handle(), tls_version_max);
          }
          if (!name.empty()) {
              out.use_certificate_chain_file((certs / (name + ".crt")).string());
              out.use_private_key_file((certs / (name + ".key")).string(), asio::ssl::context::pem);
          }
          return out;
      }()},
      stream_{context_, ssl_} {
    boost::system::error_code error;
    stream_.next_layer().connect({asio::ip::address_v4::loopback(), port}, error);
    if (error) return;
    const timeval limit{5, 0};
    ::setsockopt(stream_.next_layer().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(stream_.next_layer().native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    stream_.handshake(asio::ssl::stream_base::client, error);
    connected_ = !error;
}

bool TlsSender::send_raw(const std::string& bytes) {
    boost::system::error_code error;
    asio::write(stream_, asio::buffer(bytes), error);
    return !error;
}

bool TlsSender::closed_by_peer(int limit_ms) {
    pollfd ready{stream_.next_layer().native_handle(), POLLIN, 0};
    boost::system::error_code error;
    char byte = 0;
    while (!error) {
        if (::poll(&ready, 1, limit_ms) <= 0) return false;
        stream_.read_some(asio::buffer(&byte, 1), error);
    }
    return true;
}

bool TlsSender::held_back(const std::string& message, int messages_max) {
    const timeval limit{0, 500'000};
    ::setsockopt(stream_.next_layer().native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    for (int n = 0; n < messages_max; ++n)
        if (!send(message)) return true;
    return false;
}

void TlsSender::close() {
    boost::system::error_code ignored;
    stream_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    stream_.next_layer().close(ignored);
}

void send_datagram(std::uint16_t port, const std::string& message) {
    asio::io_context context;
    asio::ip::udp::socket socket{context, asio::ip::udp::v4()};
    socket.send_to(asio::buffer(message), {asio::ip::address_v4::loopback(), port});
}

}  // namespace gantry::testing
