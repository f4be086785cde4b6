#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/core/result.hpp"

namespace gantry::dicom {

enum class Command { read, watch, serve, check_config, help, version };

struct Options {
    Command command = Command::help;
    std::vector<std::string> operands;  // files of read, the folder of watch
    std::string tz;
    std::filesystem::path site_config;
    std::filesystem::path state;
    std::filesystem::path intake;
    std::filesystem::path routes;
    std::string aet;
    int port = 0;
    std::string bind_address;
};

// Errc::refused: wrong usage (exit 2). Errc::malformed: wrong configuration (exit 78).
Result<Options> read_options(int argc, const char* const* argv);

std::string usage();

}  // namespace gantry::dicom
