#include "agent/audit/log_tail.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "agent/audit/domain/limits.hpp"

namespace gantry::audit {
namespace {

std::int64_t mtime_ns(const struct stat& status) {
    return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

// ".1", "-20260301", "_2026-03-01T00:00", ".old": what rotation puts after (or into) a log's name.
bool rotation_mark(std::string_view text) {
    if (text == ".old" || text == ".bak") return true;
    if (text.size() < 2 || std::string_view{".-_"}.find(text[0]) == std::string_view::npos) return false;
    if (text[1] < '0' || text[1] > '9') return false;
    return text.find_first_not_of("0123456789.:_T-", 1) == std::string_view::npos;
}

bool is_compressed(std::string_view name) {
    return std::ranges::any_of(std::initializer_list<std::string_view>{".gz", ".xz", ".bz2", ".zst", ".zip"},
                               [&](std::string_view end) { return name.ends_with(end); });
}

// Whether `name` is `log` after a rotation.
bool is_rotated_name(std::string_view name, const std::filesystem::path& log) {
    if (is_compressed(name)) name = name.substr(0, name.rfind('.'));
    const std::string full = log.filename().string();
    if (name.starts_with(full)) return rotation_mark(name.substr(full.size()));
    const std::string stem = log.stem().string();
    const std::string extension = log.extension().string();
    if (extension.empty() || !name.starts_with(stem) || !name.ends_with(extension)) return false;
    if (name.size() <= stem.size() + extension.size()) return false;
    return rotation_mark(name.substr(stem.size(), name.size() - stem.size() - extension.size()));
}

std::string read_front(int fd, std::size_t size) {
    std::string out(size, '\0');
    const ssize_t got = ::pread(fd, out.data(), size, 0);
    out.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return out;
}

}  // namespace

struct LogTail::Candidate {
    std::filesystem::path path;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    bool compressed = false;
};

LogTail::LogTail(std::filesystem::path path, const Pseudonyms& pseudonyms, std::optional<LogPosition> saved,
                 Begin begin)
    : path_{std::move(path)}, pseudonyms_{pseudonyms}, begin_{begin}, saved_{std::move(saved)} {}

// Rotated files beside the log, oldest first.
std::vector<LogTail::Candidate> LogTail::candidates() {
    std::vector<Candidate> out;
    const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path{"."};
    std::error_code error;
    for (std::filesystem::directory_iterator at{folder, error}; !error && at != std::filesystem::directory_iterator{};
         at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (name == path_.filename().string() || !is_rotated_name(name, path_)) continue;
        struct stat status {};
        if (::stat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
        out.push_back({at->path(), status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
                       mtime_ns(status), is_compressed(name)});
        if (out.size() == limits::rotated_files_max) break;
    }
    std::ranges::sort(out, {}, [](const Candidate& c) { return std::pair{c.mtime_ns, c.path}; });
    return out;
}

std::optional<LogTail::Source> LogTail::open(const std::filesystem::path& file, std::uint64_t offset, bool closed) {
    Source out;
    out.fd.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // O_NONBLOCK: a FIFO must not hang us
    struct stat status {};
    if (!out.fd || ::fstat(out.fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    out.device = status.st_dev;
    out.inode = status.st_ino;
    out.offset = offset;
    out.closed = closed;
    return out;
}

bool LogTail::has_head(const Candidate& file, const LogPosition& position) const {
    if (file.compressed || file.size < position.offset) return false;
    if (position.head_bytes == 0) return true;
    const UniqueFd fd{::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!fd) return false;
    const std::string front = read_front(fd.get(), position.head_bytes);
    return front.size() == position.head_bytes && pseudonyms_.of("head", front) == position.head;
}

void LogTail::add_newer(const std::vector<Candidate>& rotated, std::int64_t than_ns, std::uint64_t but_inode) {
    for (const Candidate& file : rotated) {
        if (file.mtime_ns <= than_ns || file.inode == but_inode) continue;
        if (file.compressed) {
            ++counters_.compressed;
        } else if (auto source = open(file.path, 0, true)) {
            sources_.push_back(std::move(*source));
        } else {
            ++counters_.unreadable;
        }
    }
}

// Which files to read, and from where, to go on at `from`: the file it names, what was rotated away after it, the log.
void LogTail::find_way(const std::optional<LogPosition>& from) {
    sources_.clear();
    rotated_since_ms_.reset();
    struct stat status {};
    const bool there = ::stat(path_.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    const Candidate log{path_,
                        there ? status.st_dev : 0,
                        there ? status.st_ino : 0,
                        there ? static_cast<std::uint64_t>(status.st_size) : 0,
                        0,
                        false};
    std::uint64_t offset = 0;
    if (!from) {
        if (begin_ == Begin::end && !started_) offset = log.size;
    } else if (there && log.device == from->device && log.inode == from->inode && has_head(log, *from)) {
        offset = from->offset;
    } else {
        const auto rotated = candidates();
        // The file itself under another name, else a copy of it (the newest, as heads may be alike).
        auto found = std::ranges::find_if(rotated, [&](const Candidate& c) {
            return c.device == from->device && c.inode == from->inode && has_head(c, *from);
        });
        if (found == rotated.end() && from->head_bytes > 0) {
            const auto copy =
                std::find_if(rotated.rbegin(), rotated.rend(), [&](const Candidate& c) { return has_head(c, *from); });
            if (copy != rotated.rend()) found = copy.base() - 1;
        }
        if (found != rotated.end()) {
            if (auto source = open(found->path, from->offset, true)) sources_.push_back(std::move(*source));
            add_newer(rotated, found->mtime_ns, found->inode);
        } else if (from->offset > 0) {
            ++counters_.lost_track;
        }
    }
    if (there) {
        if (auto source = open(path_, offset, false)) sources_.push_back(std::move(*source));
    }
    if (sources_.empty()) ++counters_.unreadable;
    begin_source();
    started_ = true;
}

void LogTail::begin_source() {
    splitter_.clear();
    front_.clear();
    if (sources_.empty()) return;
    const Source& source = sources_.front();
    front_ = read_front(source.fd.get(), std::min<std::uint64_t>(source.offset, limits::head_bytes_max));
}

// Whether the file that is being read was cut short or begins otherwise than it did.
bool LogTail::current_changed() const {
    const Source& source = sources_.front();
    struct stat status {};
    if (::fstat(source.fd.get(), &status) != 0) return true;
    if (static_cast<std::uint64_t>(status.st_size) < source.offset) return true;
    return read_front(source.fd.get(), front_.size()) != front_;
}

void LogTail::look(std::int64_t now_ms) {
    if (sources_.empty()) {
        // After a log that was gone, what appears is new, unless a position is still waiting for its file.
        find_way(saved_);
        if (sources_.empty()) return;
        saved_.reset();
        return;
    }
    if (current_changed()) {
        ++counters_.rotations;
        return find_way(position());
    }
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    const Source& last = sources_.back();
    if (last.closed) {  // the log was not there when the others were found
        if (auto source = open(path_, 0, false)) sources_.push_back(std::move(*source));
        return;
    }
    if (status.st_ino == last.inode && status.st_dev == last.device) {
        rotated_since_ms_.reset();
        hurry_ = false;
        return;
    }
    if (!rotated_since_ms_) rotated_since_ms_ = now_ms;
    if (hurry_ || now_ms - *rotated_since_ms_ >= limits::rotation_grace.count()) leave_renamed();
}

// The open file is read to its end whatever became of its name; then what was rotated after it, then the new log.
void LogTail::leave_renamed() {
    ++counters_.rotations;
    rotated_since_ms_.reset();
    hurry_ = false;
    Source& left = sources_.back();
    left.closed = true;
    struct stat own {};
    const std::int64_t since_ns = ::fstat(left.fd.get(), &own) == 0 ? mtime_ns(own) : 0;
    add_newer(candidates(), since_ns, left.inode);
    if (auto source = open(path_, 0, false)) sources_.push_back(std::move(*source));
}

// Reads on in the current file. False when there is nothing more now.
bool LogTail::fill() {
    const Source& source = sources_.front();
    std::string chunk(limits::read_chunk_bytes, '\0');
    const auto at = static_cast<off_t>(source.offset + splitter_.pending());
    const ssize_t got = ::pread(source.fd.get(), chunk.data(), chunk.size(), at);
    if (got < 0 && errno != EINTR) ++counters_.unreadable;
    if (got <= 0) return false;
    const auto fresh = std::string_view{chunk}.substr(0, static_cast<std::size_t>(got));
    if (front_.size() == static_cast<std::size_t>(at) && front_.size() < limits::head_bytes_max)
        front_.append(fresh.substr(0, limits::head_bytes_max - front_.size()));
    splitter_.feed(fresh);
    return true;
}

// The end of a closed file: goes to the next. False when this is the log itself, which may grow.
bool LogTail::finish_source() {
    if (!sources_.front().closed || sources_.size() == 1) return false;
    sources_.pop_front();
    begin_source();
    return true;
}

std::optional<std::string_view> LogTail::next_line() {
    while (!sources_.empty()) {
        std::optional<LineSplitter::Line> line = splitter_.next();
        if (!line && fill()) continue;
        // A closed file's last line may lack its end.
        if (!line && sources_.front().closed) line = splitter_.rest();
        if (line) {
            sources_.front().offset += line->bytes;
            return line->text;
        }
        if (!finish_source()) return std::nullopt;
    }
    return std::nullopt;
}

std::optional<LogPosition> LogTail::position() const {
    if (sources_.empty()) return saved_;
    const Source& source = sources_.front();
    const auto head =
        std::string_view{front_}.substr(0, std::min<std::uint64_t>(source.offset, limits::head_bytes_max));
    return LogPosition{source.device, source.inode, source.offset, head.size(), pseudonyms_.of("head", head), {}};
}

LogTail::Counters LogTail::counters() const {
    Counters out = counters_;
    out.too_long = splitter_.too_long();
    return out;
}

}  // namespace gantry::audit
