#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/domain/due/due.hpp"

namespace gantry::due {

// One line of a calendar.
struct Entry {
    std::string device;
    std::string device_name;
    Due due;
};

// Which entries of many.
struct Filter {
    std::string device{}, org{}, site{};        // empty: any
    std::int64_t until_ms = paper::forever_ms;  // due before; what is overdue always comes
};

enum class Language : std::uint8_t { en, zh };

// "Maintenance", whatever the device.
std::string_view title(Kind kind, Language language);

// "Maintenance · CT 2 · quarterly".
std::string summary(const Entry& entry, Language language);

// An iCalendar (RFC 5545) with an all-day event for each entry, on its UTC day. `now_ms` is its DTSTAMP. The same entry
// keeps its UID, so a calendar program moves what moved.
std::string icalendar(std::string_view name, std::span<const Entry> entries, std::int64_t now_ms, Language language);

}  // namespace gantry::due
