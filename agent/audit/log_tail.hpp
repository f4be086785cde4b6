#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/audit/domain/line_splitter.hpp"
#include "agent/audit/domain/pseudonym.hpp"
#include "agent/audit/state_store.hpp"
#include "common/io/files.hpp"

namespace gantry::audit {

// Follows one log through rotation: by renaming, by copying and truncating, and while nobody was looking. Only reads.
//
// A file is known by device, inode and a pseudonym of its first bytes, so that neither a reused inode nor a truncated
// file is taken for what was read before. What was rotated away meanwhile (NAME.1, NAME-20260301, NAME.old and the
// like, beside the log) is read first, oldest first; compressed files are not read and are counted.
class LogTail {
public:
    struct Counters {
        std::uint64_t rotations = 0;
        std::uint64_t lost_track = 0;  // the file of the saved position was nowhere: began at the log's start
        std::uint64_t compressed = 0;  // rotated away into a compressed file: its lines were not read
        std::uint64_t too_long = 0;
        std::uint64_t unreadable = 0;  // rounds in which the log could not be opened or read
    };
    enum class Begin { start, end };

    // `saved`: where the last run stopped. Without it a log that is there begins at `begin`; one that appears later, at
    // its start.
    LogTail(std::filesystem::path path, const Pseudonyms& pseudonyms, std::optional<LogPosition> saved, Begin begin);

    // Once a round, before the lines: finds out about rotation. `now_ms` is a steady clock's.
    void look(std::int64_t now_ms);
    // The next whole line; nothing when there is none now. Valid until the next call.
    std::optional<std::string_view> next_line();
    // Where the next line begins, right after the line that was returned last: what to save once everything before it
    // is durable. Nothing before the first file was found.
    std::optional<LogPosition> position() const;
    // Take a rotation as final now, without the grace for late writers.
    void reopen() { hurry_ = true; }

    const std::filesystem::path& path() const { return path_; }
    Counters counters() const;

private:
    // A file and where to go on in it. A closed one gets no more lines: at its end the next is taken.
    struct Source {
        UniqueFd fd;
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::uint64_t offset = 0;
        bool closed = false;
    };
    struct Candidate;

    std::vector<Candidate> candidates();
    std::optional<Source> open(const std::filesystem::path& file, std::uint64_t offset, bool closed);
    void find_way(const std::optional<LogPosition>& from);
    void add_newer(const std::vector<Candidate>& rotated, std::int64_t than_ns, std::uint64_t but_inode);
    bool has_head(const Candidate& file, const LogPosition& position) const;
    void begin_source();
    bool current_changed() const;
    void leave_renamed();
    bool fill();
    bool finish_source();

    std::filesystem::path path_;
    const Pseudonyms& pseudonyms_;
    Begin begin_;
    std::optional<LogPosition> saved_;
    std::deque<Source> sources_;  // the first is being read; the last is the log itself, the others are closed
    LineSplitter splitter_;
    std::string front_;  // first bytes of the file being read, as far as they were read
    std::optional<std::int64_t> rotated_since_ms_;
    bool started_ = false;
    bool hurry_ = false;
    Counters counters_;
};

}  // namespace gantry::audit
