#include "firmware-sim/model/exam.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "firmware-sim/model/calendar.hpp"

namespace gantry::sim {
namespace {

struct Protocol {
    Group group;
    double weight;
    double ctdivol_mgy;  ///< Median of one scan; national reference levels are P75, so medians lie below them.
    double sigma;
    double length_mm;
    double pitch;  ///< 0: sequenced.
    double rotation_s;
    std::array<double, 4> phases;  ///< Weights of 1, 2, 3, 4 scans.
    bool head_phantom;
    bool dual_energy;  ///< A dual-source scanner uses both tubes.
};

constexpr std::array<Protocol, 10> protocols{{
    {Group::head, 0.22, 43, 0.18, 160, 0.55, 1.0, {0.45, 0.35, 0.15, 0.05}, true, false},
    {Group::neck, 0.04, 12, 0.25, 250, 0.9, 0.5, {0.35, 0.35, 0.25, 0.05}, false, false},
    {Group::chest, 0.36, 8.5, 0.35, 330, 1.2, 0.5, {0.45, 0.30, 0.20, 0.05}, false, false},
    {Group::abdomen, 0.16, 12, 0.30, 380, 0.9, 0.5, {0.15, 0.20, 0.35, 0.30}, false, false},
    {Group::pelvis, 0.03, 13, 0.30, 280, 0.9, 0.5, {0.40, 0.30, 0.25, 0.05}, false, false},
    {Group::spine, 0.07, 18, 0.30, 240, 0.8, 0.75, {0.75, 0.20, 0.05, 0}, false, false},
    {Group::extremity, 0.05, 7, 0.40, 180, 0.8, 0.75, {0.80, 0.20, 0, 0}, false, false},
    {Group::cardiac, 0.03, 30, 0.40, 140, 0.3, 0.3, {0.55, 0.45, 0, 0}, false, true},
    {Group::angio, 0.03, 11, 0.35, 420, 1.0, 0.4, {0.45, 0.40, 0.15, 0}, false, true},
    {Group::whole_body, 0.01, 10, 0.30, 900, 1.2, 0.5, {0.70, 0.30, 0, 0}, false, false},
}};
// A test object: cheap, short, always the same technique.
constexpr Protocol calibration{Group::calibration, 1, 20, 0.03, 40, 0, 1.0, {0, 0, 1, 0}, true, false};

constexpr std::array<std::string_view, 7> age_bands{"0", "1-4", "5-9", "10-14", "15-17", "18-64", "65+"};
constexpr std::array<double, 7> age_weights{0.003, 0.006, 0.008, 0.010, 0.010, 0.583, 0.380};

constexpr std::array<std::string_view, 6> give_up_reasons{"patient_refused", "no_show",        "patient_condition",
                                                          "wrong_worklist",  "operator_error", "unspecified"};

// mGy per mAs at 120 kV and pitch 1, for the 16 cm and the 32 cm phantom: typical of third-generation scanners.
constexpr double mgy_per_mas_head = 0.17;
constexpr double mgy_per_mas_body = 0.068;
constexpr double ma_min = 15, ma_max = 780;

std::int64_t rounded(double value) { return static_cast<std::int64_t>(std::floor(value + 0.5)); }

void set_dose(Exposure& shot, double ctdivol_mgy) {
    shot.ctdivol_ugy = rounded(ctdivol_mgy * 1'000);
    shot.dlp_ugy_cm = rounded(static_cast<double>(shot.ctdivol_ugy) * static_cast<double>(shot.length_um) / 10'000);
}

double kilovolts(Prng& prng, const Protocol& protocol, bool child) {
    if (child) return prng.chance(0.7) ? 80 : 100;
    if (protocol.head_phantom) return 120;
    constexpr std::array<double, 4> weights{0.05, 0.30, 0.58, 0.07};
    constexpr std::array<double, 4> values{80, 100, 120, 140};
    return values[prng.pick(weights)];
}

Exposure localiser(Prng& prng, const Profile& profile, const Protocol& protocol) {
    Exposure shot{};
    shot.acquisition = Acquisition::localiser;
    shot.group = protocol.group;
    shot.length_um = rounded((protocol.length_mm + prng.uniform(40, 160)) * 1'000);
    shot.duration_ms = shot.length_um / 100;  // The table moves 100 mm/s.
    shot.collimation_single_um = 600;
    shot.collimation_total_um = 3'600;
    shot.head_phantom = false;
    shot.sources = 1;
    shot.source[0] = {profile.detector_rows > 16 ? 100'000 : 120'000, 35'000, 36'000, 0};
    set_dose(shot, prng.uniform(0.04, 0.14));
    return shot;
}

void set_technique(Prng& prng, Exposure& shot, const Protocol& protocol, double ctdivol, double kv) {
    const double pitch = protocol.pitch > 0 ? protocol.pitch : 1.0;
    // Dose grows about with kV^2.5; an own factor per step keeps std::pow out.
    const double kv_factor = kv < 90 ? 0.36 : kv < 110 ? 0.63 : kv < 130 ? 1.0 : 1.47;
    const double per_mas = (protocol.head_phantom ? mgy_per_mas_head : mgy_per_mas_body) * kv_factor;
    const double all = ctdivol * pitch / (per_mas * protocol.rotation_s) / shot.sources;
    for (int i = 0; i < shot.sources; ++i) {
        const bool second = i == 1;
        const double mean = std::clamp(second ? all * 0.6 : all, ma_min, ma_max);
        auto& source = shot.source[static_cast<std::size_t>(i)];
        source.kv_v = rounded((second ? 140 : kv) * 1'000);
        source.ma_mean_ua = rounded(mean * 1'000);
        source.ma_max_ua = rounded(std::min(mean * prng.uniform(1.05, 1.5), ma_max * 1.02) * 1'000);
        source.rot_ms = rounded(protocol.rotation_s * 1'000);
    }
}

Exposure scan(Prng& prng, const Profile& profile, const Protocol& protocol, double ctdivol, bool child) {
    Exposure shot{};
    shot.group = protocol.group;
    shot.head_phantom = protocol.head_phantom;
    shot.sources = protocol.dual_energy ? profile.sources : 1;
    shot.length_um = rounded(protocol.length_mm * prng.uniform(0.85, 1.15) * (child ? 0.6 : 1.0) * 1'000);
    shot.collimation_single_um = profile.detector_rows > 16 ? 600 : 1'250;
    shot.collimation_total_um = std::min<std::int64_t>(profile.detector_rows, 64) * shot.collimation_single_um;
    const double total_mm = static_cast<double>(shot.collimation_total_um) / 1'000;
    const double length_mm = static_cast<double>(shot.length_um) / 1'000;
    // Small sites still take heads step by step.
    const bool sequenced = protocol.pitch <= 0 || (protocol.group == Group::head && profile.detector_rows <= 16);
    const double rotations = sequenced ? std::ceil(length_mm / total_mm) : length_mm / (protocol.pitch * total_mm) + 1;
    shot.acquisition = sequenced ? Acquisition::sequenced : Acquisition::spiral;
    shot.pitch_milli = sequenced ? 0 : rounded(protocol.pitch * 1'000);
    shot.duration_ms = rounded(rotations * protocol.rotation_s * 1'000);
    set_technique(prng, shot, protocol, ctdivol, kilovolts(prng, protocol, child));
    set_dose(shot, ctdivol);
    return shot;
}

constexpr std::int64_t alert_ugy_cm = 1'400'000;

// The dose check compares the plan with the alert value before the scan; few reach it, and then a reason is given.
void check_dose(Exposure& shot) {
    if (shot.acquisition == Acquisition::localiser) return;
    shot.alert = DoseAlert{true, alert_ugy_cm, shot.dlp_ugy_cm >= alert_ugy_cm ? shot.dlp_ugy_cm : 0, true};
}

// National levels of children's heads by age band, a margin below them: 25, 25, 28 and 43 mGy.
double child_limit(const Protocol& protocol, std::size_t age) {
    constexpr std::array<double, 4> head{22.5, 22.5, 25.5, 39};
    return protocol.group == Group::head ? head[age] : 1'000;
}

void finish(Exam& exam) {
    auto& ended = exam.ended;
    ended.exam = exam.started.exam;
    ended.group = exam.started.group;
    ended.exposures = static_cast<int>(exam.shots.size());
    ended.exposure_ms = 0;
    ended.dlp_ugy_cm = 0;
    for (std::size_t i = 0; i < exam.shots.size(); ++i) {
        auto& shot = exam.shots[i].exposure;
        shot.exam = exam.started.exam;
        shot.purpose = exam.started.purpose;
        shot.n = static_cast<int>(i + 1);
        ended.exposure_ms += shot.duration_ms;
        ended.dlp_ugy_cm += shot.dlp_ugy_cm;
    }
    ended.series = ended.exposures;
    ended.duration_ms = exam.end_ms - exam.start_ms;
}

std::int64_t after(const Exam::Shot& shot) { return shot.at_ms + shot.exposure.duration_ms; }

}  // namespace

Exam patient_exam(Prng& prng, const Profile& profile, std::uint64_t number, std::int64_t start_ms) {
    std::array<double, protocols.size()> weights{};
    for (std::size_t i = 0; i < protocols.size(); ++i) weights[i] = protocols[i].weight;
    const Protocol& protocol = protocols[prng.pick(weights)];
    const std::size_t age = prng.pick(age_weights);
    const bool child = age < 4;

    Exam exam{};
    exam.started = {number, protocol.group, Purpose::patient, age_bands[age]};
    exam.start_ms = start_ms;
    // 8 to 20 minutes, more often short; square of a uniform, no libm.
    const double u = prng.uniform();
    exam.end_ms = start_ms + rounded((8 + 12 * u * u) * minute_ms);

    const int localisers = prng.chance(0.6) ? 2 : 1;
    const int scans = static_cast<int>(prng.pick(protocol.phases)) + 1;
    double ctdivol = prng.lognormal(protocol.ctdivol_mgy, protocol.sigma) * (child ? 0.45 : 1.0);
    if (child) ctdivol = std::min(ctdivol, child_limit(protocol, age));
    std::int64_t at = start_ms + prng.between(100'000, 200'000);
    for (int i = 0; i < localisers + scans; ++i) {
        Exposure shot = i < localisers ? localiser(prng, profile, protocol)
                                       : scan(prng, profile, protocol, ctdivol * prng.uniform(0.92, 1.08), child);
        check_dose(shot);
        exam.shots.push_back({at, shot});
        at += shot.duration_ms + prng.between(12'000, 45'000);
    }
    exam.end_ms = std::max(exam.end_ms, after(exam.shots.back()) + minute_ms);
    exam.ended.completed = true;
    if (prng.chance(0.02)) {
        const auto keep = static_cast<std::size_t>(prng.between(0, localisers));
        exam.shots.resize(std::min(keep, exam.shots.size()));
        exam.ended.completed = false;
        const auto why = prng.between(0, static_cast<std::int64_t>(give_up_reasons.size()) - 1);
        exam.ended.reason = give_up_reasons[static_cast<std::size_t>(why)];
    }
    finish(exam);
    return exam;
}

Exam phantom_exam(Prng& prng, const Profile& profile, std::uint64_t number, std::int64_t start_ms, Purpose purpose) {
    Exam exam{};
    exam.started = {number, Group::calibration, purpose, {}};
    exam.start_ms = start_ms;
    std::int64_t at = start_ms + 30'000;
    for (int i = 0; i < 3; ++i) {
        const Exposure shot = scan(prng, profile, calibration, prng.lognormal(calibration.ctdivol_mgy, 0.03), false);
        exam.shots.push_back({at, shot});
        at += shot.duration_ms + 20'000;
    }
    exam.end_ms = after(exam.shots.back()) + 30'000;
    exam.ended.completed = true;
    finish(exam);
    return exam;
}

void exam_events(const Exam& exam, std::vector<SimEvent>& out) {
    const auto push = [&](std::int64_t at_ms, What what) { out.push_back({at_ms, at_ms, std::move(what)}); };
    push(exam.start_ms, exam.started);
    for (const auto& shot : exam.shots) push(shot.at_ms, shot.exposure);
    push(exam.end_ms, exam.ended);
    push(exam.end_ms + 8'000,
         DoseSummary{exam.started.exam, exam.started.group, exam.ended.exposures, exam.ended.dlp_ugy_cm});
}

namespace {

// The last scan that is no localiser; null for an examination given up before.
Exposure* last_scan(Exam& exam) {
    for (auto shot = exam.shots.rbegin(); shot != exam.shots.rend(); ++shot)
        if (shot->exposure.acquisition != Acquisition::localiser) return &shot->exposure;
    return nullptr;
}

bool is_adult(const Exam& exam) {
    return exam.started.age_band == age_bands[5] || exam.started.age_band == age_bands[6];
}

}  // namespace

bool make_unreasoned(Exam& exam) {
    Exposure* scan = last_scan(exam);
    if (!scan) return false;
    scan->alert = DoseAlert{true, alert_ugy_cm, alert_ugy_cm + 250'000, false};
    return true;
}

// Three times the dose over four times the length, in one scan of an adult's chest or belly.
bool make_outlier(Exam& exam) {
    Exposure* scan = last_scan(exam);
    const bool fits = exam.started.group == Group::chest || exam.started.group == Group::abdomen;
    if (!scan || !fits || !is_adult(exam)) return false;
    scan->length_um *= 4;
    set_dose(*scan, static_cast<double>(scan->ctdivol_ugy) * 3 / 1'000);
    check_dose(*scan);
    finish(exam);
    return true;
}

bool make_child(Exam& exam) {
    Exposure* scan = last_scan(exam);
    if (!scan || exam.started.group != Group::head) return false;
    exam.started.age_band = age_bands[2];
    for (auto& shot : exam.shots) {
        if (shot.exposure.acquisition == Acquisition::localiser) continue;
        shot.exposure.head_phantom = false;
        set_dose(shot.exposure, std::min(static_cast<double>(shot.exposure.ctdivol_ugy) / 1'000, 20.0));
    }
    finish(exam);
    return true;
}

// The last scan again and again, a second after each other, within the examination's time.
bool make_many_phases(Exam& exam) {
    if (!last_scan(exam) || exam.started.group != Group::chest) return false;
    while (exam.shots.size() < 9) {
        Exam::Shot again = exam.shots.back();
        again.at_ms = after(exam.shots.back()) + second_ms;
        exam.shots.push_back(again);
    }
    exam.end_ms = std::max(exam.end_ms, after(exam.shots.back()) + second_ms);
    finish(exam);
    return true;
}

void scale_doses(Exam& exam, std::int64_t permille) {
    if (!is_adult(exam)) return;
    for (auto& shot : exam.shots) {
        if (shot.exposure.acquisition == Acquisition::localiser) continue;
        set_dose(shot.exposure, static_cast<double>(shot.exposure.ctdivol_ugy * permille) / 1'000'000);
        check_dose(shot.exposure);
    }
    finish(exam);
}

void switch_check_off(Exam& exam) {
    for (auto& shot : exam.shots)
        if (shot.exposure.alert) shot.exposure.alert = DoseAlert{false, 0, 0, false};
}

void abort_exam(Exam& exam, std::int64_t at_ms) {
    std::erase_if(exam.shots, [&](const Exam::Shot& shot) { return after(shot) > at_ms; });
    exam.end_ms = std::max(at_ms, exam.start_ms + second_ms);
    exam.ended.completed = false;
    exam.ended.reason = "equipment_failure";
    finish(exam);
}

}  // namespace gantry::sim
