#pragma once

#include <poll.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/io/files.hpp"
#include "common/io/unix_socket.hpp"

namespace gantry::agent {

struct IntakeLimits {
    std::size_t clients_max = 32;            // more: told so and closed
    std::size_t line_bytes_max = 16 * 1024;  // an intake record has at most 12,024; the rest is for blanks
    std::size_t lines_a_round = 1024;        // lines that share one commit; with 12 KiB each 12 MiB at worst
    std::size_t answers_bytes_max =
        64 * 1024;                         // answers a client has not read: from there on nothing more is read from it
    std::int64_t stalled_ms_max = 30'000;  // … and after this long without taking any, it is closed
};

// The adapters' door: a Unix stream socket that takes lines and gives one answer a line, in order. It knows nothing of
// what a line means. One thread; the owner polls.
class Intake {
public:
    // A line to be answered. `too_long`: it was longer than allowed and its text is gone.
    struct Line {
        std::uint64_t client = 0;
        std::string text;
        bool too_long = false;
    };

    // Throws std::runtime_error when the socket cannot be made.
    Intake(std::filesystem::path path, const IntakeLimits& limits);
    ~Intake();  // removes the socket

    // Adds what poll(2) shall watch.
    void watch(std::vector<pollfd>& fds) const;
    // After poll: accepts, reads, and returns the complete lines, at most lines_a_round, fairly over the clients.
    std::vector<Line> collect(std::int64_t now_ms);
    // Whole lines that collect() left for the next round: poll must not wait.
    bool has_more() const { return more_; }
    // Queues the answer (the newline is added here); a client that is gone is no error.
    void answer(std::uint64_t client, std::string_view line);
    // Writes what the sockets take, closes who stalled or left.
    void flush(std::int64_t now_ms);
    // No new clients and no new bytes any more.
    void close_door();
    // When a stalled client must be closed; 0 = none is.
    std::int64_t next_deadline_ms() const;

    std::size_t clients() const { return clients_.size(); }
    std::uint64_t refused_clients() const { return refused_clients_; }

private:
    struct Client {
        UniqueFd fd;
        std::string in;
        std::string out;
        std::size_t unanswered = 0;  // lines taken whose answer is not queued yet
        bool skipping = false;       // inside a line that was too long
        bool ended = false;          // will send no more; its answers are still owed
        bool broken = false;
        std::int64_t stalled_since_ms = 0;
    };
    void accept_new();
    void receive(Client& client);
    bool take_line(std::uint64_t id, Client& client, std::vector<Line>& lines);
    void send_some(Client& client, std::int64_t now_ms);
    bool wants_input(const Client& client) const;

    std::filesystem::path path_;
    IntakeLimits limits_;
    UniqueFd door_;
    std::map<std::uint64_t, Client> clients_;
    std::uint64_t next_id_ = 1;
    std::uint64_t refused_clients_ = 0;
    bool more_ = false;
};

}  // namespace gantry::agent
