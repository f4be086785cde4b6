#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dicom/dose_report.hpp"

namespace gantry::dicom {

// One line for the intake, as it goes there (without its newline).
struct Observation {
    std::string line;
    std::string event_h;  // the event it counts, if it counts one
    std::string_view type;
};

// Who sent it; carried only on the way to the unassigned pseudo-device.
struct Origin {
    std::string ae;
    std::string serial;
    std::string maker;
    std::string model;
};

std::string identity_body(const DeviceIdentity& device, std::string_view ae, Problems problems);

Observation identity_observation(std::string_view source, const std::string& body);
Observation exposure_observation(const DoseReport& report, const Exposure& exposure,
                                 const std::optional<Origin>& origin);
Observation dose_observation(const DoseReport& report, std::size_t new_events, const std::optional<Origin>& origin);

// The line that `read` prints for each file. It stays on this host, so it may name the file as it was given.
std::string report_line(std::string_view file, const DoseReport& report, std::size_t new_events);

}  // namespace gantry::dicom
