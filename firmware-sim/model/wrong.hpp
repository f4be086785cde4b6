#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "firmware-sim/model/dossier.hpp"
#include "firmware-sim/model/event.hpp"
#include "firmware-sim/model/habit.hpp"
#include "firmware-sim/model/life.hpp"
#include "firmware-sim/model/prng.hpp"
#include "firmware-sim/model/violations.hpp"

namespace gantry::sim {

/// What of a device a wrong takes for itself: two wrongs that take the same never meet on one device.
enum Takes : std::uint32_t {
    takes_nothing = 0,
    takes_radiation_permit = 1U << 0,
    takes_diagnosis_permit = 1U << 1,
    takes_licence = 1U << 2,
    takes_status_test = 1U << 3,
    takes_protection_test = 1U << 4,
    takes_monthly_test = 1U << 5,
    takes_maintenance = 1U << 6,
    takes_state = 1U << 7,
    takes_doses = 1U << 8,
    takes_tube = 1U << 9,
    takes_serial = 1U << 10,
    takes_entry = 1U << 11,    ///< how it came into the register
    takes_history = 1U << 16,  ///< its own work before it came into the register
    takes_failed_test = 1U << 12,
    takes_paper_test = 1U << 13,
    takes_dose_test = 1U << 14,
    takes_noise_test = 1U << 15,
    takes_tests = takes_failed_test | takes_paper_test | takes_dose_test | takes_noise_test,
};

/// What a device must be for a wrong.
enum class Suits : std::uint8_t { any, closed_by_night, bought_when_listed, month_begins };

/// What a wrong may change when it is planted: before the run begins, at once for all of it.
struct Stage {
    const FleetOptions& options;
    const Profile& profile;
    const Plan& plan;
    const Life& life;
    std::int64_t start_ms;  ///< of the run, here
    std::int64_t end_ms;
    std::int64_t first_tube_use_ms;
    Dossier& dossier;
    Habits& habits;
    std::vector<SimEvent>& events;
    /// What is true once it is planted.
    std::vector<Violation>& told;
    /// What is true as far as patients are exposed in it: closes round their exposures.
    std::vector<Violation>& told_by_use;
    /// When the device was declared to be in FAULT.
    std::vector<HabitSpan>& stops;

    void at(std::int64_t at_ms, What what) { events.push_back({at_ms, at_ms, std::move(what)}); }
    void file(std::int64_t at_ms, Filing filing) { at(at_ms, filed(std::move(filing))); }
    void habit(Habit habit, std::int64_t from_ms, std::int64_t to_ms, std::int64_t value = 0) {
        habits.add(habit, {from_ms, to_ms, value});
    }
    void wrong(Rule rule, std::int64_t from_ms, std::int64_t to_ms, std::vector<Rule> implies = {}) {
        told.push_back({rule, from_ms, to_ms, std::move(implies), profile.index});
    }
    void wrong_by_use(Rule rule, std::int64_t from_ms, std::int64_t to_ms, std::vector<Rule> implies = {}) {
        told_by_use.push_back({rule, from_ms, to_ms, std::move(implies), profile.index});
    }
    /// The device stops: reported, repaired within an order, back in use. `to_ms` is the end of the repair.
    void stop(std::int64_t from_ms, std::int64_t to_ms, std::string_view code);
    /// Sealed by the health authority, and closed from then on.
    void seal(std::int64_t at_ms);
    /// A test owed for a part is done and passed; the device is back in use then.
    void retest(std::int64_t at_ms, std::string_view part);
    /// A test of the hospital's own, within the monthly items.
    void own_test(std::string_view id, std::int64_t at_ms, bool passed, std::vector<PaperBody> items);
    Prng prng(Rule rule) const;
    /// Of a name that is this wrong's alone: "x-ct-0001-V28".
    std::string name(std::string_view what, Rule rule) const;
};

/// One entry of the catalogue: where a wrong fits, and what plants it.
struct Wrong {
    Rule rule;
    void (*plant)(Stage&, const Planned&);
    Turn turn = Turn::none;
    int slots = 0;       ///< Stretches of four days that are kept for it; 0: a matter of papers, on any day.
    int first_day = 2;   ///< Not earlier in the run.
    int days_after = 4;  ///< So many days of the run follow its beginning.
    std::uint32_t takes = takes_nothing;
    Suits suits = Suits::any;
};

/// By the groups of the rule packs.
std::span<const Wrong> permit_wrongs();
std::span<const Wrong> use_wrongs();
std::span<const Wrong> quality_wrongs();
std::span<const Wrong> proof_wrongs();
std::span<const Wrong> record_wrongs();
std::span<const Wrong> dose_wrongs();
std::span<const Wrong> integrity_wrongs();
std::span<const Wrong> end_wrongs();
std::span<const Wrong> warning_wrongs();

std::span<const Wrong* const> all_wrongs();  ///< By rule.
const Wrong* find_wrong(Rule rule);          ///< Null: cannot be planted.

}  // namespace gantry::sim
