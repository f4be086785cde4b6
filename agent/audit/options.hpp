#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/core/result.hpp"

namespace gantry::audit {

enum class Command { read, tail, serve, check_config, help, version };

// Where to listen: a literal address and a port. Port 0: any free one, which is logged.
struct Address {
    std::string host;  // empty: not at all
    std::uint16_t port = 0;
};

struct Options {
    Command command = Command::help;
    std::vector<std::string> operands;  // files of read and tail
    std::string tz;
    std::filesystem::path state;
    std::filesystem::path schema;
    std::filesystem::path patterns;
    std::filesystem::path intake;
    std::filesystem::path routes;
    bool from_end = false;
    Address udp;
    Address tls;
    std::filesystem::path cert, key, ca;
    bool client_certificate = true;
};

// Errc::refused: wrong usage (exit 2). Errc::malformed: wrong configuration (exit 78).
Result<Options> read_options(int argc, const char* const* argv);

std::string usage();

}  // namespace gantry::audit
