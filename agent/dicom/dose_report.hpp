#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a CT dose report says once it is de-identified. Nothing else leaves the parser: these types have no place for a
// name, a UID or free text. Absent means unknown, never zero.
namespace gantry::dicom {

enum class Problem : std::uint8_t {
    no_zone,
    tz_ambiguous,
    time_missing,
    duration_missing,
    duration_implausible,
    sources_missing,
    value_out_of_range,
    unit_unknown,
    acq_unknown,
    event_uid_missing,
    serial_conflict,
    serial_missing,
    charset_repaired,
};
inline constexpr int problem_count = 13;

constexpr std::string_view name(Problem problem) {
    constexpr std::string_view names[problem_count] = {
        "no_zone",         "tz_ambiguous",       "time_missing",    "duration_missing", "duration_implausible",
        "sources_missing", "value_out_of_range", "unit_unknown",    "acq_unknown",      "event_uid_missing",
        "serial_conflict", "serial_missing",     "charset_repaired"};
    return names[static_cast<std::size_t>(problem)];
}

// A set of problems; small enough to copy.
class Problems {
public:
    void add(Problem problem) { bits_ |= std::uint32_t{1} << static_cast<unsigned>(problem); }
    void add(Problems others) { bits_ |= others.bits_; }
    bool has(Problem problem) const { return (bits_ >> static_cast<unsigned>(problem) & 1U) != 0; }
    bool empty() const { return bits_ == 0; }
    // Only those that the other set has as well.
    Problems only(Problems others) const {
        Problems both;
        both.bits_ = bits_ & others.bits_;
        return both;
    }

private:
    std::uint32_t bits_ = 0;
};

enum class SerialBasis : std::uint8_t { observer, header, role, none };
constexpr std::string_view name(SerialBasis basis) {
    constexpr std::string_view names[] = {"observer", "header", "role", "none"};
    return names[static_cast<std::size_t>(basis)];
}

// Tokens only; empty means unknown.
struct DeviceIdentity {
    std::string maker;
    std::string model;
    std::string serial;  // by the stated precedence: observer, then header, then device role
    SerialBasis basis = SerialBasis::none;
    std::string software;
    std::string serial_observer;
    std::string serial_header;
    std::vector<std::string> serial_roles;
};

struct TubeSource {
    std::string id;
    std::optional<std::int64_t> kv_v;
    std::optional<std::int64_t> ma_mean_ua;
    std::optional<std::int64_t> ma_max_ua;
    std::optional<std::int64_t> rot_ms;
};

struct DoseAlert {
    std::optional<bool> dlp_configured;
    std::optional<bool> ctdivol_configured;
    std::optional<std::int64_t> dlp_alert_ugy_cm;
    std::optional<std::int64_t> ctdivol_alert_ugy;
    std::optional<std::int64_t> dlp_estimate_ugy_cm;
    std::optional<std::int64_t> ctdivol_estimate_ugy;
    std::optional<bool> reason_given;
};

// Enumerations of the schema travel as views of literals in codes.cpp and site_config.cpp; empty means absent.
struct Purpose {
    std::string_view purpose = "unknown";
    std::string_view basis = "none";
};

struct Exposure {
    std::string event_h;
    int n = 0;
    std::optional<std::int64_t> at_ms;
    std::string_view acq = "unknown";
    std::optional<std::int64_t> duration_ms;
    std::optional<std::int64_t> duration_reported_ms;
    std::optional<std::int64_t> length_um;
    std::optional<std::int64_t> pitch_milli;
    std::optional<std::int64_t> collimation_single_um;
    std::optional<std::int64_t> collimation_total_um;
    std::optional<std::int64_t> ctdivol_ugy;
    std::optional<std::int64_t> dlp_ugy_cm;
    std::optional<std::int64_t> ssde_ugy;
    std::string_view phantom;
    std::string_view region;
    std::string_view proto_group;
    std::optional<DoseAlert> alert;
    std::vector<TubeSource> sources;
    Problems problems;
};

struct DoseReport {
    std::string report_h;  // pseudonym of the SOP instance; never leaves the host
    std::string exam_h;    // empty: the report names no study
    DeviceIdentity device;
    std::optional<std::int64_t> start_ms;
    std::optional<std::int64_t> end_ms;
    std::optional<std::int64_t> dlp_total_ugy_cm;
    Purpose purpose;
    std::vector<Exposure> exposures;  // each event once, in the report's order
    Problems problems;                // of the report as a whole

    Problems all_problems() const {
        Problems all = problems;
        for (const Exposure& exposure : exposures) all.add(exposure.problems);
        return all;
    }
};

}  // namespace gantry::dicom
