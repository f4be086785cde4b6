#include "agent/core/intake.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "common/io/log.hpp"

namespace gantry::agent {

Intake::Intake(std::filesystem::path path, const IntakeLimits& limits) : path_{std::move(path)}, limits_{limits} {
    auto door = unix_socket::listen(path_, 0660);
    if (!door) throw std::runtime_error{"intake: " + door.error().message};
    door_ = std::move(*door);
}

Intake::~Intake() {
    if (door_) ::unlink(path_.c_str());
}

void Intake::close_door() {
    if (door_) ::unlink(path_.c_str());
    door_.reset();
    for (auto& [id, client] : clients_) client.ended = true;
}

bool Intake::wants_input(const Client& client) const {
    return !client.ended && client.out.size() < limits_.answers_bytes_max && client.in.size() <= limits_.line_bytes_max;
}

void Intake::watch(std::vector<pollfd>& fds) const {
    if (door_) fds.push_back({door_.get(), POLLIN, 0});
    for (const auto& [id, client] : clients_) {
        short events = 0;
        if (wants_input(client)) events |= POLLIN;
        if (!client.out.empty()) events |= POLLOUT;
        if (events != 0) fds.push_back({client.fd.get(), events, 0});
    }
}

void Intake::accept_new() {
    while (door_) {
        UniqueFd fd{::accept4(door_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (!fd) return;
        const auto peer = unix_socket::peer_of(fd.get());
        if (clients_.size() >= limits_.clients_max) {
            ++refused_clients_;
            const std::string sorry =
                "error io too many clients: want at most " + std::to_string(limits_.clients_max) + "\n";
            [[maybe_unused]] const auto ignored =
                ::send(fd.get(), sorry.data(), sorry.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            log::warn("intake: too many clients", {{"max", limits_.clients_max}, {"pid", peer ? peer->pid : 0}});
            continue;
        }
        log::info("intake: client", {{"id", next_id_}, {"pid", peer ? peer->pid : 0}, {"uid", peer ? peer->uid : 0}});
        Client client;
        client.fd = std::move(fd);
        clients_.emplace(next_id_++, std::move(client));
    }
}

void Intake::receive(Client& client) {
    char buffer[16 * 1024];
    while (wants_input(client)) {
        const auto got = ::recv(client.fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (got > 0) {
            client.in.append(buffer, static_cast<std::size_t>(got));
            continue;
        }
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        client.ended = true;  // What came before is still answered: a script may close its writing half and read on.
        client.broken = got < 0;
        return;
    }
}

// False when there is no whole line. A last line without newline counts when the client has ended: it can have no more.
bool Intake::take_line(std::uint64_t id, Client& client, std::vector<Line>& lines) {
    const auto end = client.in.find('\n');
    if (end == std::string::npos) {
        if (client.in.size() > limits_.line_bytes_max) {
            client.in.clear();
            if (!client.skipping) {
                client.skipping = true;
                lines.push_back({id, {}, true});
                ++client.unanswered;
            }
        }
        return false;
    }
    std::string text = client.in.substr(0, end);
    client.in.erase(0, end + 1);
    if (client.skipping) {
        client.skipping = false;  // The end of the line that was answered already.
        return true;
    }
    if (!text.empty() && text.back() == '\r') text.pop_back();
    const bool too_long = text.size() > limits_.line_bytes_max;
    if (too_long) text.clear();
    lines.push_back({id, std::move(text), too_long});
    ++client.unanswered;
    return true;
}

std::vector<Intake::Line> Intake::collect(std::int64_t now_ms) {
    accept_new();
    std::vector<Line> lines;
    more_ = false;
    for (auto& [id, client] : clients_) receive(client);
    // One line a client a turn, so that a flood from one does not make another wait.
    for (bool progress = true; progress && lines.size() < limits_.lines_a_round;) {
        progress = false;
        for (auto& [id, client] : clients_) {
            if (lines.size() >= limits_.lines_a_round) break;
            if (client.out.size() < limits_.answers_bytes_max && take_line(id, client, lines)) progress = true;
        }
    }
    for (const auto& [id, client] : clients_) {
        if (client.out.size() < limits_.answers_bytes_max && client.in.find('\n') != std::string::npos) more_ = true;
    }
    flush(now_ms);
    return lines;
}

void Intake::answer(std::uint64_t client, std::string_view line) {
    const auto found = clients_.find(client);
    if (found == clients_.end()) return;
    found->second.out.append(line).push_back('\n');
    if (found->second.unanswered > 0) --found->second.unanswered;
}

void Intake::send_some(Client& client, std::int64_t now_ms) {
    std::size_t sent_bytes = 0;
    while (sent_bytes < client.out.size()) {
        const auto sent = ::send(client.fd.get(), client.out.data() + sent_bytes, client.out.size() - sent_bytes,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) {
            client.broken = errno != EAGAIN && errno != EWOULDBLOCK;
            break;
        }
        sent_bytes += static_cast<std::size_t>(sent);
    }
    client.out.erase(0, sent_bytes);
    if (client.out.empty())
        client.stalled_since_ms = 0;
    else if (sent_bytes > 0 || client.stalled_since_ms == 0)
        client.stalled_since_ms = now_ms;
}

void Intake::flush(std::int64_t now_ms) {
    for (auto entry = clients_.begin(); entry != clients_.end();) {
        Client& client = entry->second;
        if (!client.broken) send_some(client, now_ms);
        const bool stalled = client.stalled_since_ms != 0 && now_ms - client.stalled_since_ms > limits_.stalled_ms_max;
        if (stalled)
            log::warn("intake: client reads no answers, closed",
                      {{"id", entry->first}, {"answers_bytes", client.out.size()}});
        const bool done =
            client.ended && client.unanswered == 0 && client.out.empty() && client.in.find('\n') == std::string::npos;
        entry = client.broken || stalled || done ? clients_.erase(entry) : std::next(entry);
    }
}

std::int64_t Intake::next_deadline_ms() const {
    std::int64_t first = 0;
    for (const auto& [id, client] : clients_) {
        if (client.stalled_since_ms == 0) continue;
        const auto deadline = client.stalled_since_ms + limits_.stalled_ms_max + 1;
        first = first == 0 ? deadline : std::min(first, deadline);
    }
    return first;
}

}  // namespace gantry::agent
