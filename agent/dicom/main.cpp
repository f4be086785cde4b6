#include <sys/prctl.h>
#include <sys/resource.h>

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <stop_token>
#include <system_error>
#include <thread>

#include "agent/dicom/commands.hpp"
#include "agent/dicom/dcmtk_setup.hpp"
#include "common/io/files.hpp"
#include "common/io/log.hpp"
#include "common/io/sqlite.hpp"

namespace gantry::dicom {
namespace {

// A core file would hold what the parser saw before it took the names out.
void forbid_core_dumps() {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

Result<Host> make_host(const Options& options) {
    ZoneRule zone = ZoneRule::utc_default();
    if (!options.tz.empty()) {
        auto named = ZoneRule::named(options.tz);
        if (!named) return named.error();
        zone = *named;
    }
    SiteConfig site;
    if (!options.site_config.empty()) {
        const auto text = files::read_all(options.site_config);
        if (!text) return text.error();
        auto parsed = SiteConfig::parse(*text, options.site_config.filename().string());
        if (!parsed) return parsed.error();
        site = std::move(*parsed);
    }
    if (options.state.empty()) return Host{zone, std::move(site), Pseudonymiser::random()};
    if (std::filesystem::create_directories(options.state)) {
        std::filesystem::permissions(options.state, std::filesystem::perms::owner_all);
    }
    return Host{zone, std::move(site), Pseudonymiser::of_folder(options.state)};
}

int run(const Options& options, const sigset_t& signals) {
    auto host = make_host(options);
    if (!host) {
        log::error(host.error().message);
        return exit_codes::config;
    }
    if (options.command == Command::check_config) return exit_codes::ok;
    if (options.command == Command::read) return run_read(options, *host);

    std::stop_source stop;
    // Signals are taken by one thread that waits for them, so nothing runs inside a handler.
    std::jthread waiter{[&](const std::stop_token& done) {
        const timespec period{0, 100'000'000};
        while (!done.stop_requested()) {
            const int got = sigtimedwait(&signals, nullptr, &period);
            if (got == SIGTERM || got == SIGINT) stop.request_stop();
            if (got == SIGHUP) log::info("SIGHUP: nothing can be reloaded while running; restart to change settings");
        }
    }};
    return options.command == Command::watch ? run_watch(options, *host, stop.get_token())
                                             : run_serve(options, *host, stop.get_token());
}

int guarded_main(int argc, const char* const* argv) {
    const auto options = read_options(argc, argv);
    if (!options) {
        const bool usage_error = options.error().code == Errc::refused;
        fmt::print(stderr, "gantry-dicom: {}\n", options.error().message);
        return usage_error ? exit_codes::usage : exit_codes::config;
    }
    if (options->command == Command::help) {
        fmt::print("{}", usage());
        return exit_codes::ok;
    }
    if (options->command == Command::version) {
        fmt::print("gantry-dicom {} {}\n", GANTRY_VERSION, GANTRY_COMMIT);
        return exit_codes::ok;
    }
    sigset_t signals;
    sigemptyset(&signals);
    if (options->command != Command::read) {
        for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
        pthread_sigmask(SIG_BLOCK, &signals, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
    }
    return run(*options, signals);
}

}  // namespace
}  // namespace gantry::dicom

int main(int argc, char** argv) {
    using namespace gantry::dicom;
    gantry::log::init("gantry-dicom");
    forbid_core_dumps();
    silence_dcmtk();
    try {
        return guarded_main(argc, argv);
    } catch (const gantry::sql::SqlError& error) {
        gantry::log::error("state", {{"error", error.what()}});
        return exit_codes::io;
    } catch (const std::system_error& error) {
        gantry::log::error("system", {{"error", error.what()}});
        return exit_codes::io;
    } catch (const std::exception& error) {
        gantry::log::error("failed", {{"error", error.what()}});
        return exit_codes::failed;
    }
}
