#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "firmware-sim/model/event.hpp"
#include "firmware-sim/model/profile.hpp"

namespace gantry::sim {

/// An invented person. Every text holds letters that occur nowhere else, so that one leaked string can be found again.
struct Patient {
    std::string name;  ///< DICOM person name, UTF-8.
    std::string id;
    std::string birth_date;  ///< YYYYMMDD
    std::string sex;
    std::string accession;
    std::string referring;
    std::string radiographer;
    std::string comment;
    std::string protocol_suffix;  ///< Now and then somebody types a name into the protocol; mostly empty.

    /// What must be found in no output; a birth date is not in it, eight digits occur by chance.
    std::vector<std::string> canaries() const;
};

/// The person of one examination; for a test object the name and id that sites use for it, which are no canaries.
Patient make_patient(const FleetOptions& options, const Profile& profile, std::uint64_t exam, Purpose purpose,
                     std::string_view age_band, int year);

}  // namespace gantry::sim
