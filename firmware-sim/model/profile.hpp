#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "firmware-sim/model/calendar.hpp"

namespace gantry::sim {

/// What the whole fleet shares. A device is a function of these and of its index alone.
struct FleetOptions {
    std::uint64_t seed = 1;
    std::uint32_t devices = 16;
    std::uint32_t hospitals = 4;
    std::int64_t from_ms = 0;  ///< UTC midnight of the first day.
    int days = 7;
    std::string device_prefix = "ct-";
    std::array<bool, 72> violations = {};  ///< By Rule; see violations.hpp.
    std::uint32_t violation_block = 16;    ///< Each selected wrong once in every so many devices.
    bool story = false;                    ///< The first devices have a part each: see story.cpp.
};

/// The plate on one scanner and the habits of the place where it stands.
struct Profile {
    std::uint32_t index;
    std::string id;
    std::string name;
    std::string maker;
    std::string model;
    std::string serial;
    std::string software;
    std::string ae_title;
    std::string site;
    std::string organisation;
    Zone zone;
    int sources;  ///< Tubes.
    int detector_rows;
    bool zone_in_report;      ///< Writes (0008,0201) and offsets in its DICOM times.
    bool cumulative_reports;  ///< Repeats earlier events of the study in each new report.
    bool round_the_clock;
    double exams_per_day;  ///< Mean of a working day.
    double weekend_share;
};

Profile make_profile(const FleetOptions& options, std::uint32_t index);

}  // namespace gantry::sim
