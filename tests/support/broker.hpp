#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/support/child.hpp"

namespace gantry::testing {

// A real mosquitto on a loopback port of its own, which stays the same over restarts.
class Broker {
public:
    struct Options {
        bool persistence = false;      // keep sessions on disk, as a shipped broker would
        std::string extra_lines = {};  // more lines of mosquitto.conf
    };
    // Starts it and waits until it accepts connections.
    Broker(std::filesystem::path dir, const Options& options);
    explicit Broker(std::filesystem::path dir) : Broker{std::move(dir), Options{}} {}

    std::uint16_t port() const { return port_; }
    std::string url() const;  // mqtt://127.0.0.1:PORT
    void start();
    void kill_now() { child_->kill_now(); }
    void stop() { child_->stop(); }
    // SIGSTOP and SIGCONT: alive, but answers nothing.
    void freeze() { child_->signal(SIGSTOP); }
    void thaw() { child_->signal(SIGCONT); }
    // Only while it does not run: whatever it kept on disk is gone.
    void wipe_disk();

private:
    std::filesystem::path dir_;
    std::uint16_t port_;
    std::optional<Child> child_;
};

// Whether somebody accepts TCP connections on that loopback port.
bool port_answers(std::uint16_t port);

}  // namespace gantry::testing
