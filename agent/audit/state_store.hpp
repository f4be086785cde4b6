#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/core/bytes.hpp"
#include "common/core/result.hpp"

namespace gantry::audit {

// How far a log was delivered, and which file that was.
struct LogPosition {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t offset = 0;
    std::uint64_t head_bytes = 0;
    std::string head;  // pseudonym of the first head_bytes bytes
    std::optional<std::int64_t> last_at_ms;
    bool operator==(const LogPosition&) const = default;
};

// What gantry-audit remembers across restarts, in one SQLite file. Bounded by limits.hpp. One thread at a time. Throws
// sql::SqlError when the disk fails.
class StateStore {
public:
    // `path` empty: in memory, for a single run.
    explicit StateStore(const std::filesystem::path& path);
    ~StateStore();
    StateStore(StateStore&&) noexcept;

    bool seen(std::string_view message_h);
    // All of them or, when it throws, none.
    void remember(std::span<const std::string> message_hs, std::int64_t now_ms);
    // Removes what is too old or too much; returns the number of rows. At start, and then once a day.
    std::int64_t evict(std::int64_t now_ms);

    std::optional<LogPosition> position(const std::string& path);
    void save_position(const std::string& path, const LogPosition& position);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// The key of a state folder's pseudonyms, made at first use (0600) and never changed. The caller holds the folder's
// lock. Errc::refused when others may read it, malformed, io.
Result<Hash> pseudonym_key(const std::filesystem::path& state);

}  // namespace gantry::audit
