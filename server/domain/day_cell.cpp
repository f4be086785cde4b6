#include "server/domain/day_cell.hpp"

#include <fmt/format.h>

#include <charconv>

namespace gantry {
namespace {

constexpr std::uint64_t whole_hour = (std::uint64_t{1} << 60) - 1;
constexpr std::size_t map_digits = 15;

}  // namespace

UseCounts UseCounts::of(const HourCell& hour) {
    return {hour.exams,       hour.exposures,    hour.patient_exposures,
            hour.exposure_ms, hour.charge_ua_ms, hour.unknown_duration,
            hour.ends};
}

void UseCounts::add(const UseCounts& other) {
    exams += other.exams;
    exposures += other.exposures;
    patient_exposures += other.patient_exposures;
    exposure_ms += other.exposure_ms;
    charge_ua_ms += other.charge_ua_ms;
    unknown_duration += other.unknown_duration;
    ends.add(other.ends);
}

void DayCell::add_hour(unsigned hour_of_day, const HourCell& hour) {
    use.add(UseCounts::of(hour));
    watched.at(hour_of_day) = hour.coverage;
    if (hour.patient_exposures > 0) used |= 1U << hour_of_day;
}

std::string DayCell::serialize_watched() const {
    std::string out;
    for (std::size_t i = 0; i < watched.size(); ++i) {
        if (watched[i] == 0) continue;
        out.push_back(static_cast<char>('A' + i));
        if (watched[i] != whole_hour) out += fmt::format("{:015x}", watched[i]);
    }
    return out;
}

Result<void> DayCell::parse_watched(std::string_view text) {
    const Error bad{Errc::malformed,
                    fmt::format("watched hours: got '{}', want a letter A to X for each, rising", text)};
    watched = {};
    for (char last = 'A' - 1; !text.empty();) {
        const char hour = text.front();
        if (hour <= last || hour > 'X') return bad;
        last = hour;
        text.remove_prefix(1);
        std::uint64_t& map = watched[static_cast<std::size_t>(hour - 'A')];
        map = whole_hour;
        if (text.empty() || (text.front() >= 'A' && text.front() <= 'X')) continue;
        const std::string_view digits = text.substr(0, map_digits);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), map, 16);
        if (error != std::errc{} || end != digits.data() + map_digits) return bad;
        text.remove_prefix(map_digits);
    }
    return {};
}

}  // namespace gantry
