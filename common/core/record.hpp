#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/bytes.hpp"
#include "common/core/result.hpp"
#include "common/core/schema.hpp"

// The record: a fact written once by an agent, as exact UTF-8 JSON bytes that are never re-serialised:
// {"seq":n,"t":utc_ms,"mono":boottime_ms,"boot":"…","clk":"…","src":"…","at":utc_ms?,"type":"…","body":{…}}
namespace gantry {

enum class ClockState { sync, unsync, unknown };
enum class Source { rdsr, mpps, audit, log, sensor, manual, agent };

constexpr std::string_view name(ClockState state) {
    switch (state) {
        case ClockState::sync:
            return "sync";
        case ClockState::unsync:
            return "unsync";
        case ClockState::unknown:
            return "unknown";
    }
    return "unknown";
}

constexpr std::string_view name(Source source) {
    switch (source) {
        case Source::rdsr:
            return "rdsr";
        case Source::mpps:
            return "mpps";
        case Source::audit:
            return "audit";
        case Source::log:
            return "log";
        case Source::sensor:
            return "sensor";
        case Source::manual:
            return "manual";
        case Source::agent:
            return "agent";
    }
    return "agent";
}

Result<Source> parse_source(std::string_view text);

struct RecordHead {
    std::uint64_t seq = 0;
    std::int64_t t_ms = 0;     // when the agent took it in, UTC
    std::int64_t mono_ms = 0;  // CLOCK_BOOTTIME then
    std::string_view boot;     // which boot `mono` counts in, [a-z0-9-]{1,64}
    ClockState clk = ClockState::unknown;
    Source src = Source::agent;
    std::optional<std::int64_t> at_ms;  // what the source says, UTC
    std::string_view type;
};

// Views into the record's bytes: valid as long as they are.
struct RecordView : RecordHead {
    std::string_view body;  // raw JSON object
};

// The record's bytes. `body` must be a strict JSON object.
std::string encode_record(const RecordHead& head, std::string_view body);

// Strict: this member order, no other member, no whitespace. With a schema the type and body are checked too, in the
// same walk: Errc::not_found for a type that the schema does not know, schema or malformed for the rest. `seq` must be
// at least 1.
Result<RecordView> parse_record(std::string_view bytes, const Schema* schema = nullptr);

}  // namespace gantry
