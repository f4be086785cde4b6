#include "firmware-sim/emit/keys.hpp"

#include <fmt/format.h>

namespace gantry::sim {

KeySeed record_key_seed(const FleetOptions& options, const Profile& profile) {
    return sha256(as_bytes(fmt::format("gantry-sim record key\n{}\n{}", options.seed, profile.id)));
}

std::string register_line(const FleetOptions& options, const Profile& profile, bool with_key) {
    std::string key;
    if (with_key) {
        const auto signing = SigningKey::from_seed(record_key_seed(options, profile));
        key = fmt::format(R"("record_key":"{}",)", to_hex(signing.public_key()));
    }
    return fmt::format(
        R"({{"id":"{}",{}"maker":"{}","model":"{}","serial":"{}","site":"{}","org":"{}","tz":"{}","modality":"CT","name":"{}"}})",
        profile.id, key, profile.maker, profile.model, profile.serial, profile.site, profile.organisation,
        profile.zone.name, profile.name);
}

}  // namespace gantry::sim
