#include "server/store/document_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "common/io/files.hpp"

namespace gantry::store {
namespace {

namespace fs = std::filesystem;

// A new folder survives a power cut once the folder above it is on the disk.
bool sync_folder(const fs::path& folder) {
    const UniqueFd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return fd && ::fsync(fd.get()) == 0;
}

}  // namespace

fs::path DocumentFolder::path_of(const Hash& sha256) const {
    const std::string hex = to_hex(sha256);
    return root_ / hex.substr(0, 2) / hex.substr(2, 2) / hex;
}

Result<void> DocumentFolder::make_folders(const fs::path& folder) const {
    std::error_code fault;
    for (const fs::path& level : {root_, folder.parent_path(), folder}) {
        if (!fs::create_directory(level, fault)) {
            if (fault) return Error{Errc::io, fmt::format("{}: {}", level.string(), fault.message())};
            continue;
        }
        fs::permissions(level, fs::perms::owner_all, fault);
        if (fault || !sync_folder(level.has_parent_path() ? level.parent_path() : fs::path{"."}))
            return Error{Errc::io, fmt::format("{}: cannot be made safe on the disk", level.string())};
    }
    return {};
}

Result<Hash> DocumentFolder::put(ByteView bytes) {
    const Hash hash = sha256(bytes);
    const fs::path path = path_of(hash);
    const std::scoped_lock lock{writing_};
    if (const auto kept = get(hash, bytes.size()); kept && *kept) return hash;
    std::error_code fault;
    if (auto made = make_folders(path.parent_path()); !made) return made.error();
    if (const auto space = fs::space(root_, fault); !fault && space.available < documents_free_bytes_min)
        return Error{Errc::unavailable, fmt::format("documents: got {} MiB free on the disk, want at least {}",
                                                    space.available >> 20, documents_free_bytes_min >> 20)};
    if (auto written = files::write_atomic(path, as_text(bytes), 0600); !written) return written.error();
    return hash;
}

Result<std::optional<std::string>> DocumentFolder::get(const Hash& sha256_wanted, std::size_t bytes_max) const {
    auto bytes = files::read_all(path_of(sha256_wanted), bytes_max);
    if (!bytes && bytes.error().code == Errc::not_found) return std::optional<std::string>{};
    if (!bytes) return Error{Errc::io, bytes.error().message};
    if (sha256(as_bytes(*bytes)) != sha256_wanted)
        return Error{Errc::io, fmt::format("document {}: its bytes have changed on the disk", to_hex(sha256_wanted))};
    return std::optional{std::move(*bytes)};
}

}  // namespace gantry::store
