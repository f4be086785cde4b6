#include "agent/dicom/plausibility.hpp"

#include "agent/dicom/limits.hpp"

namespace gantry::dicom {
namespace {

// Real windows are cut to whole seconds and some hold less than their exposures: 3 s around 3.2 s [SPECT-CT report].
constexpr std::int64_t window_slack_ms = 60'000;
// Real spirals come within 1 % of the geometry plus over-ranging; where the nominal collimation is wrong they are
// shorter.
constexpr std::int64_t geometry_slack_ms = 30'000;
// Shuttle scans pass many times over one length, so within the window only a factor as of a wrong unit convicts.
constexpr std::int64_t wrong_unit_factor = 50;

}  // namespace

std::optional<std::int64_t> geometric_duration_ms(const ExposureEvidence& evidence) {
    const auto known = [](const std::optional<std::int64_t>& value) { return value && *value > 0; };
    if (!known(evidence.length_um) || !known(evidence.pitch_milli) || !known(evidence.collimation_um) ||
        !known(evidence.rotation_ms)) {
        return std::nullopt;
    }
    const double turns = static_cast<double>(*evidence.length_um) * 1000.0 /
                         (static_cast<double>(*evidence.pitch_milli) * static_cast<double>(*evidence.collimation_um));
    const double duration_ms = turns * static_cast<double>(*evidence.rotation_ms);
    if (duration_ms > 1e12) return std::nullopt;
    return static_cast<std::int64_t>(duration_ms);
}

bool duration_implausible(std::int64_t duration_ms, const ExposureEvidence& evidence) {
    if (duration_ms > limits::exposure_ms_max) return true;
    const auto geometry_ms = geometric_duration_ms(evidence);
    const bool beyond_geometry = geometry_ms && duration_ms > 3 * *geometry_ms + geometry_slack_ms;
    const bool window_known = evidence.window_ms && *evidence.window_ms >= 0;
    const bool beyond_window = window_known && duration_ms > 2 * *evidence.window_ms + window_slack_ms;
    if (geometry_ms && window_known) {
        const bool wrong_unit = duration_ms > wrong_unit_factor * *geometry_ms + window_slack_ms;
        return wrong_unit || (beyond_geometry && beyond_window);
    }
    return beyond_geometry || beyond_window;
}

}  // namespace gantry::dicom
