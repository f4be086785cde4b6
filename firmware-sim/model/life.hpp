#pragma once
#include <cstdint>

#include "firmware-sim/model/profile.hpp"
#include "firmware-sim/model/violations.hpp"

namespace gantry::sim {

/// The dates of one scanner's life; 0 = not within sight.
struct Life {
    std::int64_t ordered_ms = 0;
    std::int64_t received_ms = 0;
    std::int64_t installed_ms = 0;
    std::int64_t acceptance_ms = 0;
    std::int64_t ready_ms = 0;
    std::int64_t commissioned_ms = 0;
    std::int64_t ended_ms = 0;  ///< Decommissioned or declared idle: from here on nobody uses it.
    std::int64_t disposed_ms = 0;
    std::int64_t transferred_ms = 0;
    bool never_installed = false;
};

Life make_life(const FleetOptions& options, const Profile& profile, const Plan& plan);

/// Whether a scanner of so many rows, bought then, was on the list of equipment that needs a configuration licence.
bool licence_listed(int detector_rows, std::int64_t bought_ms);

/// A moment of a local day of the run, counted from its first.
std::int64_t local_ms_of(const FleetOptions& options, const Profile& profile, std::int64_t day, std::int64_t offset_ms);

}  // namespace gantry::sim
