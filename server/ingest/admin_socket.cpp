#include "server/ingest/admin_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/clock.hpp"
#include "common/io/log.hpp"
#include "server/ingest/limits.hpp"

namespace gantry::ingest {
namespace {

constexpr int accept_poll_ms = 200;  // how soon stop() is seen
constexpr std::int64_t silence_ms_max = 10'000;

bool wait_for(int fd, short what, std::int64_t until_ms, const std::atomic<bool>& stopping) {
    while (!stopping) {
        const std::int64_t left = until_ms - clock::monotonic_ms();
        if (left <= 0) return false;
        pollfd entry{.fd = fd, .events = what, .revents = 0};
        const int ready = poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left, accept_poll_ms)));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
    return false;
}

bool may_speak(int fd) {
    const auto peer = unix_socket::peer_of(fd);
    return peer && (peer->uid == 0 || peer->uid == geteuid());
}

bool send_all(int fd, std::string_view text, const std::atomic<bool>& stopping) {
    while (!text.empty()) {
        if (!wait_for(fd, POLLOUT, clock::monotonic_ms() + silence_ms_max, stopping)) return false;
        const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
        if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

}  // namespace

Result<void> AdminSocket::start() {
    auto listener = unix_socket::listen(path_, 0600);
    if (!listener) return listener.error();
    listener_ = std::move(*listener);
    thread_ = std::thread{[this] { run(); }};
    return {};
}

void AdminSocket::stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    thread_.join();
    listener_.reset();
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

void AdminSocket::run() {
    while (!stopping_) {
        if (!wait_for(listener_.get(), POLLIN, clock::monotonic_ms() + accept_poll_ms, stopping_)) continue;
        const UniqueFd client{accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (!client) continue;
        if (may_speak(client.get()))
            serve(client.get());
        else
            log::warn("admin socket: refused a user who is neither ours nor root");
    }
}

void AdminSocket::serve(int client) {
    std::string buffer;
    char chunk[64 * 1024];
    while (wait_for(client, POLLIN, clock::monotonic_ms() + silence_ms_max, stopping_)) {
        const ssize_t got = recv(client, chunk, sizeof chunk, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0) return;
        buffer.append(chunk, static_cast<std::size_t>(got));
        if (buffer.size() > admin_line_bytes_max) {
            send_all(client, "{\"ok\":false,\"error\":\"line too long\"}\n", stopping_);
            return;
        }
        for (std::size_t end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n')) {
            const std::string answer = answer_(std::string_view{buffer}.substr(0, end)) + "\n";
            buffer.erase(0, end + 1);
            if (!send_all(client, answer, stopping_)) return;
        }
    }
}

}  // namespace gantry::ingest
