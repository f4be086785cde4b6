#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>

#include "agent/audit/commands.hpp"
#include "agent/audit/domain/limits.hpp"
#include "agent/audit/domain/pattern.hpp"
#include "agent/audit/intake_link.hpp"
#include "agent/audit/log_tail.hpp"
#include "agent/audit/pattern_file.hpp"
#include "common/io/clock.hpp"
#include "common/io/log.hpp"
#include "common/io/notify.hpp"

namespace gantry::audit {
namespace asio = boost::asio;
namespace {

constexpr std::int64_t progress_period_ms = 60'000;
// Lines looked at before the position is saved, when nothing in them is an event.
constexpr std::size_t lines_together_max = 100'000;

struct Followed {
    LogTail tail;
    LineReader reader;
    std::optional<LogPosition> saved;
};

class Follower {
public:
    Follower(asio::io_context& context, const Options& options, const Host& host,
             std::shared_ptr<const PatternFile> patterns)
        : options_{options},
          host_{host},
          state_{options.state / "audit.db"},
          link_{context.get_executor(), options.intake},
          signals_{context, SIGTERM, SIGINT, SIGHUP},
          period_{context},
          deadline_{context} {
        use(std::move(patterns));
        for (const std::string& file : options.operands) {
            const auto saved = state_.position(file);
            const auto begin = options.from_end ? LogTail::Begin::end : LogTail::Begin::start;
            files_.push_back({LogTail{file, host.pseudonyms, saved, begin},
                              LineReader{patterns_, host.schema, zone_, saved ? saved->last_at_ms : std::nullopt},
                              saved});
        }
        await_signal();
        asio::co_spawn(context, run(), [this](std::exception_ptr failure) {
            signals_.cancel();
            deadline_.cancel();
            if (failure) std::rethrow_exception(failure);
        });
    }

    void tell_progress() {
        LineCounters lines;
        LogTail::Counters logs;
        for (const Followed& file : files_) {
            add(lines, file.reader.counters());
            const LogTail::Counters log = file.tail.counters();
            logs.rotations += log.rotations;
            logs.lost_track += log.lost_track;
            logs.compressed += log.compressed;
            logs.too_long += log.too_long;
            logs.unreadable += log.unreadable;
        }
        add(lines, before_reload_);
        if (lines.lines == lines_told_) return;
        lines_told_ = lines.lines;
        log::info("progress", {{"lines", lines.lines},
                               {"events", lines.events},
                               {"unmatched", lines.unmatched},
                               {"suppressed", lines.suppressed},
                               {"out_of_range", lines.out_of_range},
                               {"bad_time", lines.bad_time},
                               {"repaired", lines.repaired},
                               {"too_long", logs.too_long},
                               {"rotations", logs.rotations},
                               {"lost_track", logs.lost_track},
                               {"compressed", logs.compressed},
                               {"unreadable", logs.unreadable},
                               {"refused", refused_}});
    }

private:
    static void add(LineCounters& sum, const LineCounters& more) {
        sum.lines += more.lines;
        sum.events += more.events;
        sum.unmatched += more.unmatched;
        sum.suppressed += more.suppressed;
        sum.out_of_range += more.out_of_range;
        sum.bad_time += more.bad_time;
        sum.repaired += more.repaired;
    }

    void use(std::shared_ptr<const PatternFile> patterns) {
        patterns_ = std::move(patterns);
        zone_ = zone_for(*patterns_, host_);
        if (!zone_.is_set() && !patterns_->times_carry_offset())
            log::warn("times without an offset are taken as UTC: give --tz or log.zone");
    }

    void await_signal() {
        signals_.async_wait([this](boost::system::error_code error, int number) {
            if (error) return;
            if (number == SIGHUP) {
                reload();
                return await_signal();
            }
            log::info("stopping");
            notify_systemd("STOPPING=1");
            stopping_ = true;
            period_.cancel();
            deadline_.expires_after(limits::drain_timeout);
            deadline_.async_wait([this](boost::system::error_code cancelled) {
                if (!cancelled) link_.give_up();
            });
        });
    }

    void reload() {
        auto patterns = read_patterns(options_.patterns, host_.schema);
        if (!patterns) {
            log::error("SIGHUP: the patterns stay as they were", {{"reason", patterns.error().message}});
        } else {
            use(std::move(*patterns));
            fresh_patterns_ = true;  // taken between two lines, by run()
        }
        for (Followed& file : files_) file.tail.reopen();
        period_.cancel();
        log::info("SIGHUP: patterns were read again and logs are looked for anew; other settings need a restart");
    }

    void take_fresh_patterns() {
        if (!std::exchange(fresh_patterns_, false)) return;
        for (Followed& file : files_) {
            add(before_reload_, file.reader.counters());
            file.reader = LineReader{patterns_, host_.schema, zone_, file.reader.last_at_ms()};
        }
    }

    asio::awaitable<void> run() {
        while (!stopping_) {
            bool more = false;
            take_fresh_patterns();
            for (Followed& file : files_) {
                file.tail.look(clock::monotonic_ms());
                const bool some = co_await follow(file);
                more = more || some;
            }
            if (const std::int64_t now_ms = clock::monotonic_ms(); now_ms >= progress_at_ms_) {
                progress_at_ms_ = now_ms + progress_period_ms;
                tell_progress();
            }
            if (more || stopping_) continue;
            boost::system::error_code ignored;
            period_.expires_after(limits::tail_period);
            co_await period_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
    }

    // Delivers the next events of a log, then saves how far it got. True when there may be more at once.
    asio::awaitable<bool> follow(Followed& file) {
        std::vector<std::string> events;
        std::size_t lines = 0;
        const std::int64_t now_ms = clock::utc_ms();
        while (events.size() < limits::batch_events_max && lines < lines_together_max) {
            const auto line = file.tail.next_line();
            if (!line) break;
            ++lines;
            if (const auto event = file.reader.read(*line, now_ms)) events.push_back(intake_line("log", *event));
        }
        if (lines == 0) co_return false;
        auto position = file.tail.position();
        if (position) position->last_at_ms = file.reader.last_at_ms();
        if (!events.empty()) {
            const std::vector<Verdict> verdicts = co_await link_.deliver(std::move(events));
            for (const Verdict verdict : verdicts) {
                if (verdict == Verdict::unanswered) co_return false;  // at the end: the next run sends it again
                refused_ += verdict == Verdict::refused ? 1U : 0U;
            }
        }
        if (position && position != file.saved) {
            state_.save_position(file.tail.path().string(), *position);
            file.saved = position;
        }
        co_return true;
    }

    const Options& options_;
    const Host& host_;
    StateStore state_;
    IntakeLink link_;
    std::shared_ptr<const PatternFile> patterns_;
    Zone zone_;
    std::list<Followed> files_;
    asio::signal_set signals_;
    asio::steady_timer period_;
    asio::steady_timer deadline_;
    LineCounters before_reload_;
    std::uint64_t lines_told_ = 0;
    std::uint64_t refused_ = 0;
    std::int64_t progress_at_ms_ = clock::monotonic_ms() + progress_period_ms;
    bool stopping_ = false;
    bool fresh_patterns_ = false;
};

}  // namespace

int run_tail(const Options& options, const Host& host) {
    auto patterns = read_patterns(options.patterns, host.schema);
    if (!patterns) {
        log::error(patterns.error().message);
        return exit_codes::config;
    }
    asio::io_context context{1};
    const auto rules = (*patterns)->rules().size();
    Follower follower{context, options, host, std::move(*patterns)};
    log::info("following", {{"files", options.operands.size()},
                            {"rules", rules},
                            {"zone", options.tz.empty() ? "none" : options.tz.c_str()}});
    notify_systemd("READY=1");
    context.run();
    follower.tell_progress();
    log::info("stopped");
    return exit_codes::ok;
}

}  // namespace gantry::audit
