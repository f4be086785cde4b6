#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Dates as people write them, and milliseconds.
namespace gantry::paper {

inline constexpr std::int64_t ms_of_day = 86'400'000;

// Midnight UTC of a day of the calendar, 1900 to 2199; none for a day that is not in it.
std::optional<std::int64_t> ms_of_date(std::int64_t year, std::int64_t month, std::int64_t day);

// The same for "2021-03-05" exactly.
std::optional<std::int64_t> ms_of_iso_date(std::string_view text);

// "2021-03-05T08:00Z", for messages; "without end" for forever_ms.
std::string time_text(std::int64_t at_ms);

}  // namespace gantry::paper
