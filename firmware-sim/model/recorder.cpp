#include "firmware-sim/model/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "firmware-sim/model/calendar.hpp"
#include "firmware-sim/model/prng.hpp"

namespace gantry::sim {
namespace {

enum : std::uint64_t { stream_tube = 21 };

// About 250 mA on average turns old scan time into old mAs, two rotations a second into rotations.
constexpr std::int64_t mas_milli_per_ms = 250;
constexpr std::int64_t ms_per_rotation = 500;
// One exam in the past stood for about 15 s of scanning; an arc for an hour of it.
constexpr std::int64_t ms_per_exam = 15'000;
constexpr std::int64_t ms_per_arc = 3'600'000;

constexpr std::int64_t rollback_ms = 40'000'000;

}  // namespace

std::string tube_serial(const FleetOptions& options, std::uint32_t device, int tube, int generation) {
    const std::uint64_t key = mix(options.seed, device, stream_tube,
                                  static_cast<std::uint64_t>(tube) << 32 | static_cast<std::uint32_t>(generation));
    return fmt::format("T{}{:07}", tube == 0 ? 'A' : 'B', key % 10'000'000);
}

Recorder::Recorder(const FleetOptions& options, const Profile& profile, RecorderPlan plan)
    : options_{options}, device_{profile.index}, plan_{std::move(plan)}, used_(plan_.wrongs_by_use.size()) {
    for (int i = 0; i < profile.sources; ++i) {
        // The second tube of a dual-source scanner runs in few protocols.
        const std::int64_t used = i == 0 ? plan_.first_scan_ms : plan_.first_scan_ms / 8;
        tubes_[static_cast<std::size_t>(i)] = {tube_serial(options, device_, i, 0),
                                               used,
                                               used * mas_milli_per_ms,
                                               used / ms_per_exam,
                                               used / ms_per_rotation,
                                               used / ms_per_arc};
    }
}

void Recorder::count(const Exposure& shot, std::int64_t at_ms, const Habits& habits) {
    for (int i = 0; i < shot.sources; ++i) {
        auto& tube = tubes_[static_cast<std::size_t>(i)];
        const auto& source = shot.source[static_cast<std::size_t>(i)];
        tube.scan_ms += shot.duration_ms;
        tube.mas_milli += source.ma_mean_ua * shot.duration_ms / 1'000;  // µA ms = 10^-6 mAs
        if (source.rot_ms > 0) tube.rotations += shot.duration_ms / source.rot_ms;
        if (tube.scan_ms / ms_per_arc != (tube.scan_ms - shot.duration_ms) / ms_per_arc) ++tube.arcs;
        if (const HabitSpan* more = habits.at(Habit::arcs, at_ms)) tube.arcs += more->value;
    }
}

void Recorder::fill(Counter& counter, std::int64_t at_ms, Habits& habits) {
    auto& tube = tubes_[static_cast<std::size_t>(counter.tube)];
    if (counter.tube == 0 && habits.spend(Habit::counter_back, at_ms)) {
        // A used tube always shows more than this; a new one falls to zero.
        tube.scan_ms = std::max<std::int64_t>(0, tube.scan_ms - rollback_ms);
        tube.mas_milli = std::max<std::int64_t>(0, tube.mas_milli - rollback_ms * mas_milli_per_ms);
        noted_.push_back({Rule::V50, at_ms - hour_ms, at_ms, {}, device_});
    }
    counter.serial = tube.serial;
    counter.scan_ms = tube.scan_ms;
    counter.mas = tube.mas_milli / 1'000;
    counter.exams = tube.exams;
    counter.rotations = tube.rotations;
    counter.arcs = tube.arcs;
}

// A tube that has more than 85 % of its rated life behind it is one to warn of, until another is in its place.
void Recorder::watch_wear(const Counter& counter, std::int64_t at_ms) {
    std::size_t& worn = worn_[static_cast<std::size_t>(counter.tube)];
    const bool is_worn = counter.scan_ms * 1'000 > plan_.tube_rated_scan_ms * 850;
    if (is_worn && worn == 0) {
        noted_.push_back({Rule::W01, at_ms, at_ms, {}, device_});
        worn = noted_.size();
    }
    if (worn == 0) return;
    noted_[worn - 1].to_ms = at_ms;
    if (!is_worn) worn = 0;
}

std::vector<Violation> Recorder::noted() const {
    std::vector<Violation> out = noted_;
    for (std::size_t i = 0; i < used_.size(); ++i) {
        if (used_[i].to_ms == 0) continue;
        out.push_back(plan_.wrongs_by_use[i]);
        out.back().from_ms = used_[i].from_ms;
        out.back().to_ms = used_[i].to_ms;
    }
    return out;
}

namespace {

bool of_patient(const What& what) {
    if (const auto* started = std::get_if<ExamStarted>(&what)) return started->purpose == Purpose::patient;
    if (const auto* shot = std::get_if<Exposure>(&what)) return shot->purpose == Purpose::patient;
    if (const auto* ended = std::get_if<ExamEnded>(&what)) return ended->group != Group::calibration;
    if (const auto* dose = std::get_if<DoseSummary>(&what)) return dose->group != Group::calibration;
    return false;
}

}  // namespace

// Patients' scans in the planted window of dark scans leave their mark on the counters only.
bool Recorder::tell_use(const SimEvent& event, const Habits& habits) {
    const auto* shot = std::get_if<Exposure>(&event.what);
    if (shot) count(*shot, event.true_ms, habits);
    if (std::holds_alternative<ExamEnded>(event.what)) ++tubes_[0].exams;
    if (!of_patient(event.what)) return true;
    const bool dark = habits.at(Habit::dark, event.true_ms) != nullptr;
    if (!shot) return !dark;
    const std::int64_t end_ms = event.true_ms + shot->duration_ms;
    for (std::size_t i = 0; i < used_.size(); ++i) {
        const Violation& wrong = plan_.wrongs_by_use[i];
        if (event.true_ms < wrong.from_ms || event.true_ms >= wrong.to_ms) continue;
        if (used_[i].to_ms == 0) used_[i].from_ms = event.true_ms;
        used_[i].to_ms = std::max(used_[i].to_ms, end_ms);
    }
    return !dark;
}

bool Recorder::tell(SimEvent& event, Habits& habits) {
    if (std::holds_alternative<Declared>(event.what)) return true;  // People's clocks and voices are their own.
    if (const auto* part = std::get_if<PartReplaced>(&event.what); part && part->tube >= 0)
        tubes_[static_cast<std::size_t>(part->tube)] = Tube{.serial = part->new_serial};
    if (const auto* swapped = std::get_if<TubeSwapped>(&event.what)) {
        tubes_[static_cast<std::size_t>(swapped->tube)].serial = swapped->serial;
        return false;
    }
    if (auto* counter = std::get_if<Counter>(&event.what)) fill(*counter, event.true_ms, habits);
    const bool use = event.what.index() <= 3;  // ExamStarted, Exposure, ExamEnded, DoseSummary
    static_assert(std::is_same_v<std::variant_alternative_t<3, What>, DoseSummary>);
    if (use && !tell_use(event, habits)) return false;
    if (habits.at(Habit::silent, event.true_ms)) return false;
    if (const auto* counter = std::get_if<Counter>(&event.what)) watch_wear(*counter, event.true_ms);
    // What the agent itself says carries no time of the device.
    const bool of_agent = std::holds_alternative<Coverage>(event.what) ||
                          std::holds_alternative<ClockStepped>(event.what) ||
                          std::holds_alternative<GapDeclared>(event.what);
    if (const HabitSpan* back = habits.at(Habit::clock_back, event.true_ms); back && !of_agent)
        event.at_ms -= back->value;
    return true;
}

}  // namespace gantry::sim
