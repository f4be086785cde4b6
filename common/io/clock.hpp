#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The only clocks. Pure code never calls these: it takes the time as a value.
namespace gantry::clock {

// Milliseconds since 1970-01-01 UTC; may step.
std::int64_t utc_ms();
// Milliseconds since the machine's boot, sleep included: what a record's `mono` holds.
std::int64_t boottime_ms();
// For deadlines inside one process; stands still during sleep.
std::int64_t monotonic_ms();

enum class Sync { sync, unsync, unknown };
// What the kernel knows about its clock: `unknown` when it cannot be asked.
Sync sync_state();
constexpr std::string_view name(Sync state) {
    switch (state) {
        case Sync::sync:
            return "sync";
        case Sync::unsync:
            return "unsync";
        case Sync::unknown:
            return "unknown";
    }
    return "unknown";
}

// The kernel's id of this boot of the machine (32 hexadecimal digits), or zeros where it has none.
std::string machine_boot_id();

// RFC 3339 with milliseconds and Z.
std::string rfc3339(std::int64_t utc_ms);

}  // namespace gantry::clock
