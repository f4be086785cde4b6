#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/result.hpp"

// Times of messages and logs to UTC milliseconds. Pure: the time zone database is the system's, read once.
namespace gantry::audit {

inline constexpr std::int64_t time_ms_max = 4'102'444'800'000;  // the schema's end of time, year 2100

// How local times without an offset are read.
class Zone {
public:
    // No zone is set: such times are read as UTC.
    static Zone utc() { return {}; }
    // An IANA name such as Asia/Shanghai. Errc::not_found when the system's database does not have it.
    static Result<Zone> named(std::string_view name);

    bool is_set() const { return zone_ != nullptr; }

    // Milliseconds since 1970 of a local time. A missing hour takes the later instant. A repeated hour takes the
    // earlier, unless the line before was written after that (`before_ms`, more than a minute later): a log is written
    // forwards, so this is the hour's second pass.
    std::int64_t to_utc_ms(std::int64_t local_ms, std::optional<std::int64_t> before_ms = std::nullopt) const;

private:
    const void* zone_ = nullptr;  // a date::time_zone of the process-wide database
};

// xs:dateTime ("2026-03-04T05:06:07.089+08:00"): an offset or Z in the text wins. Nothing when it is no time, or none
// from 1970 to 2100.
std::optional<std::int64_t> parse_xml_time(std::string_view text, const Zone& zone);

// Times of one kind of log.
class TimeFormat {
public:
    // A format of strptime's kind (%Y-%m-%d %H:%M:%S, with %z for an offset and decimals allowed after %S), "epoch_s"
    // or "epoch_ms". Errc::malformed when it names no day of the month or no hour.
    static Result<TimeFormat> parse(std::string_view format);

    // Nothing when the text does not fit. Without a year in the format it takes that of `now_ms`, or the one before
    // when the time would lie more than a day ahead. `before_ms`: see Zone::to_utc_ms.
    std::optional<std::int64_t> read(std::string_view text, const Zone& zone, std::int64_t now_ms,
                                     std::optional<std::int64_t> before_ms) const;

    bool has_offset() const { return has_offset_; }

private:
    enum class Kind { calendar, epoch_s, epoch_ms };
    std::optional<std::int64_t> read_calendar(const std::string& text, const std::string& format, const Zone& zone,
                                              std::optional<std::int64_t> before_ms) const;
    Kind kind_ = Kind::calendar;
    std::string format_;
    bool has_year_ = true;
    bool has_offset_ = false;
};

}  // namespace gantry::audit
