#include "agent/dicom/scp.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

#include "agent/dicom/association.hpp"
#include "agent/dicom/limits.hpp"
#include "common/io/clock.hpp"
#include "common/io/files.hpp"
#include "common/io/log.hpp"

#include <dcmtk/dcmnet/dul.h>

namespace gantry::dicom {
namespace {

constexpr std::int64_t accept_period_ms = 200;

Error system_error(const std::string& what) {
    return {Errc::unavailable, fmt::format("{}: {}", what, std::strerror(errno))};
}

// Waits until the whole A-ASSOCIATE-RQ lies in the socket's buffer, so that DCMTK, which shares one door for all peers,
// finds it there and never waits. False when the peer is too slow, too long, or speaks something else.
bool await_request(int fd, const std::stop_token& stop) {
    const std::int64_t deadline_ms = clock::monotonic_ms() + std::chrono::milliseconds{limits::network_timeout}.count();
    std::size_t seen = 0;
    while (!stop.stop_requested() && clock::monotonic_ms() < deadline_ms) {
        pollfd ready{fd, POLLIN, 0};
        if (::poll(&ready, 1, static_cast<int>(accept_period_ms)) <= 0) continue;
        std::uint8_t head[6];
        const ssize_t got = ::recv(fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
        if (got >= 1 && head[0] != 0x01) return false;
        if (got == static_cast<ssize_t>(sizeof head)) {
            const std::size_t length =
                std::size_t{head[2]} << 24 | std::size_t{head[3]} << 16 | std::size_t{head[4]} << 8 | head[5];
            if (length > limits::associate_bytes_max) return false;
            int waiting = 0;
            if (::ioctl(fd, FIONREAD, &waiting) != 0) return false;
            if (static_cast<std::size_t>(waiting) >= sizeof head + length) return true;
        }
        // Part of it is there, so poll() would return at once: a peer that hung up shows as no growth and POLLHUP.
        if ((ready.revents & (POLLHUP | POLLERR)) != 0 && static_cast<std::size_t>(std::max<ssize_t>(got, 0)) == seen)
            return false;
        seen = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return false;
}

struct Connection {
    UniqueFd socket;  // handed to DCMTK once it takes part
    UniqueFd watch;   // the same socket, to cut it off from outside
    std::atomic<std::int64_t> busy_until_ms;
    std::atomic<bool> done{false};
    std::jthread thread;
};

}  // namespace

struct Scp::Impl {
    explicit Impl(Service& s) : service{s} {}
    ~Impl() {
        if (network != nullptr) ASC_dropNetwork(&network);
    }

    Service& service;
    UniqueFd listener;
    int port = 0;
    T_ASC_Network* network = nullptr;
    std::mutex door;  // dcmExternalSocketHandle is one for the process
    std::atomic<std::size_t> associations{0};
    std::list<Connection> connections;

    Result<void> open_network();
    void accept_one();
    void tend(bool stopping);
    void serve(Connection& connection, const std::stop_token& stop);
    T_ASC_Association* receive(Connection& connection);
};

// DCMTK only ever sees sockets that are already connected: it gets one of ours in place of a listening one.
Result<void> Scp::Impl::open_network() {
    dcmDisableGethostbyaddr.set(OFTrue);
    // DCMTK writes a PDU in two pieces; with Nagle's algorithm each waits 40 ms for the other side's delayed ACK.
    ::setenv("TCP_NODELAY", "1", 0);
    const int placeholder = ::dup(listener.get());
    if (placeholder < 0) return system_error("dup");
    dcmExternalSocketHandle.set(placeholder);
    const OFCondition opened =
        ASC_initializeNetwork(NET_ACCEPTOR, port, static_cast<int>(limits::network_timeout.count()), &network);
    dcmExternalSocketHandle.set(-1);
    if (opened.bad()) return Error{Errc::unavailable, fmt::format("DICOM network: {}", opened.text())};
    return {};
}

void Scp::Impl::accept_one() {
    UniqueFd socket{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!socket) return;
    if (connections.size() >= limits::connections_max) {
        log::warn("connection closed",
                  {{"reason", "too many connections"}, {"connections_max", limits::connections_max}});
        return;
    }
    Connection& connection = connections.emplace_back();
    connection.watch.reset(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    connection.socket = std::move(socket);
    connection.busy_until_ms = std::numeric_limits<std::int64_t>::max();
    connection.thread = std::jthread{[this, &connection](const std::stop_token& stop) {
        serve(connection, stop);
        connection.done = true;
    }};
}

// Cuts off peers that are silent for too long, and forgets the connections that have ended.
void Scp::Impl::tend(bool stopping) {
    const std::int64_t now_ms = clock::monotonic_ms();
    for (Connection& connection : connections) {
        if (stopping) connection.thread.request_stop();
        if (!connection.done && connection.busy_until_ms < now_ms) ::shutdown(connection.watch.get(), SHUT_RDWR);
    }
    std::erase_if(connections, [](const Connection& connection) { return connection.done.load(); });
}

T_ASC_Association* Scp::Impl::receive(Connection& connection) {
    const std::lock_guard lock{door};
    T_ASC_Association* association = nullptr;
    const int fd = ::fcntl(connection.socket.get(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return nullptr;
    connection.socket.reset();
    dcmExternalSocketHandle.set(fd);
    const OFCondition received =
        ASC_receiveAssociation(network, &association, ASC_DEFAULTMAXPDU, nullptr, nullptr, OFFalse, DUL_NOBLOCK, 1);
    dcmExternalSocketHandle.set(-1);
    if (received.good()) return association;
    if (association != nullptr) {
        ASC_dropSCPAssociation(association, 1);
        ASC_destroyAssociation(&association);
    }
    return nullptr;
}

void Scp::Impl::serve(Connection& connection, const std::stop_token& stop) {
    if (!await_request(connection.socket.get(), stop)) return;
    T_ASC_Association* raw = receive(connection);
    if (raw == nullptr) {
        log::warn("connection closed", {{"reason", "no valid association request"}});
        return;
    }
    Association association{raw, service, connection.busy_until_ms};
    if (associations.fetch_add(1) >= limits::associations_max) {
        association.reject();
    } else {
        association.serve(stop);
    }
    associations.fetch_sub(1);
}

Scp::Scp(Service& service) : impl_{std::make_unique<Impl>(service)} {}
Scp::~Scp() = default;
int Scp::port() const { return impl_->port; }

Result<void> Scp::listen(const ScpOptions& options) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(options.port));
    if (::inet_pton(AF_INET, options.bind_address.c_str(), &address.sin_addr) != 1) {
        return Error{Errc::malformed, fmt::format("bind: got \"{}\", want an IPv4 address", options.bind_address)};
    }
    UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const int yes = 1;
    if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
        return system_error("socket");
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket.get(), generic, size) != 0)
        return system_error(fmt::format("bind {}:{}", options.bind_address, options.port));
    if (::listen(socket.get(), 64) != 0 || ::getsockname(socket.get(), generic, &size) != 0)
        return system_error("listen");
    impl_->port = ntohs(address.sin_port);
    impl_->listener = std::move(socket);
    return impl_->open_network();
}

void Scp::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd ready{impl_->listener.get(), POLLIN, 0};
        if (::poll(&ready, 1, static_cast<int>(accept_period_ms)) > 0) impl_->accept_one();
        impl_->tend(false);
    }
    while (!impl_->connections.empty()) {
        impl_->tend(true);
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

}  // namespace gantry::dicom
