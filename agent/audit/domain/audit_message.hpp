#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/audit/domain/pseudonym.hpp"
#include "agent/audit/domain/time.hpp"
#include "common/core/result.hpp"

// DICOM audit messages (PS3.15 A.5), in its own spelling of the attributes and in that of RFC 3881, its ancestor.
namespace gantry::audit {

enum class Outcome { success, minor_failure, serious_failure, major_failure };
std::string_view name(Outcome outcome);

// What is kept of a message: codes, times and pseudonyms. Nothing else of it leaves the function that reads it, but for
// `ae`, which is compared with routes on this host and goes no further.
struct AuditMessage {
    std::vector<int> codes;          // DCM codes: the event types, or the event itself when there is none
    std::optional<Outcome> outcome;  // nothing: not said, or none of the four
    std::int64_t at_ms = 0;          // EventDateTime
    bool zone_missing = false;       // it carries no offset and no zone is set: taken as UTC
    std::string user_h;              // who asked for it; empty when only programs took part
    std::string message_h;           // equal for the same message sent again
    std::string ae;                  // AE title of the first application that names one; empty: none
};

// One XML document of at most limits::message_bytes_max, in UTF-8, UTF-16, ISO 8859-1, US-ASCII or GB 18030; what says
// it is UTF-8 and is not is read as ISO 8859-1. Document types and entities are refused, and so is whatever goes beyond
// limits.hpp.
// Errc::malformed: no well-formed document, or no EventDateTime or code in it. Errc::refused: well-formed, and no audit
// message or not allowed. Errc::too_large. The reasons hold no value of the document.
Result<AuditMessage> read_audit_message(std::string_view xml, const Pseudonyms& pseudonyms, const Zone& zone);

}  // namespace gantry::audit
