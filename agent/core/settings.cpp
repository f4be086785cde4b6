#include "agent/core/settings.hpp"

namespace gantry::agent {
namespace {

constexpr Flag flags[] = {
    {"--config", "FILE", "", "settings file (default /etc/gantry/agent.toml)"},
    {"--device", "ID", "device", "register id of the device this agent serves"},
    {"--state", "DIR", "state",
     "outbox and keys (default /var/lib/gantry-agent/DEVICE, else ./gantry-agent-data/DEVICE)"},
    {"--intake", "SOCKET", "intake.socket", "Unix socket for adapters (default STATE/intake.sock)"},
    {"--mqtt", "URL", "mqtt.url", "broker, mqtt://host:port or mqtts://host:port"},
    {"--mqtt-version", "5|3.1.1", "mqtt.version", "protocol version (default 5)"},
    {"--cafile", "FILE", "tls.cafile", "who may sign the broker's certificate"},
    {"--cert", "FILE", "tls.cert", "this device's certificate"},
    {"--key", "FILE", "tls.key", "this device's TLS key"},
    {"--provisioning", "FILE", "provisioning", "whom to believe: receipt key, recovery key, collector id"},
    {"--schema", "FILE", "schema", "event schema (default the shipped one)"},
    {"--log-level", "LEVEL", "log.level", "debug, info, warn or error"},
    {"--log-format", "FORMAT", "log.format", "auto, text or json"},
    {"--check-config", "", "", "check the settings and leave"},
    {"--json", "", "", "status: as JSON"},
    {"--help", "", "", "this text"},
    {"--version", "", "", "name, version, commit"},
};

constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
constexpr std::int64_t day_ms = 86'400'000;

std::filesystem::path default_state(const std::string& device) {
    std::error_code ignored;
    const std::filesystem::path system = "/var/lib/gantry-agent";
    return (std::filesystem::is_directory(system, ignored) ? system : "gantry-agent-data") / device;
}

std::string default_schema() {
    const std::string installed = "/usr/share/gantry/schema/events.toml";
    std::error_code ignored;
    return std::filesystem::exists(installed, ignored) ? installed : GANTRY_DEFAULT_CONFIG_DIR "/schema/events.toml";
}

void read_mqtt(Config& config, MqttOptions& mqtt) {
    mqtt.url = config.text("mqtt.url");
    mqtt.version_5 = config.choice("mqtt.version", {"5", "3.1.1"}, "5") == "5";
    mqtt.username = config.text("mqtt.username");
    mqtt.password = config.text("mqtt.password");
    mqtt.keep_alive = std::chrono::seconds{config.integer("mqtt.keep_alive_s", 5, 3600, 60)};
    mqtt.reconnect_max = std::chrono::seconds{config.integer("mqtt.reconnect_max_s", 1, 3600, 60)};
    // Three full frames of 256 records may be on the way; credit (512 records) is reached before.
    mqtt.in_flight_max = static_cast<unsigned>(config.integer("mqtt.in_flight_max", 1, 100, 16));
    mqtt.cafile = config.text("tls.cafile");
    mqtt.cert = config.text("tls.cert");
    mqtt.key = config.text("tls.key");
    if (mqtt.url.starts_with("mqtts://") && mqtt.cafile.empty())
        config.problem(
            "tls.cafile: got nothing, want the file that signs the broker's certificate, since mqtt.url is mqtts://");
    if (mqtt.cert.empty() != mqtt.key.empty())
        config.problem("tls.cert and tls.key: got one of them, want both or none");
}

void read_limits(Config& config, AgentSettings& settings) {
    settings.outbox.pending_bytes_max = config.integer("outbox.pending_mib_max", 1, 1 << 20, 1024) * mebibyte;
    settings.outbox.tail_ms_min = config.integer("outbox.tail_days", 0, 3650, 30) * day_ms;
    settings.outbox.tail_bytes_min = config.integer("outbox.tail_mib", 0, 1 << 20, 64) * mebibyte;
    settings.outbox.tail_bytes_max = config.integer("outbox.tail_mib_max", 1, 1 << 20, 1024) * mebibyte;
    settings.intake.clients_max = static_cast<std::size_t>(config.integer("intake.clients_max", 1, 1000, 32));
    if (settings.outbox.tail_bytes_max < settings.outbox.tail_bytes_min)
        config.problem("outbox.tail_mib_max: got less than outbox.tail_mib, want at least as much");
}

}  // namespace

std::span<const Flag> agent_flags() { return flags; }

Result<AgentSettings> read_settings(Config& config) {
    const std::string device = config.required_text("device");
    const auto id = DeviceId::parse(device.empty() ? "unset" : device);
    if (!id) config.problem("device: " + id.error().message);
    AgentSettings settings{.device = id ? *id : DeviceId::parse("unset").value(),
                           .state = {},
                           .intake_socket = {},
                           .provisioning_file = {},
                           .schema_file = {},
                           .mqtt = {},
                           .outbox = {},
                           .intake = {},
                           .host = {},
                           .nice = 0,
                           .log_level = {},
                           .log_format = {}};
    settings.state = config.text("state", default_state(device).string());
    settings.intake_socket = config.text("intake.socket", (settings.state / "intake.sock").string());
    settings.provisioning_file = config.text("provisioning");
    settings.schema_file = config.text("schema", default_schema());
    read_mqtt(config, settings.mqtt);
    read_limits(config, settings);
    settings.host.machine_id = config.text("host.machine_id_file", settings.host.machine_id.string());
    settings.host.dmi_uuid = config.text("host.uuid_file", settings.host.dmi_uuid.string());
    settings.nice = static_cast<int>(config.integer("nice", 0, 19, 5));
    settings.log_level = config.choice("log.level", {"debug", "info", "warn", "error"}, "info");
    settings.log_format = config.choice("log.format", {"auto", "text", "json"}, "auto");
    if (auto done = config.finish(); !done) return done.error();
    return settings;
}

Result<Provisioning> read_provisioning(const std::filesystem::path& file) {
    auto config =
        Config::load({.file = file, .default_file = {}, .flags = {}, .environment = [](const char*) -> const char* {
                          return nullptr;
                      }});
    if (!config) return config.error();
    const auto receipt = array_from_hex<32>(config->required_text("receipt_key"));
    const auto recovery = array_from_hex<32>(config->required_text("recovery_key"));
    const auto collector = CollectorId::parse(config->required_text("collector_id"));
    if (!receipt) config->problem("receipt_key: want 64 lower-case hexadecimal digits");
    if (!recovery) config->problem("recovery_key: want 64 lower-case hexadecimal digits");
    if (!collector) config->problem("collector_id: " + collector.error().message);
    if (auto done = config->finish(); !done)
        return Error{done.error().code, file.string() + ": " + done.error().message};
    return Provisioning{*receipt, *recovery, *collector};
}

}  // namespace gantry::agent
