#include "server/ingest/collector_settings.hpp"

namespace gantry::ingest {
namespace {

constexpr Flag flags[] = {
    {"--config", "FILE", "", "settings file (default /etc/gantry/collector.toml)"},
    {"--state", "DIR", "state", "log, keys and sockets (default /var/lib/gantry, else ./gantry-data)"},
    {"--listen", "HOST:PORT", "http.listen", "web and API, loopback only (default 127.0.0.1:8080)"},
    {"--mqtt", "URL", "mqtt.url", "broker, mqtt://host:port or mqtts://host:port (default mqtt://127.0.0.1:1883)"},
    {"--mqtt-version", "5|3.1.1", "mqtt.version", "protocol version (default 5)"},
    {"--cafile", "FILE", "tls.cafile", "who may sign the broker's certificate"},
    {"--cert", "FILE", "tls.cert", "the collector's certificate"},
    {"--key", "FILE", "tls.key", "the collector's TLS key"},
    {"--id", "NAME", "collector.id", "name of this collector and of its log (default main)"},
    {"--schema", "FILE", "schema", "event schema (default the shipped one)"},
    {"--papers", "FILE", "papers", "schema of papers (default the shipped one)"},
    {"--required", "FILE", "required", "which papers a device owes in which state (default the shipped list)"},
    {"--rules", "DIR", "rules", "rule packs (default the shipped ones)"},
    {"--lifecycle", "DIR", "lifecycle", "lifecycle tables (default the shipped ones)"},
    {"--catalogue", "DIR", "catalogue", "licence catalogues (default the shipped ones)"},
    {"--web-dir", "DIR", "http.web_dir", "serve the page from here instead of the built-in one"},
    {"--log-level", "LEVEL", "log.level", "debug, info, warn or error"},
    {"--log-format", "FORMAT", "log.format", "auto, text or json"},
    {"--demo", "", "demo", "mark the page as a demonstration"},
    {"--check-config", "", "", "check the settings and all tables, schemas and rules, and leave"},
    {"--help", "", "", "this text"},
    {"--version", "", "", "name, version, commit"},
};

}  // namespace

std::string shipped_file(std::string_view part) {
    const std::string installed = "/usr/share/gantry/" + std::string{part};
    std::error_code ignored;
    return std::filesystem::exists(installed, ignored) ? installed : GANTRY_DEFAULT_CONFIG_DIR "/" + std::string{part};
}

namespace {

void read_mqtt(Config& config, CollectorSettings& settings) {
    MqttOptions& mqtt = settings.mqtt;
    mqtt.url = config.text("mqtt.url", "mqtt://127.0.0.1:1883");
    mqtt.version_5 = config.choice("mqtt.version", {"5", "3.1.1"}, "5") == "5";
    mqtt.client_id = config.text("mqtt.client_id", "gantry-" + settings.id.text());
    mqtt.username = config.text("mqtt.username");
    mqtt.password = config.text("mqtt.password");
    mqtt.keep_alive = std::chrono::seconds{config.integer("mqtt.keep_alive_s", 5, 3600, 30)};
    mqtt.reconnect_max = std::chrono::seconds{config.integer("mqtt.reconnect_max_s", 1, 3600, 10)};
    mqtt.in_flight_max = static_cast<unsigned>(config.integer("mqtt.in_flight_max", 1, 100, 100));
    mqtt.cafile = config.text("tls.cafile");
    mqtt.cert = config.text("tls.cert");
    mqtt.key = config.text("tls.key");
    if (mqtt.url.starts_with("mqtts://") && mqtt.cafile.empty())
        config.problem(
            "tls.cafile: got nothing, want the file that signs the broker's certificate, since mqtt.url is mqtts://");
    if (mqtt.cert.empty() != mqtt.key.empty())
        config.problem("tls.cert and tls.key: got one of them, want both or none");
}

}  // namespace

std::span<const Flag> collector_flags() { return flags; }

std::filesystem::path default_state() {
    std::error_code ignored;
    const std::filesystem::path system = "/var/lib/gantry";
    return std::filesystem::is_directory(system, ignored) ? system : std::filesystem::path{"gantry-data"};
}

Result<CollectorSettings> read_settings(Config& config) {
    const auto id = CollectorId::parse(config.text("collector.id", "main"));
    if (!id) config.problem("collector.id: " + id.error().message);
    CollectorSettings settings{.id = id ? *id : CollectorId::parse("main").value(),
                               .state = {},
                               .listen = {},
                               .host_names = {},
                               .mqtt = {},
                               .schema_file = {},
                               .papers_file = {},
                               .required_file = {},
                               .rules_folder = {},
                               .lifecycle_folder = {},
                               .catalogue_folder = {},
                               .web_folder = {},
                               .demo = false,
                               .log_level = {},
                               .log_format = {}};
    settings.state = config.text("state", default_state().string());
    settings.listen = config.text("http.listen", "127.0.0.1:8080");
    settings.host_names = config.list("http.host_names");
    settings.web_folder = config.text("http.web_dir");
    read_mqtt(config, settings);
    settings.schema_file = config.text("schema", shipped_file("schema/events.toml"));
    settings.rules_folder = config.text("rules", shipped_file("rules"));
    settings.text_folder = config.text("texts", shipped_file("text"));
    settings.papers_file = config.text("papers", shipped_file("schema/papers.toml"));
    settings.required_file = config.text("required", shipped_file("papers/required.toml"));
    settings.lifecycle_folder = config.text("lifecycle", shipped_file("lifecycle"));
    settings.catalogue_folder = config.text("catalogue", shipped_file("catalogue"));
    settings.demo = config.boolean("demo", false);
    settings.log_level = config.choice("log.level", {"debug", "info", "warn", "error"}, "info");
    settings.log_format = config.choice("log.format", {"auto", "text", "json"}, "auto");
    if (auto done = config.finish(); !done) return done.error();
    return settings;
}

}  // namespace gantry::ingest
