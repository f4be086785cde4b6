#include <cstdio>

#include "common/io/log.hpp"
#include "common/io/sqlite.hpp"
#include "common/io/version.hpp"
#include "server/cli/context.hpp"
#include "server/ingest/collector_settings.hpp"

// gantry: the operators' and auditors' command.
namespace {

using namespace gantry;
using namespace gantry::cli;

constexpr Flag flags[] = {
    {"--state", "DIR", "state", "the collector's folder (default /var/lib/gantry, else ./gantry-data)"},
    {"--config", "FILE", "", "the collector's settings file, for its state folder"},
    {"--json", "", "", "answers as JSON"},
    {"--from", "FILE", "", "register: one JSON object a line"},
    {"--record-key", "HEX", "", "register: the device's public record key"},
    {"--name", "TEXT", "", "register: what people call it"},
    {"--maker", "TEXT", "", "register"},
    {"--model", "TEXT", "", "register"},
    {"--serial", "TEXT", "", "register"},
    {"--udi", "TEXT", "", "register"},
    {"--modality", "CT", "", "register"},
    {"--org", "TEXT", "", "register"},
    {"--site", "TEXT", "", "register"},
    {"--tz", "ZONE", "", "register: the site's time zone"},
    {"--reason", "TEXT", "", "declare, assign: why (at least 10 characters)"},
    {"--role", "ROLE", "", "declare: HM, RAD, SVC, QMP, REG-H, REG-E, REG-D, MFR (default HM)"},
    {"--actor", "NAME", "", "declare, assign: who (default your user name)"},
    {"--at", "MS", "", "declare: when it took effect; judge: as of then; UTC milliseconds (default now)"},
    {"--data", "JSON", "", "declare: facts that guards ask for"},
    {"--device", "ID", "", "judge: only this device (default all)"},
    {"--rule", "ID", "", "judge: only this rule, V21"},
    {"--key", "KEY", "", "judge: only the finding of this key"},
    {"--rules", "DIR", "rules", "judge: rule packs (default the shipped ones)"},
    {"--lang", "LANGUAGE", "", "passport: en or zh (default by LANG)"},
    {"--check", "", "", "rebuild: compare and leave"},
    {"--help", "", "", "this text"},
    {"--version", "", "", "name, version, commit"},
};

struct Command {
    std::string_view name;
    int (*run)(const Context&);
    const char* help;
};
constexpr Command commands[] = {
    {"register", run_register,
     "register device ID --record-key HEX … | register --from FILE\n      devices enter the register"},
    {"devices", run_devices, "devices [--json]\n      the register, with each device's state"},
    {"declare", run_declare,
     "declare DEVICE EVENT --reason TEXT [--role R] [--data JSON]\n      state something about a device's life"},
    {"unassigned", run_unassigned,
     "unassigned list | unassigned assign LOG_INDEX DEVICE --reason TEXT\n      records that no route claimed"},
    {"log", run_log, "log checkpoint\n      the last signed checkpoint"},
    {"judge", run_judge,
     "judge [--device ID] [--rule V21] [--key KEY] [--at MS]\n      judge by the rules what the log holds, and show "
     "how each "
     "finding comes about; changes nothing"},
    {"passport", run_passport,
     "passport DEVICE [--lang en|zh] [--json]\n      the whole file of one device: life, papers, works, findings, "
     "figures by year"},
    {"rebuild", run_rebuild,
     "rebuild --check\n      fold the log again and compare every table; 0 only if they are byte-identical"},
    {"doctor", run_doctor, "doctor\n      is everything in place"},
};

void print_help() {
    std::printf("gantry: operates and audits a Gantry collector\n\n");
    for (const Command& command : commands) std::printf("  gantry %s\n", command.help);
    std::printf("\n%s", flags_help(flags).c_str());
}

int dispatch(Args args) {
    if (args.words.empty()) return fail(exit_usage, "want a command; gantry --help lists them");
    Context context{.args = std::move(args), .state = {}, .json = false};
    auto config = Config::load({.file = context.args.has("--config")
                                            ? std::optional<std::filesystem::path>{context.args.value("--config")}
                                            : std::nullopt,
                                .default_file = "/etc/gantry/collector.toml",
                                .flags = context.args.settings(flags),
                                .environment = {}});
    if (!config) return fail(exit_config, config.error().message);
    context.rules = config->text("rules", ingest::shipped_file("rules"));
    context.state = config->text("state", ingest::default_state().string());
    context.json = context.args.has("--json");
    std::vector<std::string> names;
    for (const Command& command : commands) {
        if (command.name == context.args.words.front()) return command.run(context);
        names.emplace_back(command.name);
    }
    const std::string near = nearest(context.args.words.front(), names);
    return fail(exit_usage,
                "unknown command " + context.args.words.front() + (near.empty() ? "" : ", did you mean " + near + "?"));
}

}  // namespace

int main(int argc, char** argv) {
    log::init("gantry");
    auto args = parse_args(argc, argv, flags);
    if (!args) return fail(exit_usage, args.error().message);
    if (args->has("--help")) {
        print_help();
        return exit_ok;
    }
    if (args->has("--version")) {
        std::printf("%s\n", version_line("gantry").c_str());
        return exit_ok;
    }
    try {
        return dispatch(std::move(*args));
    } catch (const sql::SqlError& error) {
        return fail(exit_io, error.what());
    } catch (const std::exception& error) {
        return fail(exit_failed, error.what());
    }
}
