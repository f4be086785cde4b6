#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "firmware-sim/model/event.hpp"
#include "firmware-sim/model/profile.hpp"

namespace gantry::sim {

/// An event as an adapter would hand it to the agent: exactly what config/schema/events.toml allows.
struct Observation {
    std::string_view src;
    std::string_view type;
    std::int64_t at_ms;
    std::string body;
    bool agent_only;  ///< Only an emitter that plays the agent may send it.
};

/// Nothing for a declaration: people do not speak through the agent.
std::optional<Observation> observe(const FleetOptions& options, const Profile& profile, const SimEvent& event);

/// {"src":…,"type":…,"at":…,"body":{…}}, no line end: one intake line.
std::string intake_line(const Observation& observation);

/// {"event":…,"at":"…Z","reason":…,"actor":…,"role":…,"evidence":[…],"data":{…}}: the body of a declaration's POST. A
/// paper is filed with {"kind":…,"id":…,"at":…,"reason":…,"actor":…,"role":…,"body":{…}}, and posted to /papers.
std::string declaration_json(const FleetOptions& options, const Profile& profile, const SimEvent& event);

/// Names of invented things, the same for the same seed.
enum class Name : std::uint64_t { exam = 51, shot, user, document, instance, patient };
/// 128 bits as 32 hexadecimal digits.
std::string name_hex(const FleetOptions& options, std::uint32_t device, Name kind, std::uint64_t a, std::uint64_t b);
/// The same 128 bits as a DICOM UID under 2.25.
std::string name_uid(const FleetOptions& options, std::uint32_t device, Name kind, std::uint64_t a, std::uint64_t b);

/// One line of the truth file, no line end.
std::string truth_line(std::string_view rule, std::string_view device, std::int64_t from_ms, std::int64_t to_ms,
                       std::span<const std::string_view> implies);

}  // namespace gantry::sim
