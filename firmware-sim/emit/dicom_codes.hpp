#pragma once
#include <string_view>

#include "firmware-sim/model/event.hpp"

/// The coded concepts that our dose reports and MPPS use, beside those written where they stand.
namespace gantry::sim {

struct Coded {
    const char* value;
    const char* scheme;
    const char* meaning;
};

inline constexpr Coded mgy{"mGy", "UCUM", "mGy"}, mgy_cm{"mGy.cm", "UCUM", "mGy.cm"}, millimetre{"mm", "UCUM", "mm"},
    second{"s", "UCUM", "s"}, milliampere{"mA", "UCUM", "mA"}, kilovolt{"kV", "UCUM", "kV"},
    ratio{"{ratio}", "UCUM", "ratio"}, events{"{events}", "UCUM", "events"},
    x_ray_sources{"{X-Ray sources}", "UCUM", "X-Ray sources"};
inline constexpr Coded yes{"R-0038D", "SRT", "Yes"}, no{"R-00339", "SRT", "No"};

Coded region_code(Group group);
Coded acquisition_code(Acquisition acquisition);
/// Why an examination was given up (DICOM CID 9300).
Coded give_up_code(std::string_view reason);
/// What the console calls the protocol.
const char* protocol_name(Group group);

}  // namespace gantry::sim
