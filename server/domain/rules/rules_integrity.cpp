#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "server/domain/hour_cell.hpp"
#include "server/domain/rules/run.hpp"

// V46 to V52: whether the evidence itself can be trusted.
namespace gantry::rules {
namespace {

// Whether all of the hour is within opening hours; false when none are declared or local time is not known.
bool open_all_hour(const Run& run, std::int64_t hour_ms) {
    if (!local_known(run.device(), hour_ms)) return false;
    const std::int64_t local = local_ms(run.device(), hour_ms);
    const std::int64_t minute = (local - day_of(local)) / ms_per_minute;
    return std::ranges::any_of(run.papers().hours, [&](const paper::OpeningHours& hours) {
        return hours.from_ms <= hour_ms && hour_ms + ms_per_hour <= hours.to_ms && hours.from_minute <= minute &&
               minute + 60 <= hours.to_minute && (hours.weekdays >> weekday_of(local) & 1) != 0;
    });
}

// When the device was switched off, by power.off and power.on.
Spans powered_off(const Run& run) {
    Spans out;
    for (const Signal& signal : run.signals("power.off")) {
        const auto& on = run.signals("power.on");
        const auto next = std::ranges::upper_bound(on, signal.at_ms, {}, &Signal::at_ms);
        out.push_back({signal.at_ms, next == on.end() ? forever_ms : next->at_ms});
    }
    return merged(std::move(out));
}

class Silence {
public:
    explicit Silence(Run& run)
        : run_{run},
          used_{clipped(spans_in(run.device(), {State::in_use}), run.lived())},
          off_{powered_off(run)},
          long_ms_{run.number("long_hours") * ms_per_hour} {}

    void judge() {
        ongoing();
        std::int64_t watched_to = -1;
        for (const UseHour& hour : run_.device().hours) {
            if (hour.covered_minutes == 0 && watched_to < 0) continue;
            if (watched_to >= 0 && hour.hour_ms - watched_to > 0) between({watched_to, hour.hour_ms});
            if (hour.covered_minutes < 60 - run_.number("open_minutes")) part(hour.hour_ms, hour.covered_minutes);
            watched_to = hour.hour_ms + ms_per_hour;
        }
        for (auto& [key, found] : days_) run_.add(std::move(found));
    }

private:
    void report(Span silent) {
        const std::int64_t length = std::min(silent.to_ms, run_.now_ms()) - silent.from_ms;
        Found found =
            run_.found("since:" + iso_day(silent.from_ms), silent.from_ms, silent.to_ms,
                       fmt::format("{} h", length / ms_per_hour), fmt::format("{} h", long_ms_ / ms_per_hour));
        if (length >= run_.number("high_hours") * ms_per_hour) found.severity = Severity::high;
        run_.add(std::move(found));
    }

    void ongoing() {
        const std::int64_t seen = run_.device().last_seen_ms;
        if (seen == 0 || !run_.covers(run_.now_ms()) || run_.device().fold.powered_off ||
            state_at(run_.device(), run_.now_ms()) != State::in_use)
            return;
        const std::int64_t from = std::max(seen, used_.empty() ? seen : used_.back().from_ms);
        run_.due_at(from + long_ms_ + 1);
        run_.due_at(from + run_.number("high_hours") * ms_per_hour);
        if (run_.now_ms() - from > long_ms_) report({from, forever_ms});
    }

    void between(Span silent) {
        for (const Span& span : clipped(used_, silent)) {
            if (holds(off_, span.to_ms - 1)) continue;
            if (span.to_ms - span.from_ms > long_ms_) {
                report(span);
                continue;
            }
            for (std::int64_t hour = hour_of(span.from_ms); hour < span.to_ms; hour += ms_per_hour) part(hour, 0);
        }
    }

    // What an agent tells of an hour comes after it: the last two hours are not judged yet.
    void part(std::int64_t hour_ms, std::int64_t covered_minutes) {
        if (hour_ms + 3 * ms_per_hour > run_.now_ms() || !holds(used_, hour_ms) ||
            !holds(used_, hour_ms + ms_per_hour - 1) || holds(off_, hour_ms + ms_per_hour - 1) ||
            holds(off_, hour_ms) || !open_all_hour(run_, hour_ms))
            return;
        if (60 - covered_minutes <= run_.number("open_minutes")) return;
        const std::string key = "open@" + iso_day(hour_ms);
        auto [place, fresh] = days_.try_emplace(
            key, run_.found(key, hour_ms, hour_ms + ms_per_hour, fmt::format("{} min of an hour", 60 - covered_minutes),
                            fmt::format("{} min", run_.number("open_minutes"))));
        place->second.to_ms = hour_ms + ms_per_hour;
        if (!fresh) ++place->second.count;
    }

    Run& run_;
    Spans used_, off_;
    std::int64_t long_ms_;
    std::map<std::string, Found> days_;
};

// V46. Takes last_seen, the hours that were watched, IN_USE, power.on and power.off, opening hours and local time. A
// silence is longer than `long_hours`; within opening hours, an hour watched for less than 60 - `open_minutes` minutes,
// consecutive or not. Before the first hour that was ever watched, and while switched off, nothing is judged; nor is it
// within opening hours while they or local time are unknown.
void silence(Run& run) { Silence{run}.judge(); }

// V47. Takes audit moments 110133 (Audit Recording Stopped). That an agent was stopped is not told apart from a
// silence: see V46. One finding a day.
void audit_stopped(Run& run) {
    std::map<std::string, std::pair<Found, Leaves>> days;
    for (const Signal& signal : run.signals("audit")) {
        if (signal.number("code") != 110133 || !run.covers(signal.at_ms)) continue;
        const std::string key = iso_day(signal.at_ms);
        auto [place, fresh] = days.try_emplace(
            key, run.found(key, signal.at_ms, signal.at_ms, "audit recording stopped", "recording all the time"),
            Leaves{});
        if (!fresh) ++place->second.first.count;
        place->second.first.to_ms = signal.at_ms;
        place->second.second.add(signal.leaf);
    }
    for (auto& [key, entry] : days) {
        entry.first.leaves = entry.second.take();
        run.add(std::move(entry.first));
    }
}

// V48. Takes the case's sequence gaps and gap_declared moments, which an agent never fills. A gap may be filled up to
// and including `within_days`; a broken chain is found at once.
void gap_or_broken_chain(Run& run) {
    const auto judge_gap = [&](std::int64_t at_ms, std::uint64_t leaf, std::int64_t missing, bool broken,
                               std::int64_t filled_ms) {
        if (!run.covers(at_ms)) return;
        const std::int64_t due = at_ms + run.days_ms("within_days");
        if (!broken) run.due_at(due + 1);
        if (!broken && (filled_ms <= due || run.now_ms() <= due)) return;
        Found found =
            run.found(fmt::format("{}:{}", broken ? "chain" : "gap", leaf), at_ms, filled_ms,
                      broken ? "prev_hash differs" : fmt::format("{} records missing", missing),
                      broken ? "an unbroken chain" : fmt::format("filled in {} d", run.number("within_days")));
        found.leaves = {leaf};
        run.add(std::move(found));
    };
    for (const SequenceGap& gap : run.device().gaps)
        judge_gap(gap.at_ms, gap.leaf, gap.missing, gap.broken, gap.filled_ms.value_or(forever_ms));
    for (const Signal& signal : run.signals("gap_declared"))
        judge_gap(signal.at_ms, signal.leaf, signal.number("count").value_or(1), false, forever_ms);
}

// V49. Takes `clock` moments: the step that set the clock right is how wrong it was. Exactly the limit is right. Back
// by more than `back_s` is wrong whatever the limit. Above `high_s` it is high.
void clock_wrong(Run& run) {
    for (const Signal& signal : run.signals("clock")) {
        const auto step = signal.number("step_ms");
        if (!step || !run.covers(signal.at_ms)) continue;
        const std::int64_t off = std::abs(*step);
        const bool back = -*step > run.number("back_s") * 1'000;
        if (off <= run.number("limit_s") * 1'000 && !back) continue;
        Found found = run.found(fmt::format("step:{}", signal.leaf), signal.at_ms, signal.at_ms,
                                fmt::format("{:.1f} s", static_cast<double>(*step) / 1'000),
                                fmt::format("{} s", back ? -run.number("back_s") : run.number("limit_s")));
        if (off > run.number("high_s") * 1'000) found.severity = Severity::high;
        found.leaves = {signal.leaf};
        run.add(std::move(found));
    }
}

// V50. Takes `counter` moments of one tube, by its serial where it is told on both. Equal is no decrease. Without a
// serial on either, a fallen counter is V32. A figure that is not told is compared with the last one that was. A device
// whose clock went back tells a later figure under an earlier time: only what also came later is a decrease.
void counter_rollback(Run& run) {
    run.known_from(run.device().frequent_from_ms);
    struct Last {
        std::int64_t value;
        std::uint64_t leaf;
    };
    std::map<std::string, Last> before;
    for (const Signal& signal : run.signals("counter")) {
        const std::string serial = signal.text("tube_serial");
        if (serial.empty()) continue;
        for (const char* what : {"scan_ms", "mas", "exams"}) {
            const auto value = signal.number(what);
            if (!value) continue;
            auto [place, fresh] = before.try_emplace(fmt::format("{}/{}", serial, what), Last{*value, signal.leaf});
            Last& last = place->second;
            if (!fresh && *value < last.value && signal.leaf > last.leaf && run.covers(signal.at_ms)) {
                Found found = run.found(fmt::format("{}:{}:{}", serial, what, signal.leaf), signal.at_ms, signal.at_ms,
                                        fmt::format("{} {}", what, *value), fmt::format("{} {}", what, last.value));
                found.leaves = {last.leaf, signal.leaf};
                run.add(std::move(found));
            }
            last = {*value, signal.leaf};
        }
    }
}

// V51. Takes the fold's identity alarm (two agents with one key, or one that came back behind itself) and the fleet's
// same_serial for the device's own serial. The former owner's entry (predecessor) is no clone; nor is a device clone of
// another when itself is gone for good.
void identity_clone(Run& run) {
    const DeviceCase& device = run.device();
    if (!run.covers(device.now_ms)) return;
    if (device.fold.identity_alarm)
        run.add(run.found("key", device.registered_ms, forever_ms, "one key at two places", "one place"));
    const State state = device.states.empty() ? State::none : device.states.back().state;
    if (std::ranges::find(gone, state) != gone.end()) return;
    const std::string& serial =
        device.papers.sheet.serial.empty() ? device.fold.identity.serial : device.papers.sheet.serial;
    const auto same = device.same_serial.find(serial);
    if (serial.empty() || same == device.same_serial.end()) return;
    for (const std::string& other : same->second) {
        if (other == device.device || other == device.papers.sheet.predecessor) continue;
        run.add(run.found("serial:" + other, device.registered_ms, forever_ms, serial + " also at " + other,
                          "one device a serial"));
    }
}

// V52. Takes declared counts of periods that are over, and the hours. More seen than declared is always judged; fewer
// only when `covered_permille` of the period was watched. The difference must be above both limits, relative to what is
// declared. Counts of another device are left out. Hospitals count patients, the hours count examinations of test
// objects too: of those there are no more than exposures of test objects, and within that margin nothing is judged.
void declared_not_observed(Run& run) {
    for (const paper::DeclaredCount& count : run.papers().counts) {
        if (count.device != run.device().device || count.to_ms <= count.from_ms || !run.covers(count.from_ms)) continue;
        run.due_at(count.to_ms);
        if (run.now_ms() < count.to_ms) continue;
        std::int64_t seen = 0, tests = 0, covered = 0;
        const auto& hours = run.device().hours;
        auto hour = std::ranges::lower_bound(hours, count.from_ms, {}, &UseHour::hour_ms);
        for (; hour != hours.end() && hour->hour_ms < count.to_ms; ++hour) {
            seen += hour->exams;
            tests += std::min(hour->exposures - hour->patient_exposures, hour->exams);
            covered += hour->covered_minutes;
        }
        const std::int64_t minutes = (count.to_ms - count.from_ms) / ms_per_minute;
        const bool watched = covered * 1'000 >= minutes * run.number("covered_permille");
        const std::int64_t off = std::max(seen - tests - count.exams, count.exams - seen);
        if (seen < count.exams && !watched) continue;
        if (off <= run.number("exams") || off * 1'000 <= count.exams * run.number("permille")) continue;
        Found found = run.found("count:" + count.id, count.from_ms, count.to_ms, fmt::format("{} exams seen", seen),
                                fmt::format("{} exams declared", count.exams));
        found.suspected = true;
        found.leaves = {count.leaf};
        run.add(std::move(found));
    }
}

const std::vector<RuleFunction> functions = {
    {"silence", {number("open_minutes", 1, 59), number("long_hours", 1, 720), number("high_hours", 1, 720)}, silence},
    {"audit_stopped", {}, audit_stopped},
    {"gap_or_broken_chain", {days("within_days", 366)}, gap_or_broken_chain},
    {"clock_wrong",
     {number("limit_s", 1, 86'400), number("high_s", 1, 86'400), number("back_s", 1, 86'400)},
     clock_wrong},
    {"counter_rollback", {}, counter_rollback},
    {"identity_clone", {}, identity_clone},
    {"declared_not_observed",
     {number("permille", 0, 1'000), number("exams", 0, 100'000), number("covered_permille", 0, 1'000)},
     declared_not_observed},
};

}  // namespace

std::span<const RuleFunction> integrity_functions() { return functions; }

}  // namespace gantry::rules
