#include "server/domain/paper/dates.hpp"

#include <fmt/format.h>

#include <chrono>

#include "server/domain/paper/papers.hpp"

namespace gantry::paper {

std::optional<std::int64_t> ms_of_date(std::int64_t year, std::int64_t month, std::int64_t day) {
    if (year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date}.time_since_epoch().count() * ms_of_day;
}

std::optional<std::int64_t> ms_of_iso_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto number = [&](std::size_t at, std::size_t length) -> std::int64_t {
        std::int64_t value = 0;
        for (const char c : text.substr(at, length)) {
            if (c < '0' || c > '9') return -1;
            value = value * 10 + (c - '0');
        }
        return value;
    };
    return ms_of_date(number(0, 4), number(5, 2), number(8, 2));
}

std::string time_text(std::int64_t at_ms) {
    if (at_ms == forever_ms) return "without end";
    const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds{at_ms}};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const auto minute = std::chrono::duration_cast<std::chrono::minutes>(at - day).count();
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), minute / 60,
                       minute % 60);
}

}  // namespace gantry::paper
