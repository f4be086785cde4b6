#include <fmt/format.h>

#include <exception>
#include <string_view>

#include "firmware-sim/emit/driver.hpp"
#include "firmware-sim/emit/options.hpp"
#include "firmware-sim/emit/sink.hpp"

int main(int argc, char** argv) {
    using namespace gantry::sim;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--help" || word == "-h") return fmt::print("{}", help_text()), 0;
        if (word == "--version") return fmt::print("gantry-sim {} {}\n", GANTRY_VERSION, GANTRY_COMMIT), 0;
    }
    try {
        const auto run = parse_run_options(argc, argv);
        if (!run) {
            fmt::print(stderr, "gantry-sim: {}\nSee gantry-sim --help.\n", run.error().message);
            return exit_usage;
        }
        install_stop_signals();
        return run->keys_only ? print_keys(*run) : run_fleet(*run);
    } catch (const EmitError& error) {
        fmt::print(stderr, "gantry-sim: {}\n", error.what());
        return error.exit_code;
    } catch (const std::exception& error) {
        fmt::print(stderr, "gantry-sim: {}\n", error.what());
        return exit_failed;
    }
}
