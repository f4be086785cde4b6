#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/domain/hour_cell.hpp"

// The rollup row of one device and one UTC day: its hours added, with the minutes that were watched and the hours with
// patients kept exact, so that a figure over years needs no hours but those at its edges. A device has one for each day
// with hours but its newest: a day that still grows would be written anew with every commit.
namespace gantry {

inline constexpr std::int64_t ms_per_utc_day = 86'400'000;
inline constexpr std::int64_t utc_day_of(std::int64_t at_ms) {
    return at_ms - (at_ms % ms_per_utc_day + ms_per_utc_day) % ms_per_utc_day;
}

// What of an hour is added up in its day.
struct UseCounts {
    std::int64_t exams = 0, exposures = 0, patient_exposures = 0;
    std::int64_t exposure_ms = 0, charge_ua_ms = 0, unknown_duration = 0;
    ExamEnds ends;

    static UseCounts of(const HourCell& hour);
    void add(const UseCounts& other);
    bool operator==(const UseCounts&) const = default;
};

struct DayCell {
    UseCounts use;
    std::array<std::uint64_t, 24> watched{};  // of each hour as HourCell::coverage
    std::uint32_t used = 0;                   // bit n: hour n has patient exposures
    bool operator==(const DayCell&) const = default;

    void add_hour(unsigned hour_of_day, const HourCell& hour);  // 0 to 23, each once

    // Each hour that was watched as a letter, A for hour 0, followed by its 15 hexadecimal digits unless all of it was.
    std::string serialize_watched() const;
    Result<void> parse_watched(std::string_view text);
};

}  // namespace gantry
