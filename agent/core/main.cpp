#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "agent/core/agent.hpp"
#include "agent/core/guest.hpp"
#include "agent/core/status.hpp"
#include "common/io/log.hpp"
#include "common/io/version.hpp"

// gantry-agent: reads the command line and settings, builds the agent, maps failure to an exit code.
namespace {

using namespace gantry;
using namespace gantry::agent;

constexpr int exit_failed = 1, exit_usage = 2, exit_unavailable = 69, exit_io = 74, exit_config = 78;

constexpr const char* usage =
    "gantry-agent: takes what a scanner's adapters report, keeps it until the collector has it, and proves both\n"
    "\n"
    "  gantry-agent run [flags]          serve one device\n"
    "  gantry-agent status [--json]      what the agent of this device has and lacks\n"
    "  gantry-agent keys                 make the record key if there is none; print its public half\n"
    "  gantry-agent enrol URL TOKEN      (comes with accounts; until then: --provisioning FILE)\n"
    "\n"
    "Settings: flag > environment GANTRY_… > conf.d/*.toml > file > default.\n"
    "\n";

int fail(int code, const std::string& message) {
    log::error(message);
    return code;
}

int exit_code(Errc code) {
    return code == Errc::io                                      ? exit_io
           : code == Errc::conflict || code == Errc::unavailable ? exit_unavailable
                                                                 : exit_config;
}

void make_state_folder(const AgentSettings& settings) {
    std::filesystem::create_directories(settings.state / "keys");
    std::filesystem::permissions(settings.state / "keys", std::filesystem::perms::owner_all);
}

int run(AgentSettings settings) {
    if (settings.provisioning_file.empty())
        return fail(exit_config,
                    "provisioning: got nothing, want the file that the collector wrote (--provisioning FILE)");
    auto trust = read_provisioning(settings.provisioning_file);
    if (!trust) return fail(exit_code(trust.error().code), trust.error().message);
    const auto schema_text = files::read_all(settings.schema_file);
    if (!schema_text) return fail(exit_code(schema_text.error().code), "schema: " + schema_text.error().message);
    auto schema = Schema::parse(*schema_text);
    if (!schema) return fail(exit_config, settings.schema_file.string() + ": " + schema.error().message);
    guest::behave(settings.nice);
    make_state_folder(settings);
    auto key = keys::load_or_create(settings.record_key_file());
    if (!key) return fail(exit_code(key.error().code), key.error().message);
    log::info(
        "gantry-agent starts",
        {{"version", version_text}, {"device", settings.device.text()}, {"record_key", to_hex(key->public_key())}});
    Agent agent{std::move(settings), *trust, std::move(*key), std::move(*schema)};
    agent.run();
    return 0;
}

int show_keys(const AgentSettings& settings) {
    make_state_folder(settings);
    const auto key = keys::load_or_create(settings.record_key_file());
    if (!key) return fail(exit_code(key.error().code), key.error().message);
    std::printf("%s\n", to_hex(key->public_key()).c_str());
    return 0;
}

int show_status(const AgentSettings& settings, bool json) {
    const auto status = read_status(settings);
    if (!status)
        return fail(status.error().code == Errc::not_found ? exit_unavailable : exit_io, status.error().message);
    std::printf("%s\n", json ? status->c_str() : status_text(*status).c_str());
    return 0;
}

int dispatch(const Args& args) {
    const std::string command = args.words.empty() ? "run" : args.words.front();
    if (command == "enrol")
        return fail(exit_unavailable,
                    "enrol: enrolment arrives with accounts; until then register the key with "
                    "'gantry register device' and start with --provisioning FILE");
    if (command != "run" && command != "status" && command != "keys")
        return fail(exit_usage, "unknown command " + command + ": want run, status, keys or enrol");

    auto flag_settings = args.settings(agent_flags());
    // `keys --state DIR` needs no device: the key belongs to the folder.
    if (command == "keys" && !flag_settings.contains("device") && !args.has("--config"))
        flag_settings["device"] = "unset";
    auto config = Config::load(
        {.file = args.has("--config") ? std::optional<std::filesystem::path>{args.value("--config")} : std::nullopt,
         .default_file = "/etc/gantry/agent.toml",
         .flags = std::move(flag_settings),
         .environment = {}});
    if (!config) return fail(exit_config, config.error().message);
    auto settings = read_settings(*config);
    if (!settings) return fail(exit_config, settings.error().message);
    log::Level level = log::Level::info;
    log::parse_level(settings->log_level, level);
    log::init("gantry-agent", level,
              settings->log_format == "json"   ? log::Format::json
              : settings->log_format == "text" ? log::Format::text
                                               : log::Format::automatic);
    if (args.has("--check-config")) {
        std::printf("%s", config->describe().c_str());
        return 0;
    }
    if (command == "keys") return show_keys(*settings);
    if (command == "status") return show_status(*settings, args.has("--json"));
    return run(std::move(*settings));
}

}  // namespace

int main(int argc, char** argv) {
    guest::keep_heap_small();
    log::init("gantry-agent");
    const auto args = parse_args(argc, argv, agent_flags());
    if (!args) return fail(exit_usage, args.error().message);
    if (args->has("--help")) {
        std::printf("%s%s", usage, flags_help(agent_flags()).c_str());
        return 0;
    }
    if (args->has("--version")) {
        std::printf("%s\n", version_line("gantry-agent").c_str());
        return 0;
    }
    try {
        return dispatch(*args);
    } catch (const sql::SqlError& error) {
        return fail(exit_io, error.what());
    } catch (const std::filesystem::filesystem_error& error) {
        return fail(exit_io, error.what());
    } catch (const std::exception& error) {
        return fail(exit_failed, error.what());
    }
}
