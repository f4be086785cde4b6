#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/core/host.hpp"
#include "agent/core/intake.hpp"
#include "agent/core/intake_line.hpp"
#include "agent/core/link_inbox.hpp"
#include "agent/core/outbox.hpp"
#include "agent/core/sender.hpp"
#include "agent/core/settings.hpp"
#include "agent/core/watch.hpp"
#include "common/core/schema.hpp"
#include "common/io/mqtt_link.hpp"

namespace gantry::agent {

// One device's agent: a single thread around intake, outbox and sender; MQTT's own threads only leave things in the
// inbox. Whatever waits at the intake while a commit runs shares the next one.
class Agent {
public:
    // Throws std::runtime_error or sql::SqlError when it cannot start; then nothing was promised to anybody.
    Agent(AgentSettings settings, Provisioning trust, SigningKey key, Schema schema);
    ~Agent();

    // Runs until SIGTERM or SIGINT; the answers to all lines read by then are out when it returns.
    void run();

private:
    void open_outbox();
    void open_first_outbox();
    void open_start_epoch();
    void start_link();
    bool wait(std::int64_t now_ms);  // false: asked to end
    bool read_signals();
    std::int64_t next_wakeup(std::int64_t now_ms) const;

    void round();
    void take_lines();
    void append_own();
    void minute();
    void keep_house(std::int64_t now_ms);
    void outbox_failed(const std::exception& error);
    std::string status_json() const;
    Stamp stamp() const;

    struct Judged;  // a line with its answer, or with the observation that waits for its place
    Judged judge(const Intake::Line& line) const;
    void commit_lines(std::vector<Judged>& lines);

    AgentSettings settings_;
    Provisioning trust_;
    SigningKey key_;
    Schema schema_;
    HostFingerprint host_;
    std::string machine_boot_;

    UniqueFd lock_;
    UniqueFd signals_;
    LinkInbox inbox_;
    std::unique_ptr<Outbox> outbox_;  // null while it is broken and waits to be opened again
    std::unique_ptr<Sender> sender_;
    std::unique_ptr<MqttLink> link_;
    std::unique_ptr<Intake> intake_;
    Watch watch_;

    std::uint64_t minutes_ = 0;  // since the start
    std::int64_t next_minute_ms_ = 0;
    std::int64_t next_prune_ms_ = 0;
    std::int64_t reopen_at_ms_ = 0;
    std::int64_t own_retry_at_ms_ = 0;
    std::int64_t last_warning_ms_ = 0;
};

}  // namespace gantry::agent
