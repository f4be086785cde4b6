#include "agent/dicom/options.hpp"

#include <fmt/format.h>

#include <array>

#include "common/io/args.hpp"
#include "common/io/config.hpp"

namespace gantry::dicom {
namespace {

constexpr std::array<Flag, 14> flags = {{
    {"--tz", "ZONE", "tz", "IANA zone of times that carry none, such as Asia/Shanghai (default: UTC, marked no_zone)"},
    {"--site-config", "FILE", "site_config", "patterns of phantoms, groups of protocol names (TOML)"},
    {"--state", "DIR", "state", "pseudonym key and what was delivered already"},
    {"--intake", "SOCKET", "intake", "intake of one device's gantry-agent"},
    {"--routes", "FILE", "routes", "routes from (calling AE, serial) to intakes (TOML)"},
    {"--aet", "NAME", "aet", "AE title of serve (default GANTRY)"},
    {"--port", "N", "port", "TCP port of serve (default 11112; 0: any free one, which is logged)"},
    {"--bind", "ADDRESS", "bind", "IPv4 address to listen on (default 127.0.0.1)"},
    {"--config", "FILE", "", "settings as a TOML file (default /etc/gantry/dicom.toml)"},
    {"--check-config", "", "", "check the settings, print them, and end"},
    {"--help", "", "", "print this and end"},
    {"--version", "", "", "print name, version and commit, and end"},
    {"-h", "", "", ""},
    {"-V", "", "", ""},
}};

Error wrong_usage(std::string message) { return {Errc::refused, std::move(message)}; }

Result<Command> command_of(const Args& args) {
    if (args.has("--help") || args.has("-h")) return Command::help;
    if (args.has("--version") || args.has("-V")) return Command::version;
    if (args.words.empty()) {
        if (args.has("--check-config")) return Command::check_config;
        return wrong_usage("no command: got nothing, want read, watch or serve");
    }
    const std::string& word = args.words.front();
    if (word == "read") return Command::read;
    if (word == "watch") return Command::watch;
    if (word == "serve") return Command::serve;
    return wrong_usage(fmt::format("command: got \"{}\", want read, watch or serve", word));
}

Result<void> check_command(const Options& options) {
    switch (options.command) {
        case Command::read:
            if (options.operands.empty()) return wrong_usage("read: got no file, want at least one");
            return {};
        case Command::watch:
            if (options.operands.size() != 1) {
                return wrong_usage(fmt::format("watch: got {} folders, want one", options.operands.size()));
            }
            break;
        case Command::serve:
            if (!options.operands.empty())
                return wrong_usage(fmt::format("serve: got \"{}\", want only flags", options.operands.front()));
            break;
        default:
            return {};
    }
    if (options.intake.empty() == options.routes.empty())
        return wrong_usage("want one of --intake SOCKET and --routes FILE");
    if (options.state.empty()) return wrong_usage("want --state DIR: what was delivered must survive a restart");
    return {};
}

}  // namespace

Result<Options> read_options(int argc, const char* const* argv) {
    const auto args = parse_args(argc, argv, flags);
    if (!args) return wrong_usage(args.error().message);
    const auto command = command_of(*args);
    if (!command) return command.error();
    Options out;
    out.command = *command;
    if (out.command == Command::help || out.command == Command::version) return out;
    if (!args->words.empty()) out.operands.assign(args->words.begin() + 1, args->words.end());

    Config::Sources sources;
    if (args->has("--config")) sources.file = args->value("--config");
    sources.default_file = "/etc/gantry/dicom.toml";
    sources.flags = args->settings(flags);
    auto config = Config::load(std::move(sources));
    if (!config) return Error{Errc::malformed, config.error().message};
    out.tz = config->text("tz");
    out.site_config = config->text("site_config");
    out.state = config->text("state");
    out.intake = config->text("intake");
    out.routes = config->text("routes");
    out.aet = config->text("aet", "GANTRY");
    out.port = static_cast<int>(config->integer("port", 0, 65535, 11112));
    out.bind_address = config->text("bind", "127.0.0.1");
    if (out.aet.empty() || out.aet.size() > 16)
        config->problem(fmt::format("aet: got {} characters, want 1 to 16", out.aet.size()));
    if (auto finished = config->finish(); !finished) return Error{Errc::malformed, finished.error().message};
    if (args->has("--check-config")) {
        fmt::print("{}", config->describe());
        out.command = Command::check_config;
        return out;
    }
    if (auto fits = check_command(out); !fits) return fits.error();
    return out;
}

std::string usage() {
    return "gantry-dicom: CT dose reports and performed procedure steps, de-identified, to a gantry-agent's intake\n\n"
           "  gantry-dicom read FILE…     prints what would be sent to the intake, and a line for each file\n"
           "  gantry-dicom watch DIR      reads each file of a folder once, as it appears\n"
           "  gantry-dicom serve          storage SCP for dose reports, MPPS SCP, C-ECHO\n\n" +
           flags_help(std::span{flags}.first(flags.size() - 2)) +
           "\nEnds with 0 ok, 1 failed, 2 usage, 65 a file was refused, 69 unavailable, 74 I/O, 78 configuration.\n"
           "The file names that `read` prints are as given and stay on this host: they never enter an observation.\n";
}

}  // namespace gantry::dicom
