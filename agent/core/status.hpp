#pragma once

#include <string>
#include <string_view>

#include "agent/core/settings.hpp"
#include "common/core/result.hpp"

namespace gantry::agent {

// {"device","epoch","last_seq","acked_seq","pending","tail","connected","refused"}: from the running agent, else, read
// only, from its outbox (then not connected). Errc::not_found when there is neither.
Result<std::string> read_status(const AgentSettings& settings);

// The same for a person.
std::string status_text(std::string_view json);

}  // namespace gantry::agent
