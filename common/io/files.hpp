#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/core/crypto.hpp"
#include "common/core/result.hpp"

namespace gantry {

// A file descriptor that is closed with its owner.
class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_{fd} {}
    ~UniqueFd() { reset(); }
    UniqueFd(UniqueFd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset(int fd = -1);

private:
    int fd_ = -1;
};

namespace files {

// The whole file; an error when it is absent (not_found), unreadable (io), or longer than bytes_max (too_large).
Result<std::string> read_all(const std::filesystem::path& path, std::size_t bytes_max = 1024 * 1024);

// Writes beside, syncs, renames, syncs the folder: a reader sees the old or the new content, also after a power cut.
Result<void> write_atomic(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

// Fills with bytes of the kernel's generator; throws std::runtime_error when it has none.
void random_bytes(std::span<std::uint8_t> out);

// Takes an exclusive lock on the file (made when absent) for the life of the result; Errc::conflict when somebody holds
// it.
Result<UniqueFd> lock(const std::filesystem::path& path);

}  // namespace files

namespace keys {

// An Ed25519 seed as 64 hexadecimal digits in `path`. Refused when others than the owner may read the file.
Result<SigningKey> load(const std::filesystem::path& path);

// load(), or, when the file is absent, a new key: `path` (0600) and beside it the public half as `….pub` (0644).
Result<SigningKey> load_or_create(const std::filesystem::path& path);

}  // namespace keys
}  // namespace gantry
