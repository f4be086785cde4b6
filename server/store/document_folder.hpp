#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "common/core/bytes.hpp"
#include "common/core/crypto.hpp"
#include "common/core/result.hpp"

namespace gantry::store {

// Documents do not starve the log: below this much free space on its disk none is taken.
inline constexpr std::uintmax_t documents_free_bytes_min = std::uintmax_t{1} << 30;

// Files by their SHA-256: FOLDER/ab/cd/abcd…, 0600 in folders of 0700. Nothing is ever changed or removed; the same
// bytes are kept once. Any thread.
class DocumentFolder {
public:
    explicit DocumentFolder(std::filesystem::path root) : root_{std::move(root)} {}

    // Durable when it returns. Errc::unavailable: the disk is nearly full; Errc::io.
    Result<Hash> put(ByteView bytes);
    // nullopt: not kept. Errc::io: not readable, or no longer what its name says.
    Result<std::optional<std::string>> get(const Hash& sha256, std::size_t bytes_max) const;

private:
    std::filesystem::path path_of(const Hash& sha256) const;
    Result<void> make_folders(const std::filesystem::path& folder) const;

    std::filesystem::path root_;
    std::mutex writing_;
};

}  // namespace gantry::store
