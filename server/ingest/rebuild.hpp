#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/core/result.hpp"

namespace gantry::ingest {

struct RebuildReport {
    std::uint64_t leaves = 0;
    std::string root;                       // hexadecimal, of the hashed stored leaves
    std::optional<std::string> difference;  // the first one; none: identical
};

// Folds the stored log again, from its first leaf, into fresh tables under `scratch` and compares every folded table
// byte for byte with what is stored. Reads `database` only, in one snapshot, so a collector may run meanwhile. Errors
// are about files, not about differences.
Result<RebuildReport> rebuild(const std::filesystem::path& database, const std::filesystem::path& scratch);

}  // namespace gantry::ingest
