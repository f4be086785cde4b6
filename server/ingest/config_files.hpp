#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "server/domain/paper/catalogue.hpp"

// The tables that the collector judges by, read from their folders. What is wrong throws std::invalid_argument with
// file, line and reason; what cannot be read throws as files::read_all does.
namespace gantry::ingest {

// Every *.toml of the folder by name, each whole: a list of differences comes with its base behind it. All are checked.
std::vector<std::string> read_lifecycle_tables(const std::filesystem::path& folder);

// Every *.toml of the folder; none may hold on the same day as another.
std::vector<paper::Catalogue> read_catalogues(const std::filesystem::path& folder);

}  // namespace gantry::ingest
