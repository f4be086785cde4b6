#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "common/io/unix_socket.hpp"

namespace gantry::ingest {

// One JSON line in, one JSON line out, on a Unix socket (0600) for the user who runs the collector and root. One client
// at a time: this is for people and scripts. A client that is silent for ten seconds is dropped.
class AdminSocket {
public:
    // `answer` runs on the socket's thread.
    using Answer = std::function<std::string(std::string_view line)>;

    AdminSocket(std::filesystem::path path, Answer answer) : path_{std::move(path)}, answer_{std::move(answer)} {}
    ~AdminSocket() { stop(); }

    Result<void> start();
    void stop();

private:
    void run();
    void serve(int client);

    std::filesystem::path path_;
    Answer answer_;
    UniqueFd listener_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace gantry::ingest
