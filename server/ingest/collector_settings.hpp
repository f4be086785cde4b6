#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/core/ids.hpp"
#include "common/io/args.hpp"
#include "common/io/config.hpp"
#include "common/io/mqtt_link.hpp"

namespace gantry::ingest {

struct CollectorSettings {
    CollectorId id;
    std::filesystem::path state;
    std::string listen;
    std::vector<std::string> host_names;
    MqttOptions mqtt;  // without topics and will
    std::filesystem::path schema_file;
    std::filesystem::path papers_file;
    std::filesystem::path required_file;  // which papers a device owes
    std::filesystem::path rules_folder;
    std::filesystem::path text_folder{};
    std::filesystem::path lifecycle_folder;
    std::filesystem::path catalogue_folder;
    std::filesystem::path web_folder;  // empty: the embedded page
    bool demo = false;
    std::string log_level;
    std::string log_format;

    std::filesystem::path database() const { return state / "gantry.db"; }
    std::filesystem::path documents() const { return state / "documents"; }
    std::filesystem::path admin_socket() const { return state / "admin.sock"; }
    std::filesystem::path lock_file() const { return state / "lock"; }
    std::filesystem::path provisioning_file() const { return state / "provisioning.toml"; }
    std::filesystem::path key_file(std::string_view name) const {
        return state / "keys" / (std::string{name} + ".key");
    }
};

std::span<const Flag> collector_flags();

// /var/lib/gantry when it exists, else ./gantry-data.
std::filesystem::path default_state();
// A file or folder of config/ where it was installed, else where it was built from.
std::string shipped_file(std::string_view part);

// Reads every setting; the error lists all that is wrong, one a line.
Result<CollectorSettings> read_settings(Config& config);

}  // namespace gantry::ingest
