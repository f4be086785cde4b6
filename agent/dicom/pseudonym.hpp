#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/core/bytes.hpp"

namespace gantry::dicom {

// Turns UIDs into pseudonyms: HMAC-SHA256 under a key that stays on this host and never rotates, first 16 bytes as hex.
// Equal UIDs give equal pseudonyms on one host and unrelated ones on another.
class Pseudonymiser {
public:
    explicit Pseudonymiser(Hash key) : key_{key} {}

    // For one run only: nothing it says can be linked to another run.
    static Pseudonymiser random();
    // The key of a state folder, made at first use (0600). Throws std::runtime_error when it cannot be read, made or is
    // not 0600.
    static Pseudonymiser of_folder(const std::filesystem::path& state);

    std::string uid(std::string_view uid) const { return hash(uid); }
    // A name that is no UID; `domain` keeps it apart from every UID.
    std::string named(std::string_view domain, std::string_view text) const;

private:
    std::string hash(std::string_view text) const;
    Hash key_;
};

}  // namespace gantry::dicom
