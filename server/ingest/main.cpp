#include <sys/stat.h>
#include <csignal>

#include <algorithm>
#include <cstdio>

#include "common/io/files.hpp"
#include "common/io/log.hpp"
#include "common/io/notify.hpp"
#include "common/io/sqlite.hpp"
#include "common/io/version.hpp"
#include "server/domain/paper/missing.hpp"
#include "server/http/dictionary.hpp"
#include "server/http/http_server.hpp"
#include "server/ingest/admin_commands.hpp"
#include "server/ingest/admin_papers.hpp"
#include "server/ingest/admin_socket.hpp"
#include "server/ingest/collector_settings.hpp"
#include "server/ingest/config_files.hpp"
#include "server/ingest/http_bridge.hpp"
#include "server/ingest/judge_bridge.hpp"
#include "server/ingest/mqtt_transport.hpp"

// gantry-collector: reads the command line and settings, builds the collector, maps failure to an exit code.
namespace {

using namespace gantry;
using namespace gantry::ingest;

constexpr int exit_failed = 1, exit_usage = 2, exit_unavailable = 69, exit_io = 74, exit_config = 78;

constexpr const char* usage =
    "gantry-collector: takes what the agents of medical devices send, proves it, keeps it and shows it\n"
    "\n"
    "  gantry-collector [flags]\n"
    "\n"
    "Works without any setting: state in ./gantry-data, broker at 127.0.0.1:1883, page at http://127.0.0.1:8080.\n"
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

struct Keys {
    SigningKey receipt, log, recovery;
};

Keys load_keys(const CollectorSettings& settings) {
    std::filesystem::create_directories(settings.state / "keys");
    std::filesystem::permissions(settings.state / "keys", std::filesystem::perms::owner_all);
    return {keys::load_or_create(settings.key_file("receipt")).value(),
            keys::load_or_create(settings.key_file("log")).value(),
            keys::load_or_create(settings.key_file("recovery")).value()};
}

// What an agent must be told of this collector; enrolment will hand it over one day.
void write_provisioning(const CollectorSettings& settings, const Keys& known) {
    std::string text = "# Give this file to each agent (gantry-agent run --provisioning FILE). It holds no secret.\n";
    text += "collector_id = \"" + settings.id.text() + "\"\n";
    text += "receipt_key = \"" + to_hex(known.receipt.public_key()) + "\"\n";
    text += "recovery_key = \"" + to_hex(known.recovery.public_key()) + "\"\n";
    files::write_atomic(settings.provisioning_file(), text).value();
}

Schema read_schema(const std::filesystem::path& file) {
    auto schema = Schema::parse(files::read_all(file).value());
    if (!schema) throw std::invalid_argument{file.string() + ": " + schema.error().message};
    return std::move(*schema);
}

// Blocks the signals in this and all later threads; wait_for_end then receives them.
sigset_t take_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return set;
}

void wait_for_end(const sigset_t& signals, const std::function<void()>& reload) {
    while (true) {
        int number = 0;
        if (sigwait(&signals, &number) != 0) continue;
        if (number != SIGHUP) return log::info("stopping", {{"signal", number}});
        try {
            reload();
            log::info(
                "SIGHUP: lifecycle tables, catalogues and rule packs reloaded; settings, keys and schemas need a "
                "restart");
        } catch (const std::exception& fault) {
            log::error("SIGHUP: nothing reloaded, what is in force stays", {{"error", fault.what()}});
        }
    }
}

// What judges: read whole and checked before any of it is used.
struct Judgement {
    std::vector<std::string> tables;
    std::vector<paper::Catalogue> catalogues;
    judging::RuleFiles rules;
};

Judgement read_judgement(const CollectorSettings& settings) {
    return {read_lifecycle_tables(settings.lifecycle_folder), read_catalogues(settings.catalogue_folder),
            judging::read_rules(settings.rules_folder)};
}

std::vector<paper::RequiredPaper> read_required_papers(const CollectorSettings& settings) {
    auto required =
        paper::parse_required_papers(files::read_all(settings.required_file).value(), settings.required_file.string());
    if (!required) throw std::invalid_argument{required.error().message};
    return std::move(*required);
}

// Everything that a start would read and judge by; throws std::invalid_argument with file, line and reason.
void check_files(const CollectorSettings& settings) {
    read_schema(settings.schema_file);
    read_schema(settings.papers_file);
    read_required_papers(settings);
    read_judgement(settings);
}

http::HttpConfig http_config(const CollectorSettings& settings) {
    http::HttpConfig config;
    config.listen = settings.listen;
    config.host_names = settings.host_names;
    config.database = settings.database();
    config.documents = std::make_shared<store::DocumentFolder>(settings.documents());
    config.version = version_text;
    config.commit = version_commit;
    config.demo = settings.demo;
    config.web_dir = settings.web_folder;
    config.papers = std::make_shared<const Schema>(read_schema(settings.papers_file));
    config.dictionary = http::dictionary_json(read_schema(settings.schema_file), *config.papers,
                                              judging::Texts::read(settings.text_folder));
    config.duties = std::make_shared<const http::PaperDuties>(
        http::PaperDuties{read_required_papers(settings), read_catalogues(settings.catalogue_folder)});
    return config;
}

void announce(const CollectorSettings& settings, const Config& config, const std::string& url) {
    std::string read;
    for (const std::string& file : config.files()) read += (read.empty() ? "" : ", ") + file;
    log::info("gantry-collector runs", {{"version", version_text},
                                        {"commit", version_commit},
                                        {"state", std::filesystem::absolute(settings.state).string()},
                                        {"configuration", read.empty() ? "built-in defaults and flags" : read},
                                        {"page", url},
                                        {"broker", settings.mqtt.url},
                                        {"admin", settings.admin_socket().string()}});
    log::info(
        "still closed: other machines (the page answers on loopback only, until accounts exist); devices that are not "
        "registered");
}

int run(const CollectorSettings& settings, const Config& config) {
    const sigset_t signals = take_signals();
    if (std::filesystem::create_directories(settings.state))
        std::filesystem::permissions(settings.state, std::filesystem::perms::owner_all);
    auto lock = files::lock(settings.lock_file());
    if (!lock) return fail(exit_code(lock.error().code), lock.error().message);
    const Keys known = load_keys(settings);
    write_provisioning(settings, known);
    Schema schema = read_schema(settings.schema_file);
    read_required_papers(settings);
    Judgement judgement = read_judgement(settings);

    http::LiveBus bus;
    MqttTransport transport{settings.mqtt};
    Collector collector{{.database = settings.database(),
                         .id = settings.id,
                         .receipt_key = known.receipt,
                         .log_key = known.log,
                         .schema = std::move(schema),
                         .lifecycle_tables = judgement.tables,
                         .catalogues = judgement.catalogues,
                         .now_ms = {},
                         .on_commit = live_to(bus)},
                        transport};
    transport.attach(collector);
    HttpCommands commands{collector};
    HttpMetrics metrics{collector};
    judging::JudgeThread judge{{.database = settings.database()}, judgement.rules.pack, submit_to(collector)};
    const auto judging = std::make_shared<HttpJudging>(judge, judgement.rules.pack);
    http::HttpConfig pages = http_config(settings);
    pages.judging = judging;
    const auto show_tables = [&] {
        store::StoreReader reader{settings.database()};
        pages.tables->put(tables_in_force(reader));
    };
    show_tables();
    const AdminPapers desk{pages, commands};
    http::HttpServer server{pages, commands, bus, metrics};
    AdminSocket admin{settings.admin_socket(), [&](std::string_view line) {
                          auto answer = desk.answer(line);
                          return answer ? std::move(*answer) : answer_admin(collector, line);
                      }};

    collector.start();
    put_rules_in_force(collector, settings.database(), judgement.rules);
    judge.start();
    if (auto started = server.start(); !started)
        return fail(exit_code(started.error().code), "http: " + started.error().message);
    if (auto started = admin.start(); !started) return fail(exit_io, "admin socket: " + started.error().message);
    announce(settings, config, server.url());
    notify_systemd("READY=1");
    wait_for_end(signals, [&] {
        read_required_papers(settings);
        Judgement changed = read_judgement(settings);
        put_tables_in_force(collector, std::move(changed.tables), std::move(changed.catalogues));
        show_tables();
        put_rules_in_force(collector, settings.database(), changed.rules);
        judge.use_pack(changed.rules.pack);
        judging->use_pack(changed.rules.pack);
    });

    notify_systemd("STOPPING=1");
    admin.stop();
    judge.stop();
    collector.stop();
    server.stop();
    log::info("stopped", {{"log_size", collector.metrics().log_size.load()}});
    return 0;
}

int dispatch(const Args& args) {
    if (!args.words.empty()) return fail(exit_usage, "got " + args.words.front() + ", want flags only");
    auto config = Config::load(
        {.file = args.has("--config") ? std::optional<std::filesystem::path>{args.value("--config")} : std::nullopt,
         .default_file = "/etc/gantry/collector.toml",
         .flags = args.settings(collector_flags()),
         .environment = {}});
    if (!config) return fail(exit_config, config.error().message);
    const auto settings = read_settings(*config);
    if (!settings) return fail(exit_config, settings.error().message);
    log::Level level = log::Level::info;
    log::parse_level(settings->log_level, level);
    log::init("gantry-collector", level,
              settings->log_format == "json"   ? log::Format::json
              : settings->log_format == "text" ? log::Format::text
                                               : log::Format::automatic);
    if (args.has("--check-config")) {
        check_files(*settings);
        std::printf("%s", config->describe().c_str());
        return 0;
    }
    return run(*settings, *config);
}

}  // namespace

int main(int argc, char** argv) {
    log::init("gantry-collector");
    const auto args = parse_args(argc, argv, collector_flags());
    if (!args) return fail(exit_usage, args.error().message);
    if (args->has("--help")) {
        std::printf("%s%s", usage, flags_help(collector_flags()).c_str());
        return 0;
    }
    if (args->has("--version")) {
        std::printf("%s\n", version_line("gantry-collector").c_str());
        return 0;
    }
    umask(0027);
    try {
        return dispatch(*args);
    } catch (const sql::SqlError& error) {
        return fail(exit_io, error.what());
    } catch (const std::filesystem::filesystem_error& error) {
        return fail(exit_io, error.what());
    } catch (const std::invalid_argument& error) {
        return fail(exit_config, error.what());
    } catch (const std::exception& error) {
        return fail(exit_failed, error.what());
    }
}
