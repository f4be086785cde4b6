#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "common/core/result.hpp"
#include "common/io/files.hpp"

namespace gantry::unix_socket {

struct Peer {
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
};

// A listening, non-blocking stream socket at `path` with these permissions from its first moment. A stale socket file
// is replaced; a live one is Errc::conflict; anything that is not a socket stays untouched.
Result<UniqueFd> listen(const std::filesystem::path& path, unsigned mode, int backlog = 64);

// A connected, blocking stream socket; Errc::unavailable when nobody listens.
Result<UniqueFd> connect(const std::filesystem::path& path);

// One request line out, one answer line back; the newline is added and taken off here.
Result<std::string> ask(const std::filesystem::path& path, std::string_view line, std::chrono::milliseconds limit,
                        std::size_t answer_bytes_max = 1024 * 1024);

// Who is at the other end, as the kernel says.
std::optional<Peer> peer_of(int fd);

}  // namespace gantry::unix_socket
