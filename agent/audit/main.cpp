#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <system_error>

#include "agent/audit/commands.hpp"
#include "agent/audit/state_store.hpp"
#include "common/io/files.hpp"
#include "common/io/log.hpp"
#include "common/io/sqlite.hpp"
#include "common/io/version.hpp"

namespace gantry::audit {
namespace {

// A core file would hold what the parser saw before it took the names out.
void forbid_core_dumps() {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

Result<Schema> read_schema(const std::filesystem::path& file) {
    const auto text = files::read_all(file);
    if (!text) return text.error();
    auto schema = Schema::parse(*text);
    if (!schema) return Error{schema.error().code, file.string() + ": " + schema.error().message};
    return schema;
}

Result<Zone> read_zone(const std::string& name) { return name.empty() ? Zone::utc() : Zone::named(name); }

int complain(const Error& error, int code) {
    log::error(error.message);
    return code;
}

int run(const Options& options) {
    auto schema = read_schema(options.schema);
    if (!schema) return complain(schema.error(), exit_codes::config);
    const auto zone = read_zone(options.tz);
    if (!zone) return complain(zone.error(), exit_codes::config);
    if (options.command == Command::check_config) {
        const auto good = check_files(options, *schema);
        return good ? exit_codes::ok : complain(good.error(), exit_codes::config);
    }
    Hash key{};
    files::random_bytes(key);  // for a run without a state folder: nothing it says can be linked to another run
    Result<UniqueFd> lock = UniqueFd{};
    if (!options.state.empty()) {
        if (std::filesystem::create_directories(options.state))
            std::filesystem::permissions(options.state, std::filesystem::perms::owner_all);
        lock = files::lock(options.state / "lock");
        if (!lock && lock.error().code == Errc::conflict)
            return complain({Errc::conflict, "state folder is in use by another gantry-audit"},
                            exit_codes::unavailable);
        if (!lock) return complain(lock.error(), exit_codes::io);
        const auto kept = pseudonym_key(options.state);
        if (!kept) return complain(kept.error(), exit_codes::io);
        key = *kept;
    }
    const Host host{*zone, Pseudonyms{key}, std::move(*schema)};
    switch (options.command) {
        case Command::read:
            return run_read(options, host);
        case Command::tail:
            return run_tail(options, host);
        default:
            return run_serve(options, host);
    }
}

int guarded_main(int argc, const char* const* argv) {
    const auto options = read_options(argc, argv);
    if (!options) {
        const bool usage_error = options.error().code == Errc::refused;
        fmt::print(stderr, "gantry-audit: {}\n", options.error().message);
        return usage_error ? exit_codes::usage : exit_codes::config;
    }
    if (options->command == Command::help) {
        fmt::print("{}", usage());
        return exit_codes::ok;
    }
    if (options->command == Command::version) {
        fmt::print("{}\n", version_line("gantry-audit"));
        return exit_codes::ok;
    }
    std::signal(SIGPIPE, SIG_IGN);
    return run(*options);
}

}  // namespace
}  // namespace gantry::audit

int main(int argc, char** argv) {
    using namespace gantry::audit;
    gantry::log::init("gantry-audit");
    forbid_core_dumps();
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
