#include "firmware-sim/model/calendar.hpp"

#include <fmt/format.h>

#include <chrono>

namespace gantry::sim {
namespace {

namespace chr = std::chrono;

std::int64_t floor_div(std::int64_t value, std::int64_t by) noexcept {
    const std::int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

chr::year_month_day civil(std::int64_t days) noexcept { return chr::sys_days{chr::days{days}}; }

std::int64_t last_sunday_utc_ms(int year, unsigned month) noexcept {
    const chr::sys_days day = chr::year{year} / chr::month{month} / chr::Sunday[chr::last];
    return day.time_since_epoch().count() * day_ms;
}

}  // namespace

std::int64_t days_from_civil(int year, int month, int day) noexcept {
    const chr::sys_days days =
        chr::year{year} / chr::month{static_cast<unsigned>(month)} / chr::day{static_cast<unsigned>(day)};
    return days.time_since_epoch().count();
}

int weekday(std::int64_t days) noexcept {
    const std::int64_t shifted = days + 3;  // 1970-01-01 was a Thursday.
    return static_cast<int>(shifted - floor_div(shifted, 7) * 7);
}

int utc_offset_min(const Zone& zone, std::int64_t utc_ms) noexcept {
    if (!zone.european_summer_time) return zone.standard_offset_min;
    const int year = static_cast<int>(civil(floor_div(utc_ms, day_ms)).year());
    // The Union's clocks change together, at 01:00 UTC.
    const bool summer =
        utc_ms >= last_sunday_utc_ms(year, 3) + hour_ms && utc_ms < last_sunday_utc_ms(year, 10) + hour_ms;
    return zone.standard_offset_min + (summer ? 60 : 0);
}

std::int64_t local_midnight_utc_ms(const Zone& zone, std::int64_t local_day) noexcept {
    const std::int64_t as_if_standard = local_day * day_ms - zone.standard_offset_min * minute_ms;
    // A day that starts in summer starts an hour earlier in UTC; asking just before settles the change days.
    return local_day * day_ms - utc_offset_min(zone, as_if_standard - hour_ms) * minute_ms;
}

std::int64_t local_day_of(const Zone& zone, std::int64_t utc_ms) noexcept {
    return floor_div(utc_ms + utc_offset_min(zone, utc_ms) * minute_ms, day_ms);
}

LocalTime to_local(const Zone& zone, std::int64_t utc_ms) noexcept {
    const std::int64_t local_ms = utc_ms + utc_offset_min(zone, utc_ms) * minute_ms;
    const std::int64_t days = floor_div(local_ms, day_ms);
    const auto rest = static_cast<int>(local_ms - days * day_ms);
    const auto date = civil(days);
    return {static_cast<int>(date.year()),
            static_cast<int>(static_cast<unsigned>(date.month())),
            static_cast<int>(static_cast<unsigned>(date.day())),
            rest / 3'600'000,
            rest / 60'000 % 60,
            rest / 1'000 % 60,
            rest % 1'000};
}

std::int64_t month_start_ms(std::int64_t utc_ms) noexcept {
    const auto date = civil(floor_div(utc_ms, day_ms));
    return days_from_civil(static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())), 1) *
           day_ms;
}

std::int64_t next_month_ms(std::int64_t utc_ms) noexcept {
    return month_start_ms(month_start_ms(utc_ms) + 32 * day_ms);
}

std::optional<std::int64_t> parse_date(std::string_view text) noexcept {
    std::string_view pattern = text.size() == 10 ? "dddd-dd-dd" : "dddddddd";
    if (text.size() != pattern.size()) return std::nullopt;
    int fields[3] = {0, 0, 0};
    int field = 0, digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (pattern[i] == '-') {
            if (text[i] != '-') return std::nullopt;
            continue;
        }
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        fields[field] = fields[field] * 10 + (text[i] - '0');
        if (++digits == 4 || digits == 6) ++field;
    }
    const chr::year_month_day date{chr::year{fields[0]}, chr::month{static_cast<unsigned>(fields[1])},
                                   chr::day{static_cast<unsigned>(fields[2])}};
    // Before 2000 a device's past would reach below zero; the record format ends in 2100.
    if (!date.ok() || fields[0] < 2000 || fields[0] > 2098) return std::nullopt;
    return days_from_civil(fields[0], fields[1], fields[2]) * day_ms;
}

std::string rfc3339(std::int64_t utc_ms) {
    const LocalTime t = to_local(Zone{"UTC", 0, false}, utc_ms);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", t.year, t.month, t.day, t.hour, t.minute, t.second,
                       t.millisecond);
}

}  // namespace gantry::sim
