#include "tests/integration/audit/fake_intake.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>

namespace gantry::testing {

FakeIntake::FakeIntake(const std::filesystem::path& socket) : socket_{socket} {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(socket.c_str());
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 8) != 0)
        throw std::runtime_error{"fake intake: cannot listen"};
    thread_ = std::thread{[this] { run(); }};
}

FakeIntake::~FakeIntake() {
    stop_ = true;
    thread_.join();
    for (const int peer : peers_) ::close(peer);
    ::close(listener_);
    ::unlink(socket_.c_str());
}

std::vector<std::string> FakeIntake::lines() const {
    const std::lock_guard lock{mutex_};
    return lines_;
}

void FakeIntake::run() {
    std::vector<std::string> pending;
    while (!stop_) {
        std::vector<pollfd> ready{{listener_, POLLIN, 0}};
        for (const int peer : peers_) ready.push_back({peer, POLLIN, 0});
        if (::poll(ready.data(), ready.size(), 20) <= 0) continue;
        for (std::size_t at = 0; at < peers_.size(); ++at) {
            if ((ready[at + 1].revents & POLLIN) != 0) read_from(peers_[at], pending[at]);
        }
        if ((ready[0].revents & POLLIN) == 0) continue;
        peers_.push_back(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
        pending.emplace_back();
    }
}

void FakeIntake::read_from(int peer, std::string& pending) {
    char buffer[65536];
    const ssize_t got = ::recv(peer, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got <= 0) return;
    pending.append(buffer, static_cast<std::size_t>(got));
    for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
        std::string answer = "error full outbox\n";
        if (mode == Mode::refuse) answer = "error schema not allowed\n";
        if (mode == Mode::accept) {
            const std::lock_guard lock{mutex_};
            lines_.push_back(pending.substr(0, end));
            answer =
                "ok " + std::string(32, 'a') + " " + std::to_string(lines_.size()) + " " + std::string(64, 'b') + "\n";
        }
        pending.erase(0, end + 1);
        if (mode != Mode::silent) (void)!::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
}

}  // namespace gantry::testing
