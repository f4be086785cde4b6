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

constexpr std::int64_t clock_step_back_ms = 3 * hour_ms;
constexpr std::int64_t rollback_ms = 40'000'000;

}  // namespace

std::string tube_serial(const FleetOptions& options, std::uint32_t device, int tube, int generation) {
    const std::uint64_t key = mix(options.seed, device, stream_tube,
                                  static_cast<std::uint64_t>(tube) << 32 | static_cast<std::uint32_t>(generation));
    return fmt::format("T{}{:07}", tube == 0 ? 'A' : 'B', key % 10'000'000);
}

Recorder::Recorder(const FleetOptions& options, const Profile& profile, const Plan& plan, std::int64_t initial_scan_ms)
    : options_{options}, device_{profile.index}, plan_{plan} {
    for (int i = 0; i < profile.sources; ++i) {
        // The second tube of a dual-source scanner runs in few protocols.
        const std::int64_t used = i == 0 ? initial_scan_ms : initial_scan_ms / 8;
        tubes_[static_cast<std::size_t>(i)] = {tube_serial(options, device_, i, 0),
                                               used,
                                               used * mas_milli_per_ms,
                                               used / ms_per_exam,
                                               used / ms_per_rotation,
                                               used / ms_per_arc};
    }
}

bool Recorder::inside(Rule rule, std::int64_t at_ms) const {
    return plan_.turn == Turn::violation && plan_.rule == rule && at_ms >= plan_.from_ms && at_ms < plan_.to_ms;
}

void Recorder::note(Rule rule, std::int64_t from_ms, std::int64_t to_ms) {
    if (planted_.empty()) {
        planted_.push_back({rule, from_ms, to_ms});
        return;
    }
    planted_.front().from_ms = std::min(planted_.front().from_ms, from_ms);
    planted_.front().to_ms = std::max(planted_.front().to_ms, to_ms);
}

void Recorder::count(const Exposure& shot) {
    for (int i = 0; i < shot.sources; ++i) {
        auto& tube = tubes_[static_cast<std::size_t>(i)];
        const auto& source = shot.source[static_cast<std::size_t>(i)];
        tube.scan_ms += shot.duration_ms;
        tube.mas_milli += source.ma_mean_ua * shot.duration_ms / 1'000;  // µA ms = 10^-6 mAs
        if (source.rot_ms > 0) tube.rotations += shot.duration_ms / source.rot_ms;
        if (tube.scan_ms / ms_per_arc != (tube.scan_ms - shot.duration_ms) / ms_per_arc) ++tube.arcs;
    }
}

void Recorder::fill(Counter& counter, std::int64_t at_ms) {
    auto& tube = tubes_[static_cast<std::size_t>(counter.tube)];
    if (inside(Rule::counter_rollback, at_ms) && !rolled_back_ && counter.tube == 0) {
        rolled_back_ = true;
        // A used tube always shows more than this; a new one falls to zero.
        tube.scan_ms = std::max<std::int64_t>(0, tube.scan_ms - rollback_ms);
        tube.mas_milli = std::max<std::int64_t>(0, tube.mas_milli - rollback_ms * mas_milli_per_ms);
        note(Rule::counter_rollback, at_ms - hour_ms, at_ms);
    }
    counter.serial = tube.serial;
    counter.scan_ms = tube.scan_ms;
    counter.mas = tube.mas_milli / 1'000;
    counter.exams = tube.exams;
    counter.rotations = tube.rotations;
    counter.arcs = tube.arcs;
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
bool Recorder::tell_use(const SimEvent& event) {
    const auto* shot = std::get_if<Exposure>(&event.what);
    if (shot) count(*shot);
    if (std::holds_alternative<ExamEnded>(event.what)) ++tubes_[0].exams;
    if (!of_patient(event.what)) return true;
    if (!shot) return !inside(Rule::dark_scans, event.true_ms);

    const std::int64_t end_ms = event.true_ms + shot->duration_ms;
    for (const Rule rule : {Rule::dark_scans, Rule::use_before_commissioning, Rule::use_after_decommissioning})
        if (inside(rule, event.true_ms)) note(rule, event.true_ms, end_ms);
    if (inside(Rule::paper_maintenance, event.true_ms)) note(Rule::paper_maintenance, plan_.from_ms, plan_.to_ms);
    return !inside(Rule::dark_scans, event.true_ms);
}

bool Recorder::tell(SimEvent& event) {
    if (const auto* part = std::get_if<PartReplaced>(&event.what))
        tubes_[static_cast<std::size_t>(part->tube)] = Tube{.serial = part->new_serial};
    if (auto* counter = std::get_if<Counter>(&event.what)) fill(*counter, event.true_ms);
    const bool use = event.what.index() <= 3;  // ExamStarted, Exposure, ExamEnded, DoseSummary
    static_assert(std::is_same_v<std::variant_alternative_t<3, What>, DoseSummary>);
    if (use && !tell_use(event)) return false;

    if (std::holds_alternative<Declared>(event.what)) return true;  // People's clocks and voices are their own.
    if (inside(Rule::silence, event.true_ms)) {
        note(Rule::silence, plan_.from_ms, plan_.to_ms);
        return false;
    }
    if (inside(Rule::clock_wrong, event.true_ms)) {
        event.at_ms -= clock_step_back_ms;
        note(Rule::clock_wrong, event.true_ms, event.true_ms);
    }
    return true;
}

}  // namespace gantry::sim
