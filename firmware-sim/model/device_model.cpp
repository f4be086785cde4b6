#include "firmware-sim/model/device_model.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "firmware-sim/model/wrong.hpp"

namespace gantry::sim {
namespace {

enum : std::uint64_t { stream_day = 41, stream_faults = 42, stream_tube_life = 43, stream_first_use = 44 };

// Patients by hour of the local day: two humps, 8-12 and 13-17, and a tail of emergencies.
constexpr std::array<double, 24> by_hour{0.25, 0.2, 0.15, 0.15, 0.15, 0.2, 0.3, 0.8, 3.0, 4.2, 4.2, 3.2,
                                         1.3,  2.4, 3.3,  3.3,  2.5,  1.3, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3};
constexpr std::int64_t patience_ms = 4 * hour_ms;
constexpr std::int64_t longest_exam_ms = 26 * minute_ms;

std::array<double, 24> hours_open(bool round_the_clock) {
    auto weights = by_hour;
    if (!round_the_clock)
        for (std::size_t h = 0; h < weights.size(); ++h)
            if (h < 7 || h > 20) weights[h] = 0;
    return weights;
}

std::int64_t first_tube_use(const FleetOptions& options, std::uint32_t device, const Plan& plan,
                            std::int64_t tube_life_ms) {
    Prng prng = Prng::keyed(options.seed, device, stream_first_use, 0);
    if (plan.turn == Turn::commissioned_in_window || plan.turn == Turn::accepting)
        return prng.between(200'000, 900'000);  // Only the installers' tests.
    // A planned wrong or turn needs a tube that lives through it.
    const bool planned = plan.turn != Turn::none || !plan.lawful();
    return static_cast<std::int64_t>(static_cast<double>(tube_life_ms) * prng.uniform(0.05, planned ? 0.5 : 0.98));
}

// Two wrongs are on the type plate.
Profile planned_profile(const FleetOptions& options, std::uint32_t index, const Plan& plan) {
    Profile profile = make_profile(options, index);
    if (const Planned* clone = plan.of(Rule::V51); clone && clone->peer < options.devices)
        profile.serial = make_profile(options, clone->peer).serial;
    return profile;
}

}  // namespace

std::int64_t tube_life_ms(const FleetOptions& options, std::uint32_t device, std::size_t tube, int generation) {
    Prng prng =
        Prng::keyed(options.seed, device, stream_tube_life, tube * 1'000 + static_cast<std::uint64_t>(generation));
    // Scale 0.9 million scan seconds; nobody ships a tube that fails in its first fifty thousand.
    return static_cast<std::int64_t>(std::max(prng.weibull(2.5, 900'000'000), 50'000'000.0));
}

DeviceModel::DeviceModel(const FleetOptions& options, std::uint32_t index)
    : DeviceModel{options, index, plan_for(options, index)} {}

DeviceModel::DeviceModel(const FleetOptions& options, std::uint32_t index, Plan plan)
    : options_{options},
      plan_{std::move(plan)},
      profile_{planned_profile(options, index, plan_)},
      life_{make_life(options, profile_, plan_)},
      start_ms_{local_midnight_utc_ms(profile_.zone, options.from_ms / day_ms)},
      dossier_{make_dossier(options, profile_, life_, plan_)},
      recorder_{options, profile_, {}},
      life_prng_{Prng::keyed(options.seed, index, stream_faults, 0)},
      next_day_{options.from_ms / day_ms},
      software_{profile_.software},
      tubes_{} {
    std::vector<Violation> by_use;
    const std::int64_t first_use_ms = plant(by_use);
    recorder_ = Recorder{options_, profile_, {first_use_ms, dossier_.tube_rated_scan_ms, std::move(by_use)}};
    for (std::size_t i = 0; i < static_cast<std::size_t>(profile_.sources); ++i) {
        tubes_[i] = {recorder_.scan_ms(static_cast<int>(i)), tube_life_ms(options, index, i, 0), 0};
        if (!plan_.lawful()) tubes_[i].life_ms = std::max(tubes_[i].life_ms, tubes_[i].used_ms + 900'000'000);
    }
    next_pm_day_ = local_day_of(profile_.zone, dossier_.maintenance.next_ms);
    schedule_fault(std::max(start_ms_, life_.commissioned_ms));
    file_papers();
    declare_life();
}

// All wrongs at once, before anything happens: they change the file, the habits and what will happen. The answer is
// what the first tube has behind it.
std::int64_t DeviceModel::plant(std::vector<Violation>& by_use) {
    const std::int64_t first_use_ms =
        first_tube_use(options_, profile_.index, plan_, tube_life_ms(options_, profile_.index, 0, 0));
    Stage stage{options_, profile_, plan_,    life_, start_ms_, end_ms(), first_use_ms,
                dossier_, habits_,  pending_, told_, by_use,    stops_};
    for (const Planned& planned : plan_.wrongs) find_wrong(planned.rule)->plant(stage, planned);
    if (plan_.turn == Turn::sealed_in_window) stage.seal(plan_.from_ms);
    return first_use_ms;
}

void DeviceModel::advance(std::int64_t until_ms, std::vector<SimEvent>& out) {
    while (local_midnight_utc_ms(profile_.zone, next_day_) < until_ms) generate_day();
    const auto by_time = [](const SimEvent& a, const SimEvent& b) { return a.true_ms < b.true_ms; };
    std::ranges::stable_sort(pending_, by_time);
    const auto end = std::ranges::find_if(pending_, [&](const SimEvent& event) { return event.true_ms >= until_ms; });
    for (auto it = pending_.begin(); it != end; ++it)
        if (recorder_.tell(*it, habits_)) out.push_back(std::move(*it));
    pending_.erase(pending_.begin(), end);
    given_ms_ = std::max(given_ms_, until_ms);
}

bool DeviceModel::silent(std::int64_t at_ms) const {
    return habits_.at(Habit::silent, at_ms) || habits_.at(Habit::silent, at_ms + longest_exam_ms);
}

bool DeviceModel::busy(std::int64_t from_ms, std::int64_t to_ms) const {
    return std::ranges::any_of(plan_.busy,
                               [&](const Plan::Busy& own) { return own.from_ms < to_ms && from_ms < own.to_ms; });
}

// A fault may stop the scanner for days; a week later at the latest it is over.
bool DeviceModel::eventful(std::int64_t at_ms) const {
    if (busy(at_ms - day_ms, at_ms + 8 * day_ms)) return false;
    if (plan_.turn == Turn::none) return true;
    if (plan_.turn == Turn::sealed_in_window) return at_ms < plan_.from_ms - 8 * day_ms;
    return life_.ended_ms == 0 && at_ms > plan_.to_ms + day_ms;
}

bool DeviceModel::patients_allowed(std::int64_t at_ms) const {
    if (at_ms < down_until_ms_ || silent(at_ms)) return false;
    const std::int64_t end_ms = at_ms + longest_exam_ms;
    if (habits_.at(Habit::closed, at_ms) || habits_.at(Habit::closed, end_ms)) return false;
    if (habits_.at(Habit::open_anyway, at_ms) && habits_.at(Habit::open_anyway, end_ms)) return true;
    return at_ms >= life_.commissioned_ms && (life_.ended_ms == 0 || end_ms < life_.ended_ms);
}

void DeviceModel::push_exam(const Exam& exam) {
    exam_events(exam, pending_);
    if (exam.started.purpose == Purpose::patient) ++month_exams_[month_start_ms(exam.start_ms)];
}

DeviceModel::Day DeviceModel::open_day() {
    Day day{next_day_,
            local_midnight_utc_ms(profile_.zone, next_day_),
            local_midnight_utc_ms(profile_.zone, next_day_ + 1),
            0,
            0,
            0,
            0,
            0,
            Prng::keyed(options_.seed, profile_.index, stream_day, static_cast<std::uint64_t>(next_day_))};
    ++next_day_;
    day.on_ms = powered_ ? day.start_ms : day.start_ms + 7 * hour_ms + day.prng.between(-15, 15) * minute_ms;
    day.off_ms = profile_.round_the_clock ? day.end_ms : day.start_ms + 21 * hour_ms + 30 * minute_ms;

    std::int64_t& last_ms = day.last_ms;
    last_ms = life_.ended_ms == 0 ? day.end_ms : life_.ended_ms;
    if (plan_.of(Rule::V14)) last_ms = plan_.to_ms;
    day.on_ms = std::max(day.on_ms, life_.installed_ms);
    day.off_ms = std::min(day.off_ms, last_ms == day.end_ms ? last_ms : last_ms - 5 * minute_ms);
    day.off_ms = std::max(day.off_ms, std::min(day.on_ms, day.end_ms));
    day.on_ms = std::min(day.on_ms, day.off_ms);
    return day;
}

void DeviceModel::generate_day() {
    Day day = open_day();
    if (life_.never_installed) return;
    file_month(day);
    if (day.on_ms < day.off_ms) {
        switch_on(day);
        maintain(day);
        scan_phantoms(day);
        log_findings(day);
        scan_patients(day);
        fail_before(day, day.off_ms);
    }
    switch_off(day);
    watch_hours(day);
}

void DeviceModel::switch_on(Day& day) {
    if (powered_) return;
    powered_ = true;
    push(day.on_ms, PowerOn{});
    push(day.on_ms + 90'000, Audit{110120, 0});
    push(day.on_ms + 240'000, Audit{110122, 1 + static_cast<std::uint64_t>(day.prng.between(0, 5))});
    if (identified_) return;
    identified_ = true;
    push(day.on_ms + 120'000, Identity{});
}

void DeviceModel::switch_off(Day& day) {
    if (!powered_ || (profile_.round_the_clock && day.off_ms == day.end_ms)) return;
    // The last patient is finished first; the table may be taken beyond closing time, never beyond midnight.
    day.off_ms = std::clamp(free_ms_ + 5 * minute_ms, day.off_ms,
                            std::max(day.off_ms, std::min(day.end_ms, day.last_ms) - minute_ms));
    powered_ = false;
    push(day.off_ms - 90'000, Audit{110123, 1});
    push(day.off_ms - 60'000, Audit{110121, 0});
    push(day.off_ms, PowerOff{});
}

void DeviceModel::watch_hours(Day& day) {
    // About one day in eighty the agent's box itself is away for a while: by night, or no longer than is allowed.
    const bool away = day.prng.chance(0.0125);
    const std::int64_t away_from = day.start_ms + day.prng.between(0, 3 * 60) * minute_ms;
    const std::int64_t away_to = away_from + day.prng.between(5, profile_.round_the_clock ? 14 : 120) * minute_ms;
    for (std::int64_t hour = day.start_ms; hour < day.end_ms; hour += hour_ms) {
        const std::int64_t told = std::min(hour + hour_ms, day.last_ms) - 1;
        if (hour >= day.on_ms && hour < day.off_ms && told < day.off_ms) {
            for (int tube = 0; tube < profile_.sources; ++tube) push(told, Counter{tube, {}, 0, 0, 0, 0, 0});
            const bool busy = hour >= day.start_ms + 8 * hour_ms && hour < day.start_ms + 17 * hour_ms;
            const double load = (busy ? 1.0 : 0.3) * day.prng.uniform(0.8, 1.2);
            const HabitSpan* hot = habits_.at(Habit::hot, told);
            const std::int64_t more = hot ? hot->value : 0;
            push(told, Environment{static_cast<std::int64_t>(30'000 + 16'000 * load) + more,
                                   static_cast<std::int64_t>(120'000 + 480'000 * load) + 4 * more,
                                   21'000 + day.prng.between(-900, 1'900), 450 + day.prng.between(-60, 60),
                                   398'000 + day.prng.between(-6'000, 6'000)});
        }
        std::uint64_t map = 0;
        for (int minute = 0; minute < 60; ++minute) {
            const std::int64_t at = hour + minute * minute_ms;
            const bool up = at >= life_.installed_ms && at < day.last_ms && !(away && at >= away_from && at < away_to);
            map = map << 1 | (up ? 1U : 0U);
        }
        if (map != 0) push(told, Coverage{hour, map});
    }
    if (day.off_ms > day.on_ms)
        for (int tube = 0; tube < profile_.sources; ++tube) push(day.off_ms - 30'000, Counter{tube, {}, 0, 0, 0, 0, 0});
}

void DeviceModel::scan_phantoms(Day& day) {
    const std::int64_t early = std::max(day.on_ms, day.start_ms + 7 * hour_ms) + 20 * minute_ms;
    const bool accepting = life_.acceptance_ms < day.off_ms && life_.ready_ms > day.on_ms;
    if (accepting) {
        const std::int64_t from = std::max(day.on_ms, life_.acceptance_ms) + 10 * minute_ms;
        if (from + hour_ms < std::min(day.off_ms, life_.ready_ms)) test_scans(from, 6, Purpose::phantom, day.prng);
        return;
    }
    const bool lawful = early > life_.commissioned_ms && (life_.ended_ms == 0 || early + hour_ms < life_.ended_ms);
    if (!lawful || early < down_until_ms_ || early < free_ms_ || early + hour_ms > day.off_ms || silent(early) ||
        habits_.at(Habit::closed, early) || habits_.at(Habit::no_phantoms, early))
        return;
    test_scans(early, 1, Purpose::phantom, day.prng);
    free_ms_ = std::max(free_ms_, early + 10 * minute_ms);
    if (!busy(day.start_ms, day.end_ms)) test_quality(day, free_ms_);
}

void DeviceModel::log_findings(Day& day) {
    constexpr std::array<FaultRaised, 4> findings{{{"DAS_RETRY", "info", "detector"},
                                                   {"TABLE_SLOW", "info", "table"},
                                                   {"DISK_80", "info", "computer"},
                                                   {"NET_RETRY", "info", "network"}}};
    for (int left = day.prng.poisson(4); left > 0; --left) {
        const auto& finding = findings[static_cast<std::size_t>(day.prng.between(0, 3))];
        const std::int64_t at = day.prng.between(day.on_ms, std::max(day.on_ms, day.off_ms - 900'000));
        push(at, finding);
        push(at + day.prng.between(30'000, 900'000), FaultCleared{finding.code});
    }
}

std::vector<std::int64_t> DeviceModel::arrivals(Day& day) const {
    const auto weights = hours_open(profile_.round_the_clock);
    double sum = 0;
    for (const double weight : weights) sum += weight;
    const double mean = profile_.exams_per_day * (weekday(day.day) >= 5 ? profile_.weekend_share : 1.0);
    std::vector<std::int64_t> times;
    for (std::size_t hour = 0; hour < weights.size(); ++hour) {
        const std::int64_t from = day.start_ms + static_cast<std::int64_t>(hour) * hour_ms;
        for (int left = day.prng.poisson(mean * weights[hour] / sum); left > 0; --left)
            times.push_back(day.prng.between(from, from + hour_ms - 1));
    }
    std::ranges::sort(times);
    return times;
}

void DeviceModel::scan_patients(Day& day) {
    for (const std::int64_t arrival : arrivals(day)) {
        std::int64_t start = std::max({arrival, free_ms_, day.on_ms + 15 * minute_ms});
        if (start < day.pm_to_ms && start + longest_exam_ms > day.pm_from_ms) start = day.pm_to_ms + 10 * minute_ms;
        fail_before(day, start);
        if (start - arrival > patience_ms || start + longest_exam_ms > day.end_ms - minute_ms ||
            !patients_allowed(start) || start >= day.off_ms)
            continue;
        Exam exam = patient_exam(day.prng, profile_, ++exam_count_, start);
        change(exam);
        if (next_fault_ms_ < exam.end_ms && eventful(next_fault_ms_)) {
            const std::int64_t fault = std::max(next_fault_ms_, start + minute_ms);
            if (fail_before(day, exam.end_ms) && down_until_ms_ > exam.end_ms) abort_exam(exam, fault);
        }
        push_exam(exam);
        free_ms_ = exam.end_ms + day.prng.between(60'000, 180'000);
        wear(exam, day.prng);
    }
}

// What the department's present habits make of an examination.
void DeviceModel::change(Exam& exam) {
    const std::int64_t at = exam.start_ms;
    if (const HabitSpan* dose = habits_.at(Habit::dose, at)) scale_doses(exam, dose->value);
    const HabitSpan* chests = habits_.at(Habit::chest_dose, at);
    if (chests && exam.started.group == Group::chest) scale_doses(exam, chests->value);
    struct Once {
        Habit habit;
        Rule rule;
        bool (*make)(Exam&);
    };
    constexpr Once changes[] = {{Habit::unreasoned, Rule::V37, make_unreasoned},
                                {Habit::outlier, Rule::V41, make_outlier},
                                {Habit::child, Rule::V42, make_child},
                                {Habit::many_phases, Rule::V43, make_many_phases}};
    for (const Once& once : changes) {
        if (!habits_.at(once.habit, at) || !once.make(exam)) continue;
        habits_.spend(once.habit, at);
        told_.push_back({once.rule, at, exam.end_ms, {}, profile_.index});
    }
    if (habits_.at(Habit::check_off, at)) switch_check_off(exam);
}

}  // namespace gantry::sim
