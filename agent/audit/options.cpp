#include "agent/audit/options.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "agent/audit/domain/limits.hpp"
#include "common/io/args.hpp"
#include "common/io/config.hpp"

namespace gantry::audit {
namespace {

constexpr std::array<Flag, 20> flags = {{
    {"--udp", "ADDR:PORT", "udp", "hear syslog datagrams (RFC 5426) there; loopback only, unless --udp-exposed"},
    {"--udp-exposed", "", "udp_exposed",
     "let --udp be another address than the loopback: anybody can forge a datagram"},
    {"--tls", "ADDR:PORT", "tls", "hear syslog over TLS (RFC 5425) there"},
    {"--cert", "FILE", "cert", "our certificate, with its chain (PEM)"},
    {"--key", "FILE", "key", "its key (PEM)"},
    {"--ca", "FILE", "ca", "who may sign the senders' certificates (PEM)"},
    {"--client-certificate", "WHEN", "client_certificate", "required (default) or none: take messages from anybody"},
    {"--intake", "SOCKET", "intake", "intake of one device's gantry-agent"},
    {"--routes", "FILE", "routes", "routes from senders to intakes (TOML); serve only"},
    {"--patterns", "FILE", "patterns", "rules for lines of a vendor's log (TOML); tail, and read of logs"},
    {"--from", "WHERE", "from", "start (default) or end of a log that tail sees for the first time"},
    {"--tz", "ZONE", "tz", "IANA zone of times that carry none, such as Asia/Shanghai (default: UTC)"},
    {"--state", "DIR", "state", "pseudonym key, what was delivered already, places in logs"},
    {"--schema", "FILE", "schema", "event schema (default the shipped one)"},
    {"--config", "FILE", "", "settings as a TOML file (default /etc/gantry/audit.toml)"},
    {"--check-config", "", "", "check the settings and the files they name, print them, and end"},
    {"--help", "", "", "print this and end"},
    {"--version", "", "", "print name, version and commit, and end"},
    {"-h", "", "", ""},
    {"-V", "", "", ""},
}};

Error wrong_usage(std::string message) { return {Errc::refused, std::move(message)}; }

std::string default_schema() {
    const std::string installed = "/usr/share/gantry/schema/events.toml";
    std::error_code ignored;
    return std::filesystem::exists(installed, ignored) ? installed : GANTRY_DEFAULT_CONFIG_DIR "/schema/events.toml";
}

Result<Command> command_of(const Args& args) {
    if (args.has("--help") || args.has("-h")) return Command::help;
    if (args.has("--version") || args.has("-V")) return Command::version;
    if (args.words.empty()) {
        if (args.has("--check-config")) return Command::check_config;
        return wrong_usage("no command: got nothing, want read, tail or serve");
    }
    const std::string& word = args.words.front();
    if (word == "read") return Command::read;
    if (word == "tail") return Command::tail;
    if (word == "serve") return Command::serve;
    return wrong_usage(fmt::format("command: got \"{}\", want read, tail or serve", word));
}

// "127.0.0.1:6514" or "[::1]:6514".
Address read_address(Config& config, std::string_view key) {
    const std::string text = config.text(key);
    if (text.empty()) return {};
    const auto colon = text.rfind(':');
    Address out;
    if (colon != std::string::npos) {
        out.host = text.substr(0, colon);
        if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
        boost::system::error_code error;
        boost::asio::ip::make_address(out.host, error);
        const char* begin = text.data() + colon + 1;
        const auto [end, problem] = std::from_chars(begin, text.data() + text.size(), out.port);
        if (!error && problem == std::errc{} && end == text.data() + text.size()) return out;
    }
    config.problem(fmt::format("{}: got \"{}\", want an address and a port, such as 127.0.0.1:6514", key, text));
    return {};
}

void read_listeners(Config& config, Options& out) {
    out.udp = read_address(config, "udp");
    const bool exposed = config.boolean("udp_exposed", false);
    if (!out.udp.host.empty() && !exposed && !boost::asio::ip::make_address(out.udp.host).is_loopback()) {
        config.problem(
            fmt::format("udp: got {}, want a loopback address, or udp_exposed = true: datagrams are neither "
                        "authentic nor private, and are lost when we cannot keep up",
                        out.udp.host));
    }
    out.tls = read_address(config, "tls");
    out.cert = config.text("cert");
    out.key = config.text("key");
    out.ca = config.text("ca");
    out.client_certificate = config.choice("client_certificate", {"required", "none"}, "required") == "required";
    if (out.tls.host.empty()) return;
    if (out.cert.empty() || out.key.empty()) config.problem("tls: got no cert and key, want both");
    if (out.client_certificate && out.ca.empty())
        config.problem(
            "ca: got nothing, want the file that signs the senders' certificates, or client_certificate = \"none\"");
}

Result<void> check_command(const Options& options) {
    switch (options.command) {
        case Command::read:
            if (options.operands.empty()) return wrong_usage("read: got no file, want at least one");
            return {};
        case Command::tail:
            if (options.operands.empty()) return wrong_usage("tail: got no file, want at least one");
            if (options.operands.size() > limits::tail_files_max) {
                return wrong_usage(fmt::format("tail: got {} files, want at most {}", options.operands.size(),
                                               limits::tail_files_max));
            }
            if (options.patterns.empty()) return wrong_usage("tail: want --patterns FILE");
            if (options.intake.empty()) return wrong_usage("tail: want --intake SOCKET: a log belongs to one device");
            break;
        case Command::serve:
            if (!options.operands.empty())
                return wrong_usage(fmt::format("serve: got \"{}\", want only flags", options.operands.front()));
            if (options.udp.host.empty() && options.tls.host.empty())
                return wrong_usage("serve: want --tls ADDR:PORT, --udp ADDR:PORT, or both");
            if (options.intake.empty() == options.routes.empty())
                return wrong_usage("serve: want one of --intake SOCKET and --routes FILE");
            break;
        default:
            return {};
    }
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

    Config::Sources sources;
    if (args->has("--config")) sources.file = args->value("--config");
    sources.default_file = "/etc/gantry/audit.toml";
    sources.flags = args->settings(flags);
    auto config = Config::load(std::move(sources));
    if (!config) return Error{Errc::malformed, config.error().message};
    read_listeners(*config, out);
    out.intake = config->text("intake");
    out.routes = config->text("routes");
    out.patterns = config->text("patterns");
    out.from_end = config->choice("from", {"start", "end"}, "start") == "end";
    const std::vector<std::string> files = config->list("files");
    out.tz = config->text("tz");
    out.state = config->text("state");
    out.schema = config->text("schema", default_schema());
    if (auto finished = config->finish(); !finished) return Error{Errc::malformed, finished.error().message};

    if (!args->words.empty()) out.operands.assign(args->words.begin() + 1, args->words.end());
    if (out.command == Command::tail && out.operands.empty()) out.operands = files;
    // The flag that names one place for observations wins over the other one's setting in a file.
    if (args->has("--intake") && !args->has("--routes")) out.routes.clear();
    if (args->has("--routes") && !args->has("--intake")) out.intake.clear();
    if (args->has("--check-config")) {
        fmt::print("{}", config->describe());
        out.command = Command::check_config;
        return out;
    }
    if (auto fits = check_command(out); !fits) return fits.error();
    return out;
}

std::string usage() {
    return "gantry-audit: audit messages over syslog and lines of vendor logs, de-identified, to a gantry-agent's "
           "intake\n\n"
           "  gantry-audit serve            hears DICOM audit messages (PS3.15 A.5, RFC 3881) in syslog (RFC 5424)\n"
           "  gantry-audit tail [FILE…]     follows logs of one device through rotation, by a pattern file\n"
           "  gantry-audit read FILE…       prints what would be sent to the intake, and a line for each file: audit\n"
           "                                messages, or with --patterns a log\n\n" +
           flags_help(std::span{flags}.first(flags.size() - 2)) +
           "\nEnds with 0 ok, 1 failed, 2 usage, 65 a file was refused, 69 unavailable, 74 I/O, 78 configuration.\n"
           "SIGTERM delivers what was taken in and ends; SIGHUP reads routes, patterns and certificates again.\n"
           "Logs in SQLite or XML, and UTF-16, are not read.\n";
}

}  // namespace gantry::audit
