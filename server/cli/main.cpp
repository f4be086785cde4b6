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
    {"--org", "TEXT", "", "register; import: of rows that leave it empty; findings, due: only of this"},
    {"--site", "TEXT", "", "the same"},
    {"--tz", "ZONE", "", "register: the site's time zone; import: the same, and that of dates in the table"},
    {"--dry-run", "", "", "import: only tell what would become of each row"},
    {"--kind", "KIND", "", "document: acceptance_report, … as the lifecycle tables name evidence"},
    {"--title", "TEXT", "", "document: what it is called"},
    {"--severity", "LIST", "", "findings: info, low, medium, high, critical; several separated by commas"},
    {"--stage", "LIST", "", "findings: suspected, confirmed, answered, dismissed, closed, withdrawn"},
    {"--open", "", "", "findings: only those that somebody has to do something about"},
    {"--ics", "", "", "due: as a calendar (iCalendar)"},
    {"--reason", "TEXT", "", "declare, assign, paper: why (at least 10 characters)"},
    {"--role", "ROLE", "",
     "declare, import, document, paper: HM, RAD, SVC, QMP, REG-H, REG-E, REG-D, MFR (default HM)"},
    {"--actor", "NAME", "", "who does it (default your user name)"},
    {"--at", "MS", "", "declare: when it took effect; judge: as of then; UTC milliseconds (default now)"},
    {"--data", "JSON", "", "declare: facts that guards ask for"},
    {"--device", "ID", "", "judge, whatif, findings, due: only this device (default all); document: whose"},
    {"--rule", "ID", "", "judge, findings: only this rule, V21"},
    {"--key", "KEY", "", "judge, findings: only the finding of this key"},
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
     "register device ID [--record-key HEX] … | register --from FILE\n      devices enter the register; without a key "
     "what an agent sends under that name is refused"},
    {"import", run_import,
     "import FILE.{csv,xlsx,ndjson} [--dry-run] [--org ID] [--site ID] [--tz ZONE]\n      a fleet from the hospital's "
     "own "
     "table: register, sheets, baselines; says what each device still owes"},
    {"document", run_document,
     "document add FILE --device ID --kind KIND [--title TEXT]\n      keep a file by its hash and put it on file"},
    {"paper", run_paper,
     "paper file KIND ID FILE.json --reason TEXT\n      file a permit, test, contract, schedule, work order …"},
    {"findings", run_findings,
     "findings [--device ID] [--rule V21] [--severity S] [--stage S] [--open] [--json]\n      what was found, newest "
     "first"},
    {"due", run_due, "due [--device ID] [--org ID] [--site ID] [--json | --ics]\n      what comes next, soonest first"},
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
    {"whatif", run_whatif,
     "whatif DIR [--device ID]\n      judge the same history by other rule packs, and show who would be found and who "
     "no "
     "longer"},
    {"fleet", run_fleet,
     "fleet\n      where an inspector's day helps most and why, and how old each hospital's devices are"},
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
