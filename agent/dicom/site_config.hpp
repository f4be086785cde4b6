#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dicom/dose_report.hpp"
#include "common/core/result.hpp"

namespace gantry::dicom {

// What a site knows about its own words: which names are phantoms, which protocols mean what. The words are compared on
// this host; only the enumerations leave it.
class SiteConfig {
public:
    SiteConfig() = default;

    // TOML:
    //   [[test_object]]                 # `*` any text, `?` one character, case does not matter
    //   field = "patient_id"            # or "patient_name"
    //   pattern = "*QC*"
    //   purpose = "phantom"             # or "service"
    //   [protocol_groups]               # the scanner's protocol name, exactly = a proto_group of the schema
    //   "5.1 Routine Thorax" = "chest"
    // Unknown keys and values are refused with what is allowed.
    static Result<SiteConfig> parse(std::string_view toml, std::string_view file_name);

    // Without patterns nothing is known; with them, what matches none is a patient.
    Purpose purpose_of(std::string_view patient_id, std::string_view patient_name) const;

    // The site's own map first, then words that protocol names use everywhere (English and Chinese); "other" when
    // nothing fits.
    std::string_view proto_group_of(std::string_view protocol_name) const;

private:
    struct TestObject {
        bool by_id;
        std::string pattern;
        std::string_view purpose;
    };
    std::vector<TestObject> test_objects_;
    std::map<std::string, std::string_view, std::less<>> protocol_groups_;
};

// `*` and `?` patterns, ASCII case folded; linear in the text but for one restart a star.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace gantry::dicom
