#include "firmware-sim/emit/driver.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <memory>
#include <thread>

#include "firmware-sim/emit/declarations.hpp"
#include "firmware-sim/emit/dicom_sink.hpp"
#include "firmware-sim/emit/file_sink.hpp"
#include "firmware-sim/emit/intake_sink.hpp"
#include "firmware-sim/emit/keys.hpp"
#include "firmware-sim/emit/mqtt_sink.hpp"
#include "firmware-sim/model/calendar.hpp"
#include "firmware-sim/model/fleet.hpp"

namespace gantry::sim {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::atomic<bool> stop_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// The model is asked for so much life at a time: an hour of a thousand scanners is about 20,000 events, 6 MB.
constexpr std::int64_t slice_ms = hour_ms;
constexpr std::int64_t live_slice_ms = second_ms / 4;

std::int64_t wall_ms() {
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

milliseconds seconds(double value) { return milliseconds{static_cast<std::int64_t>(value * 1'000)}; }

std::unique_ptr<Sink> make_sink(const RunOptions& run, const Fleet& fleet) {
    switch (run.route) {
        case Route::file:
            return std::make_unique<FileSink>(fleet, run.target);
        case Route::intake:
            return std::make_unique<IntakeSink>(fleet, run.target, seconds(run.connect_timeout_s));
        case Route::dicom:
            return make_dicom_sink(fleet, run);
        case Route::mqtt:
            return make_mqtt_sink(fleet, run);
    }
    return nullptr;
}

std::unique_ptr<Declarations> make_declarations(const RunOptions& run, const Fleet& fleet) {
    if (!run.declare_url.empty()) return declarations_to_http(fleet, run.declare_url, seconds(run.connect_timeout_s));
    if (!run.declarations_file.empty()) return declarations_to_file(fleet, run.declarations_file);
    return nullptr;
}

void write_file(const std::string& path, std::string_view text) {
    if (path.empty()) return;
    OutFile file{path};
    if (!text.empty()) file.line(text.ends_with('\n') ? text.substr(0, text.size() - 1) : text);
    file.close();
}

std::string register_lines(const Fleet& fleet, bool with_key) {
    std::string lines;
    for (std::uint32_t i = 0; i < fleet.size(); ++i)
        lines += register_line(fleet.options(), fleet.profile(i), with_key) + "\n";
    return lines;
}

/// Holds the stream back to the asked number of events a second; waiting time goes to the network.
class RatePacer {
public:
    RatePacer(double rate_per_s, Sink& sink) : rate_per_s_{rate_per_s}, sink_{sink} {}
    void next() {
        if (rate_per_s_ <= 0) return;
        const double due_s = static_cast<double>(count_++) / rate_per_s_;
        while (!stop_requested()) {
            const double ahead_s = due_s - std::chrono::duration<double>(Clock::now() - begun_).count();
            if (ahead_s <= 0) return;
            sink_.serve(milliseconds{std::clamp<std::int64_t>(static_cast<std::int64_t>(ahead_s * 1'000), 1, 50)});
        }
    }

private:
    double rate_per_s_;
    Sink& sink_;
    std::uint64_t count_ = 0;
    Clock::time_point begun_ = Clock::now();
};

class Run {
public:
    explicit Run(const RunOptions& run)
        : run_{run},
          fleet_{run.fleet},
          sink_{make_sink(run, fleet_)},
          declarations_{make_declarations(run, fleet_)},
          pacer_{run.rate_per_s, *sink_} {}

    int go() {
        write_file(run_.register_file, register_lines(fleet_, run_.route == Route::mqtt));
        replay();
        if (run_.live) follow_clock();
        const bool drained = sink_->drain(seconds(run_.drain_timeout_s));
        if (declarations_) declarations_->close();
        write_file(run_.truth_file, fleet_.truth());
        summary(drained);
        const Tally tally = sink_->tally();
        return drained && tally.errors == 0 ? 0 : exit_failed;
    }

private:
    void replay() {
        const std::int64_t now = wall_ms();
        const std::int64_t end = run_.live ? now : fleet_.end_ms();
        const std::int64_t paced_from = run_.speedup <= 0  ? end
                                        : run_.lead_ms > 0 ? std::max(end - run_.lead_ms, fleet_.start_ms())
                                                           : fleet_.start_ms();
        for (std::int64_t at = fleet_.start_ms(); at < paced_from && !stop_requested(); at += slice_ms)
            give(std::min(at + slice_ms, paced_from));
        pace(paced_from, end);
    }

    // Simulated time runs `speedup` times the clock until it reaches the end; live, the end itself moves on meanwhile.
    void pace(std::int64_t from_ms, std::int64_t end_ms) {
        const auto begun = Clock::now();
        for (std::int64_t at = from_ms; at < end_ms && !stop_requested();) {
            const double past_s = std::chrono::duration<double>(Clock::now() - begun).count();
            if (run_.live) end_ms = wall_ms();
            at = std::min(from_ms + static_cast<std::int64_t>(past_s * run_.speedup * 1'000), end_ms);
            give(at);
            sink_->serve(milliseconds{20});
            progress();
        }
    }

    void follow_clock() {
        while (!stop_requested()) {
            give(wall_ms());
            sink_->serve(milliseconds{live_slice_ms});
        }
    }

    void give(std::int64_t until_ms) {
        events_.clear();
        fleet_.advance(until_ms, run_.live, events_);
        for (auto& entry : events_) {
            if (stop_requested()) return;
            if (std::holds_alternative<Declared>(entry.event.what)) {
                if (declarations_) declarations_->take(entry.device, entry.event);
                continue;
            }
            pacer_.next();
            sink_->take(entry.device, entry.event);
            if ((++given_ & 1'023U) == 0) progress();
        }
    }

    void progress() {
        if (!terminal_ || Clock::now() - shown_ < milliseconds{500}) return;
        shown_ = Clock::now();
        const Tally tally = sink_->tally();
        fmt::print(stderr, "\rgantry-sim: {} sent, {} answered, {} errors", tally.sent, tally.answered, tally.errors);
    }

    void summary(bool drained) const {
        const Tally tally = sink_->tally();
        const double took_s = std::chrono::duration<double>(Clock::now() - begun_).count();
        const DeclarationTally declared = declarations_ ? declarations_->tally() : DeclarationTally{};
        if (terminal_) fmt::print(stderr, "\n");
        if (!drained)
            fmt::print(stderr, "gantry-sim: {} of {} unanswered\n", tally.sent - tally.answered - tally.errors,
                       tally.sent);
        if (run_.json) {
            std::string latency;
            if (tally.latency_p50_ms >= 0)
                latency = fmt::format(R"(,"intake_to_receipt_p50_ms":{:.3f},"intake_to_receipt_p99_ms":{:.3f})",
                                      tally.latency_p50_ms, tally.latency_p99_ms);
            fmt::print(
                R"({{"sent":{},"answered":{},"errors":{},"resent":{},"reconnects":{},"declared":{},"declarations_refused":{},)"
                R"("drained":{},"seconds":{:.3f}{}}})"
                "\n",
                tally.sent, tally.answered, tally.errors, tally.resent, tally.reconnects, declared.accepted,
                declared.refused, drained, took_s, latency);
        } else if (run_.target != "-") {
            fmt::print("{} sent, {} answered, {} errors, {} resent, {} declarations, {:.1f} s\n", tally.sent,
                       tally.answered, tally.errors, tally.resent, declared.accepted, took_s);
        }
    }

    const RunOptions& run_;
    Fleet fleet_;
    std::unique_ptr<Sink> sink_;
    std::unique_ptr<Declarations> declarations_;
    RatePacer pacer_;
    std::vector<FleetEvent> events_;
    std::uint64_t given_ = 0;
    bool terminal_ = isatty(STDERR_FILENO) == 1;
    Clock::time_point begun_ = Clock::now();
    Clock::time_point shown_ = begun_;
};

}  // namespace

bool stop_requested() noexcept { return stop_flag.load(std::memory_order_relaxed); }

void install_stop_signals() {
    const auto handler = [](int) { stop_flag.store(true, std::memory_order_relaxed); };
    std::signal(SIGINT, handler);
    std::signal(SIGTERM, handler);
    std::signal(SIGPIPE, SIG_IGN);
}

int run_fleet(const RunOptions& run) { return Run{run}.go(); }

int print_keys(const RunOptions& run) {
    fmt::print("{}", register_lines(Fleet{run.fleet}, true));
    return 0;
}

}  // namespace gantry::sim
