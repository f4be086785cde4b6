#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/core/result.hpp"
#include "server/domain/paper/paper_filing.hpp"

// The life of a device as values: its states, who speaks about them, and what a declared event does to what is
// remembered. Which event is allowed where is data (lifecycle_table.hpp); what an event means for the memory is here,
// so that a replay needs no table.
namespace gantry {

enum class State : std::uint8_t {
    none,  // no declaration yet: nothing is known and nothing is judged
    planned,
    licensed,
    procured,
    delivered,
    installed,
    acceptance,
    ready,
    in_use,
    pm,
    fault,
    retest,
    suspended,
    sealed,
    relocating,
    idle,
    decommissioned,
    transferred,
    disposed,
    lost,
    cancelled,
    returned,
};
inline constexpr std::size_t state_count = 22;

std::string_view name(State state);  // upper case, as the law's papers and the tables write it: "IN_USE"
std::optional<State> state_from(std::string_view text);

// Who declares: HM hospital equipment manager, RAD radiology, SVC service engineer, QMP accredited test body or
// physicist, REG-H, REG-E, REG-D the health, environment and drug authorities, MFR manufacturer, AGT device agent
// (proposes only).
enum class Role : std::uint8_t { hm, rad, svc, qmp, reg_h, reg_e, reg_d, mfr, agt };
inline constexpr std::size_t role_count = 9;
std::string_view name(Role role);
std::optional<Role> role_from(std::string_view text);

using DataValue = std::variant<bool, std::int64_t, std::string>;
using DataMap = std::map<std::string, DataValue, std::less<>>;

// What a person or authority states about one device. `data` holds the facts a guard asks for (order_no, udi, serial,
// work_order, …).
struct Declaration {
    std::string event;
    std::string subject;  // device id
    std::string actor;    // account or name of who declares
    Role role = Role::hm;
    std::string org;
    std::string reason;
    std::int64_t at_ms = 0;             // when it took effect, as claimed
    std::int64_t recv_ms = 0;           // when the collector took it in
    std::vector<std::string> evidence;  // SHA-256 of each attached document, hexadecimal
    DataMap data;
    std::optional<paper::PaperFiling> paper;  // what the declaration files or withdraws

    std::optional<bool> flag(std::string_view key) const;
    std::optional<std::int64_t> number(std::string_view key) const;
    const std::string* text(std::string_view key) const;  // null when absent or no text
};

// One stretch of a device's life. It ends where the next one begins.
struct LifecycleStep {
    std::int64_t from_ms = 0;
    State state = State::none;
    std::uint64_t leaf_index = 0;
    bool operator==(const LifecycleStep&) const = default;
};

// A device keeps its latest steps at hand; older ones are in the store's intervals. Sixty-four cover about eight years
// of a scanner with four maintenance visits a year (two steps each); an observation older than the oldest step is not
// judged, but counted.
inline constexpr std::size_t lifecycle_steps_max = 64;

// What is remembered of a device's life. `cleared_to` is the last state that it lawfully reached before SUSPENDED,
// SEALED or LOST.
struct LifecycleFold {
    State state = State::none;
    std::int64_t since_ms = 0;
    State cleared_to = State::none;
    std::uint8_t sealed_by = 0;  // bit set of authorities, see seal_bit: several may seal, each lifts its own
    bool accepted = false;       // acceptance.passed at this place
    bool commissioned = false;   // commissioned at this place
    bool retest_due =
        false;  // a qc.passed is owed before use: major part, technical suspension, failed test, dose-relevant change
    bool major_part = false;     // a major part was replaced and not tested since
    bool restricted = false;     // partly down: a partial fault is open
    bool baseline = false;       // history before the first step is unknown
    bool steps_dropped = false;  // older steps than steps.front() exist
    std::vector<LifecycleStep> steps;

    bool operator==(const LifecycleFold&) const = default;
};

inline std::uint8_t seal_bit(Role role) {
    switch (role) {
        case Role::reg_h:
            return 1;
        case Role::reg_e:
            return 2;
        case Role::reg_d:
            return 4;
        default:
            return 0;
    }
}
std::vector<std::string> seal_names(std::uint8_t sealed_by);  // "REG-H", …

// The state at a moment: nullopt before the first step, or when the step has been dropped.
std::optional<State> state_at(const LifecycleFold& life, std::int64_t at_ms);
const LifecycleStep* step_at(const LifecycleFold& life, std::int64_t at_ms);  // null likewise

// Carries out what a judged declaration means: moves to `to`, keeps or clears the memory (cleared_to, seals, tests
// owed). Total and pure: the same leaf gives the same life on every replay. A step that is older than the current one
// is inserted into the past.
void apply_declared(LifecycleFold& life, const Declaration& declared, State to, std::uint64_t leaf_index);

// A major part replaced at that time, as an agent or an adapter saw it: the device owes a test, whatever is declared,
// unless it has passed one since.
void apply_observed_part(LifecycleFold& life, bool major, std::int64_t at_ms);

}  // namespace gantry
