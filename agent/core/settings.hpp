#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "agent/core/host.hpp"
#include "agent/core/intake.hpp"
#include "agent/core/outbox.hpp"
#include "common/core/crypto.hpp"
#include "common/core/ids.hpp"
#include "common/io/args.hpp"
#include "common/io/config.hpp"
#include "common/io/mqtt_link.hpp"

namespace gantry::agent {

// What enrolment will bring one day, and a file brings today: whom to believe.
struct Provisioning {
    PublicKey receipt_key{};
    PublicKey recovery_key{};
    CollectorId collector;
};

struct AgentSettings {
    DeviceId device;
    std::filesystem::path state;
    std::filesystem::path intake_socket;
    std::filesystem::path provisioning_file;
    std::filesystem::path schema_file;
    MqttOptions mqtt;  // without client id, topics and will
    OutboxLimits outbox;
    IntakeLimits intake;
    HostFiles host;
    int nice = 0;
    std::string log_level;
    std::string log_format;

    std::filesystem::path outbox_file() const { return state / "outbox.db"; }
    std::filesystem::path record_key_file() const { return state / "keys" / "record.key"; }
};

// The flags of `run`, each naming the setting that it overrides.
std::span<const Flag> agent_flags();

// Reads every setting; the error lists all that is wrong, one a line.
Result<AgentSettings> read_settings(Config& config);

Result<Provisioning> read_provisioning(const std::filesystem::path& file);

}  // namespace gantry::agent
