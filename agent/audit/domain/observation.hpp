#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/audit/domain/audit_message.hpp"

// What goes to an agent's intake. Pure.
namespace gantry::audit {

struct Observation {
    std::string type;                   // as config/schema/events.toml names it
    std::optional<std::int64_t> at_ms;  // what the source says, UTC
    std::string body;                   // strict JSON object
};

// The intake's line (without its newline). `source`: "audit" or "log".
std::string intake_line(std::string_view source, const Observation& observation);

// One observation for each code of the message that is about the equipment: starts and stops of the application,
// service sessions, changes of configuration; what has no type of its own, or did not succeed, becomes `audit`. Codes
// about patients' studies (transfers, queries, imports, procedures) give none. `source_h`: pseudonym of the sender,
// given only on the way to the device of what no route claims.
std::vector<Observation> observe(const AuditMessage& message, std::string_view source_h);

}  // namespace gantry::audit
