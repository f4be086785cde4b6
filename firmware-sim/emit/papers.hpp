#pragma once
#include <string>
#include <vector>

#include "firmware-sim/model/fleet.hpp"

namespace gantry::sim {

/// Bodies of POST /api/v1/papers: what a hospital that does as the law asks has on file before it declares this event.
/// The guards of the lifecycle table ask for these. Ids are stable: filed twice, the later takes the earlier's place.
std::vector<std::string> papers_before(const FleetOptions& options, const Profile& profile, const SimEvent& event);

/// What all devices share: test body, instrument, supplier and installer with their certificates.
std::vector<std::string> shared_papers(const FleetOptions& options);

}  // namespace gantry::sim
