#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>

#include "agent/audit/options.hpp"
#include "agent/audit/receiver.hpp"

namespace gantry::audit {

// Syslog over TLS (RFC 5425). A connection's next messages are read only when those before are durable, so the TCP
// window holds a sender back while an intake is away. One thread.
class TlsListener {
public:
    // Throws std::runtime_error (certificates) or boost::system::system_error (address in use).
    TlsListener(boost::asio::any_io_executor executor, const Options& options, Receiver& receiver);
    ~TlsListener();

    std::uint16_t port() const;
    // Reads certificate, key and CA again; connections that stand keep theirs. Errc::malformed: the old ones stay.
    Result<void> reload();
    // Takes no more connections; those that stand end once what has arrived is delivered.
    void stop();
    // Cuts what stands.
    void cut();
    std::size_t connections() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Whether certificate, key and CA can be read and belong together.
Result<void> check_certificates(const Options& options);

}  // namespace gantry::audit
