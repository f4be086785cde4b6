#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>

#include "agent/audit/options.hpp"
#include "agent/audit/receiver.hpp"

namespace gantry::audit {

// Syslog over UDP (RFC 5426): one message a datagram. What waits is bounded; beyond that datagrams are dropped and
// counted, since nothing can hold their sender back. One thread.
class UdpListener {
public:
    // Throws boost::system::system_error (address in use).
    UdpListener(boost::asio::any_io_executor executor, const Options& options, Receiver& receiver);
    ~UdpListener();

    std::uint16_t port() const;
    std::uint64_t dropped() const;
    // Hears no more; what the kernel holds and what waits is still delivered.
    void stop();
    bool idle() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::audit
