#pragma once

#include <string_view>

// Coded concepts of the CT dose report and the MPPS, as the schema's enumerations. Tables, so that a new code is a new
// row.
namespace gantry::dicom {

struct Code {
    std::string_view value;
    std::string_view scheme;
};

std::string_view acquisition_type(const Code& code);  // CID 10013; "unknown" when it is none of it
std::string_view phantom_type(const Code& code);      // CID 4052; "other" for an unknown code
// Target region (CID 4030 and its SNOMED CT forms); a combined region counts as the first it names. "other" when
// unknown.
std::string_view region_of(const Code& code);
std::string_view discontinuation_reason(std::string_view value);  // CID 9300; "other" when it is none of it
bool means_ct_procedure(const Code& code);                        // Procedure Reported
bool means_yes(const Code& code);
bool means_no(const Code& code);

}  // namespace gantry::dicom
