#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/core/frame.hpp"
#include "common/core/messages.hpp"
#include "common/io/mqtt_link.hpp"

namespace gantry::testing {

// A collector that does what the test says, on a real broker: keeps what agents send in memory, answers hello and
// frames as the protocol wants, unless told to be silent, to refuse, to forget or to claim a conflict. The test's own
// thread drives it.
class ScriptedCollector {
public:
    struct EpochLog {
        std::vector<Hash> heads;  // c[0] …; empty until the first frame
        std::vector<std::string> records;
        std::map<std::uint64_t, Hash> tombstones;
        bool conflict = false;
        std::uint64_t high() const { return heads.empty() ? 0 : heads.size() - 1; }
    };

    ScriptedCollector(const std::string& broker_url, const DeviceId& dev);
    void trust(const PublicKey& record_key) { record_key_ = record_key; }
    // The provisioning file that makes agents believe this one.
    std::string provisioning() const;

    // Handles what came until `done` says true or the time is over; returns the last answer of `done`.
    bool pump_until(const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds{20});
    void restart();  // another boot, announced
    void ack(const EpochId& epoch, std::uint32_t credit);
    // The receipt that is right for what it holds; and any message, signed by whatever key, to the agent.
    Ack right_ack(const EpochId& epoch);
    void send_signed(const Ack& ack, const SigningKey& key);
    const SigningKey& key() const { return key_; }

    // The script.
    bool answers_hello = true;
    bool answers_frames = true;
    std::uint32_t credit = 512;
    std::function<std::optional<std::string>(std::uint64_t seq, const std::string& bytes)> refuse = {};

    // What was seen.
    std::map<EpochId, EpochLog> epochs;
    std::vector<EpochId> order;
    std::vector<Lost> losts;
    int hellos = 0, frames = 0, beats = 0, contradictions = 0, ups = 0, bad = 0;
    bool holds(const std::string& text) const;

private:
    void handle(const std::string& topic, const Bytes& payload);
    void handle(const Hello& hello);
    void handle(const Frame& frame);
    void send(MessageKind kind, const std::string& body);
    EpochLog& log_of(const EpochId& epoch);

    DeviceId dev_;
    SigningKey key_;
    PublicKey record_key_{};
    BootId boot_{};
    std::mutex mutex_;
    std::deque<std::pair<std::string, Bytes>> inbox_;
    bool up_ = false;
    MqttLink link_;
};

}  // namespace gantry::testing
