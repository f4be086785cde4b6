#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "firmware-sim/model/dossier.hpp"
#include "firmware-sim/model/event.hpp"
#include "firmware-sim/model/exam.hpp"
#include "firmware-sim/model/habit.hpp"
#include "firmware-sim/model/life.hpp"
#include "firmware-sim/model/prng.hpp"
#include "firmware-sim/model/profile.hpp"
#include "firmware-sim/model/recorder.hpp"
#include "firmware-sim/model/violations.hpp"

namespace gantry::sim {

/// Scan time that the `generation`-th tube in this place will bear.
std::int64_t tube_life_ms(const FleetOptions& options, std::uint32_t device, std::size_t tube, int generation);

/// One CT scanner and its department. Pure: the stream is a function of the options and the index alone, and does not
/// depend on how `advance` is called.
class DeviceModel {
public:
    DeviceModel(const FleetOptions& options, std::uint32_t index);
    DeviceModel(const FleetOptions& options, std::uint32_t index, Plan plan);  ///< with its plan_for

    /// Appends every event with true time below `until_ms` that was not given yet, in time order.
    void advance(std::int64_t until_ms, std::vector<SimEvent>& out);

    /// The run is whole local days: midnight to midnight where the scanner stands.
    std::int64_t start_ms() const noexcept { return start_ms_; }
    std::int64_t end_ms() const noexcept {
        return local_midnight_utc_ms(profile_.zone, local_day_of(profile_.zone, start_ms_) + options_.days);
    }
    const Profile& profile() const noexcept { return profile_; }
    /// What is true of the events given so far: what was planted, and what came about by itself (worn tubes, long
    /// stops, papers that end soon).
    std::vector<Violation> planted() const;

private:
    struct Day {
        std::int64_t day;
        std::int64_t start_ms;
        std::int64_t end_ms;
        std::int64_t on_ms;  ///< From here to off_ms the scanner is up; equal when it is not.
        std::int64_t off_ms;
        std::int64_t last_ms;         ///< Nothing of this scanner is watched from here on.
        std::int64_t pm_from_ms = 0;  ///< A maintenance window; empty most days.
        std::int64_t pm_to_ms = 0;
        Prng prng;
    };

    void push(std::int64_t at_ms, What what) { pending_.push_back({at_ms, at_ms, std::move(what)}); }
    void file(std::int64_t at_ms, Filing filing) { push(at_ms, filed(std::move(filing))); }
    void push_exam(const Exam& exam);
    std::int64_t plant(std::vector<Violation>& by_use);
    void file_papers();
    void declare_life();
    void declare_end();

    void generate_day();
    Day open_day();
    void switch_on(Day& day);
    void switch_off(Day& day);
    void watch_hours(Day& day);
    void scan_phantoms(Day& day);
    void log_findings(Day& day);
    void scan_patients(Day& day);
    void change(Exam& exam);
    void test_quality(Day& day, std::int64_t at_ms);
    void file_month(const Day& day);
    void tests_ahead(std::vector<Violation>& out) const;
    void long_stops(std::vector<Violation>& out) const;
    std::vector<std::int64_t> arrivals(Day& day) const;
    bool patients_allowed(std::int64_t at_ms) const;
    bool silent(std::int64_t at_ms) const;
    /// Faults and maintenance keep clear of what was planned, so that every finding has one cause.
    bool eventful(std::int64_t at_ms) const;
    bool busy(std::int64_t from_ms, std::int64_t to_ms) const;

    void maintain(Day& day);
    void schedule_fault(std::int64_t from_ms);
    bool fail_before(Day& day, std::int64_t limit_ms);
    void partial_fault(std::int64_t at_ms, std::size_t kind, std::string_view severity, Prng& prng);
    void hard_fault(std::int64_t at_ms, std::size_t kind, std::string_view severity, Prng& prng);
    void wear(const Exam& exam, Prng& prng);
    void replace_tube(std::int64_t at_ms, std::size_t tube, Prng& prng);
    void service_visit(std::int64_t from_ms, std::int64_t to_ms, Prng& prng);
    void test_scans(std::int64_t from_ms, int count, Purpose purpose, Prng& prng);

    FleetOptions options_;
    Plan plan_;
    Profile profile_;
    Life life_;
    std::int64_t start_ms_;
    Dossier dossier_;
    Habits habits_;
    std::vector<Violation> told_;
    std::vector<HabitSpan> stops_;   ///< In FAULT, as declared.
    std::vector<SimEvent> pending_;  ///< Generated and not given out.
    Recorder recorder_;
    std::int64_t given_ms_ = 0;
    Prng life_prng_;
    std::int64_t next_day_;
    std::uint64_t exam_count_ = 0;
    std::int64_t free_ms_ = 0;  ///< The table is taken until then.
    std::int64_t down_until_ms_ = 0;
    std::int64_t next_fault_ms_ = 0;
    std::int64_t next_pm_day_ = 0;
    std::map<std::int64_t, std::int64_t> month_exams_;  ///< Patients' examinations by the UTC month's beginning.
    std::vector<std::int64_t> status_passed_;           ///< Status and acceptance tests.
    int constancy_tests_ = 0;
    std::map<std::size_t, std::int64_t> last_fault_ms_;  ///< By kind.
    std::string software_;
    bool powered_ = false;
    bool identified_ = false;
    struct Tube {
        std::int64_t used_ms;
        std::int64_t life_ms;
        int generation;
    };
    std::array<Tube, 2> tubes_;
};

}  // namespace gantry::sim
