#pragma once
#include <cstdint>
#include <string>

#include "common/core/crypto.hpp"
#include "firmware-sim/model/profile.hpp"

namespace gantry::sim {

/// The record key of a simulated agent: SHA-256("gantry-sim record key\n" ‖ seed ‖ "\n" ‖ device id). It protects
/// nothing.
KeySeed record_key_seed(const FleetOptions& options, const Profile& profile);

/// One line of what `gantry register --from` reads; `record_key` only when this program plays the agent.
std::string register_line(const FleetOptions& options, const Profile& profile, bool with_key);

}  // namespace gantry::sim
