#pragma once

#include <cstdint>
#include <optional>

namespace gantry::dicom {

// What else the report says about how long one exposure can have taken. Absent means unknown.
struct ExposureEvidence {
    std::optional<std::int64_t> window_ms;  // end of irradiation less its start, over the whole report
    std::optional<std::int64_t> length_um;
    std::optional<std::int64_t> pitch_milli;
    std::optional<std::int64_t> collimation_um;  // total nominal
    std::optional<std::int64_t> rotation_ms;
};

// length / (pitch × collimation) × rotation time; nothing when a part is unknown or zero.
std::optional<std::int64_t> geometric_duration_ms(const ExposureEvidence& evidence);

// Whether a reported exposure time cannot be true (a maker wrote 11912 "s" for a scan of 119 s). One witness that
// speaks for the value is enough to keep it: windows are rounded, and some are shorter than what they hold.
bool duration_implausible(std::int64_t duration_ms, const ExposureEvidence& evidence);

}  // namespace gantry::dicom
