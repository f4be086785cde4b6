#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/dicom/dose_report.hpp"

// Decimal text to scaled integers, exactly: no floating point, so 0.1 mGy is 100 µGy everywhere.
namespace gantry::dicom {

// `text` × multiplier × 10^power, rounded half away from zero. Nothing when it is no decimal number or does not fit
// 2^53.
std::optional<std::int64_t> scale_decimal(std::string_view text, std::int64_t multiplier, int power);

enum class Quantity { time_ms, length_um, dose_ugy, dlp_ugy_cm, ratio_milli, voltage_v, current_ua, count };

// A measured value in the unit our schema uses. An unknown unit, a value that is no number and one outside [0, max] are
// unknown values, each noted in `problems`.
std::optional<std::int64_t> scaled(Quantity quantity, std::string_view value, std::string_view unit, std::int64_t max,
                                   Problems& problems);

}  // namespace gantry::dicom
