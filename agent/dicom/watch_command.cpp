#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <tuple>

#include "agent/dicom/commands.hpp"
#include "agent/dicom/limits.hpp"
#include "agent/dicom/rdsr.hpp"
#include "agent/dicom/routes.hpp"
#include "common/core/crypto.hpp"
#include "common/io/clock.hpp"
#include "common/io/files.hpp"
#include "common/io/log.hpp"
#include "common/io/notify.hpp"

namespace gantry::dicom {
namespace {

constexpr std::int64_t progress_period_ms = 60'000;
constexpr std::int64_t retry_first_ms = 2'000;  // doubles to the maximum while the intake is away
constexpr std::int64_t retry_max_ms = 60'000;
constexpr std::int64_t evict_period_ms = 24LL * 3600 * 1000;
constexpr int folder_depth_max = 8;

// What tells one state of a file from another without reading it.
using Stamp = std::tuple<ino_t, off_t, std::int64_t, std::int64_t>;

struct Known {
    Stamp stamp;
    bool done = false;
};

struct Counters {
    std::uint64_t reports = 0;
    std::uint64_t events = 0;
    std::uint64_t refused = 0;
    std::uint64_t repeated = 0;
    std::uint64_t waiting = 0;
    auto operator<=>(const Counters&) const = default;
};

// Polls rather than listens: export folders are often network shares, where inotify is silent. Only reads; moves and
// deletes nothing.
class Watcher {
public:
    Watcher(std::filesystem::path folder, const Host& host, Pipeline& pipeline)
        : folder_{std::move(folder)}, host_{host}, pipeline_{pipeline} {}

    void round() {
        const std::int64_t now_ms = clock::monotonic_ms();
        std::map<std::string, Known> found;
        std::vector<std::string> ready;
        look(found, ready);
        known_ = std::move(found);
        counters_.waiting = 0;
        std::ranges::sort(ready);
        for (const std::string& path : ready) {
            if (now_ms < retry_at_ms_) {
                ++counters_.waiting;
            } else {
                known_[path].done = handle(path);
            }
        }
        tell(now_ms);
    }

private:
    void look(std::map<std::string, Known>& found, std::vector<std::string>& ready) {
        namespace fs = std::filesystem;
        std::error_code error;
        std::size_t entries = 0;
        fs::recursive_directory_iterator at{folder_, fs::directory_options::skip_permission_denied, error};
        for (; !error && at != fs::recursive_directory_iterator{}; at.increment(error)) {
            if (at.depth() >= folder_depth_max) at.disable_recursion_pending();
            if (++entries > limits::watch_files_max) {
                log::warn("watch: too many entries, the rest waits", {{"entries_max", limits::watch_files_max}});
                break;
            }
            struct stat status {};
            if (::lstat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
            const Stamp stamp{status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
            const std::string path = at->path().string();
            const auto before = known_.find(path);
            const bool same = before != known_.end() && before->second.stamp == stamp;
            const bool done = same && before->second.done;
            found.emplace(path, Known{stamp, done});
            if (same && !done) ready.push_back(path);
        }
        if (error) log::warn("watch: folder cannot be read", {{"error", error.message()}});
    }

    // True when the file needs no further look.
    bool handle(const std::string& path) {
        const auto bytes = files::read_all(path, limits::object_bytes_max);
        if (!bytes && bytes.error().code == Errc::not_found) return true;
        if (!bytes && bytes.error().code != Errc::too_large) {
            log::warn("watch: a file cannot be read");
            return false;
        }
        if (!bytes) return refuse("", "larger than 16 MiB");
        const std::string file = host_.pseudonyms.named("file", to_hex(sha256(as_bytes(*bytes))));
        if (pipeline_.file_done(file)) {
            ++counters_.repeated;
            return true;
        }
        const auto report = parse_dose_report_file(as_bytes(*bytes), {host_.pseudonyms, host_.site, host_.zone});
        if (!report) {
            pipeline_.remember_file(file);
            return refuse(file, report.error().message);
        }
        const auto counted = pipeline_.report(*report, "");
        if (!counted && (counted.error().code == Errc::unavailable || counted.error().code == Errc::io))
            return wait(counted.error());
        pipeline_.remember_file(file);
        if (!counted) return refuse(file, counted.error().message);
        retry_ms_ = retry_first_ms;
        ++counters_.reports;
        counters_.events += counted->new_events;
        return true;
    }

    bool refuse(std::string_view file, const std::string& why) {
        ++counters_.refused;
        log::warn("refused", {{"file_h", file.substr(0, 12)}, {"reason", why}});
        return true;
    }

    bool wait(const Error& error) {
        ++counters_.waiting;
        retry_at_ms_ = clock::monotonic_ms() + retry_ms_;
        log::warn("waiting for the intake", {{"retry_ms", retry_ms_}, {"reason", error.message}});
        retry_ms_ = std::min(retry_ms_ * 2, retry_max_ms);
        return false;
    }

    void tell(std::int64_t now_ms) {
        if (now_ms - evicted_at_ms_ >= evict_period_ms) {
            pipeline_.evict();
            evicted_at_ms_ = now_ms;
        }
        const bool first_work = counters_ != told_ && told_ == Counters{};
        if (counters_ == told_ || (!first_work && now_ms - told_at_ms_ < progress_period_ms)) return;
        log::info("progress", {{"reports", counters_.reports},
                               {"events", counters_.events},
                               {"repeated", counters_.repeated},
                               {"refused", counters_.refused},
                               {"waiting", counters_.waiting}});
        told_ = counters_;
        told_at_ms_ = now_ms;
    }

    std::filesystem::path folder_;
    const Host& host_;
    Pipeline& pipeline_;
    std::map<std::string, Known> known_;
    Counters counters_;
    Counters told_;
    std::int64_t told_at_ms_ = 0;
    std::int64_t evicted_at_ms_ = -evict_period_ms;
    std::int64_t retry_ms_ = retry_first_ms;
    std::int64_t retry_at_ms_ = 0;
};

}  // namespace

int run_watch(const Options& options, const Host& host, std::stop_token stop) {
    if (!std::filesystem::is_directory(options.operands.front())) {
        log::error("watch: not a folder");
        return exit_codes::io;
    }
    auto intakes = open_intakes(options.intake, options.routes);
    if (!intakes) {
        log::error(intakes.error().message);
        return exit_codes::config;
    }
    const auto lock = files::lock(options.state / "lock");
    if (!lock) {
        log::error("state folder is in use by another gantry-dicom");
        return exit_codes::unavailable;
    }
    Pipeline pipeline{StateStore{options.state / "dicom.db"}, host.pseudonyms, (*intakes)->chooser(), clock::utc_ms};
    Watcher watcher{options.operands.front(), host, pipeline};
    log::info("watching", {{"period_ms", std::int64_t{limits::watch_period.count()}},
                           {"zone", options.tz.empty() ? "none" : options.tz.c_str()}});
    notify_systemd("READY=1");
    std::mutex mutex;
    std::condition_variable_any changed;
    while (!stop.stop_requested()) {
        watcher.round();
        std::unique_lock guard{mutex};
        changed.wait_for(guard, stop, limits::watch_period, [] { return false; });
    }
    log::info("stopped");
    return exit_codes::ok;
}

}  // namespace gantry::dicom
