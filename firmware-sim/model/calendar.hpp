#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::sim {

inline constexpr std::int64_t second_ms = 1'000;
inline constexpr std::int64_t minute_ms = 60 * second_ms;
inline constexpr std::int64_t hour_ms = 60 * minute_ms;
inline constexpr std::int64_t day_ms = 24 * hour_ms;

/// Where a site's wall clock stands. The simulator knows the few zones its fleet lives in, so it needs no zone files.
struct Zone {
    std::string_view name;
    int standard_offset_min;
    bool european_summer_time;
};

/// What a wall clock shows.
struct LocalTime {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int millisecond;
};

/// Days since 1970-01-01.
std::int64_t days_from_civil(int year, int month, int day) noexcept;
/// 0 = Monday … 6 = Sunday.
int weekday(std::int64_t days) noexcept;

int utc_offset_min(const Zone& zone, std::int64_t utc_ms) noexcept;
/// UTC of that local midnight (none of our zones changes its clock at midnight).
std::int64_t local_midnight_utc_ms(const Zone& zone, std::int64_t local_day) noexcept;
/// The local day that holds this instant.
std::int64_t local_day_of(const Zone& zone, std::int64_t utc_ms) noexcept;
LocalTime to_local(const Zone& zone, std::int64_t utc_ms) noexcept;

/// The beginning of the UTC month that holds this instant, and of the one after it.
std::int64_t month_start_ms(std::int64_t utc_ms) noexcept;
std::int64_t next_month_ms(std::int64_t utc_ms) noexcept;

/// "2026-03-01" or "20260301" to UTC milliseconds of that day's midnight; nothing for anything else.
std::optional<std::int64_t> parse_date(std::string_view text) noexcept;
/// "2026-03-01T04:05:06.007Z"
std::string rfc3339(std::int64_t utc_ms);

}  // namespace gantry::sim
