#pragma once
#include "firmware-sim/emit/options.hpp"

namespace gantry::sim {

/// Runs the fleet to its end (or, live, until asked to stop) and prints the summary. Returns the exit code; throws
/// EmitError.
int run_fleet(const RunOptions& run);

/// Prints each agent's public record key as register lines.
int print_keys(const RunOptions& run);

}  // namespace gantry::sim
