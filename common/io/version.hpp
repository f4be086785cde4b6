#pragma once

#include <string>
#include <string_view>

namespace gantry {

extern const char* const version_text;    // semver
extern const char* const version_commit;  // of the sources, or "unknown"

// "name 0.1.0 (commit …)", as --version prints it.
std::string version_line(std::string_view program);

}  // namespace gantry
