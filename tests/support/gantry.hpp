#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/broker.hpp"
#include "tests/support/child.hpp"
#include "tests/support/line_client.hpp"

namespace gantry::testing {

// A real gantry-collector with state, address and broker of its own; killed and started again on the same state and
// port.
class Collector {
public:
    // Starts it and waits until its admin socket answers.
    Collector(std::filesystem::path dir, std::string broker_url);

    void start();
    // Like start(), but with `wrapper` in front of the command line (strace, unshare ...) and without waiting for it.
    void start_under(const std::vector<std::string>& wrapper);
    void kill_now() { child_->kill_now(); }
    std::optional<Exit> stop() { return child_->stop(); }
    bool ready();
    bool running() { return child_ && child_->running(); }
    Child& child() { return *child_; }
    std::string log() const;

    // Over the admin socket. Throws when it refuses.
    void register_device(const std::string& id, const std::string& record_key_hex);

    std::uint16_t port() const { return port_; }
    const std::filesystem::path& state() const { return state_; }
    std::filesystem::path provisioning() const { return state_ / "provisioning.toml"; }
    std::filesystem::path database() const { return state_ / "gantry.db"; }
    // A sample of /metrics; nothing when it is not there.
    std::optional<double> metric(const std::string& name) const;

private:
    std::filesystem::path dir_, state_;
    std::string broker_url_;
    std::uint16_t port_;
    std::optional<Child> child_;
};

// A real gantry-agent with a state folder and an intake socket.
class Agent {
public:
    // Makes the keys; does not start it.
    Agent(std::filesystem::path dir, std::string device, std::string broker_url, std::filesystem::path provisioning);

    const std::string& device() const { return device_; }
    const std::filesystem::path& state() const { return state_; }
    const std::string& record_key() const { return record_key_; }
    std::filesystem::path intake() const { return dir_ / "intake"; }
    std::string log() const;

    // Waits until the intake answers.
    void start();
    void start_under(const std::vector<std::string>& wrapper);
    void kill_now() { child_->kill_now(); }
    std::optional<Exit> stop() { return child_->stop(); }
    bool running() { return child_ && child_->running(); }
    Child& child() { return *child_; }
    // Number after `"name":` in `status --json`; nothing when there is none.
    std::optional<std::int64_t> status(const std::string& name) const;

private:
    std::filesystem::path dir_, state_;
    std::string device_, broker_url_, record_key_;
    std::filesystem::path provisioning_;
    std::optional<Child> child_;
};

// An intake line whose bytes hold the mark `n` in a field made for it.
std::string exposure_line(std::uint64_t n);
// The mark as it stands in the line and in the stored record.
std::string mark(std::uint64_t n);

// What an intake promised for the line with that mark.
struct Promised {
    std::string device;
    Promise promise;
    std::uint64_t n = 0;
};

// Number after `"name":` in a piece of JSON, wherever it stands.
std::optional<std::int64_t> json_number(const std::string& json, const std::string& name);

}  // namespace gantry::testing
