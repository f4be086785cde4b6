#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/dicom/dose_report.hpp"
#include "common/core/result.hpp"

// DICOM times to UTC milliseconds. Nearly no report carries a zone, so the site's zone is a setting.
namespace gantry::dicom {

class ZoneRule {
public:
    // No zone is configured: times without an offset are read as UTC and marked no_zone.
    static ZoneRule utc_default();
    // An IANA name such as Asia/Shanghai. Errc::not_found when the system's database does not have it.
    static Result<ZoneRule> named(std::string_view name);

    // Milliseconds since 1970 of a local time. A repeated hour takes the earlier instant, a missing hour the later one;
    // both are marked tz_ambiguous.
    std::int64_t to_utc_ms(std::int64_t local_ms, Problems& problems) const;

private:
    const void* zone_ = nullptr;  // a date::time_zone of the process-wide database; null means UTC by default
};

// A DATETIME or DA+TM text ("20190612163654.100", "19970101000631.737+0000"). An offset in the text wins, then `offset`
// (Timezone Offset From UTC, "+0800"), then the rule. Nothing, and time_missing, when it is no time or names no hour.
std::optional<std::int64_t> parse_datetime(std::string_view text, std::string_view offset, const ZoneRule& zone,
                                           Problems& problems);

// "+0800" in minutes, -14:00 to +14:00.
std::optional<int> parse_offset_minutes(std::string_view text);

// Whole years from a birth date (DA) to a day given in UTC milliseconds; nothing when the date is none.
std::optional<int> age_years(std::string_view birth_date, std::int64_t at_ms);

}  // namespace gantry::dicom
