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

// A named condition beside the state, as the table of the modality knows it: a magnet that is off, a device that is
// released for the day.
struct FlagSpan {
    std::string flag;
    std::int64_t from_ms = 0;
    std::optional<std::int64_t> to_ms;  // none: until further notice
    std::uint64_t leaf_index = 0;
    bool holds(std::int64_t at_ms) const { return from_ms <= at_ms && (!to_ms || at_ms < *to_ms); }
    bool operator==(const FlagSpan&) const = default;
};

inline constexpr std::size_t parts_due_max = 16;  // replaced parts that a test must cover; beyond: "other"

// Where a life stands at a moment, and what is remembered for what may come. `cleared_to` is the last state that it
// lawfully reached before SUSPENDED, SEALED or LOST.
struct Standing {
    State state = State::none;
    std::int64_t since_ms = 0;
    State cleared_to = State::none;
    std::uint8_t sealed_by = 0;  // bit set of authorities, see seal_bit: several may seal, each lifts its own
    bool accepted = false;       // acceptance.passed at this place
    bool commissioned = false;   // commissioned at this place
    bool retest_due =
        false;  // a qc.passed is owed before use: major part, technical suspension, failed test, dose-relevant change
    bool major_part = false;         // a major part was replaced and not tested since
    bool restricted = false;         // partly down: a partial fault is open
    bool baseline = false;           // history before the first step is unknown
    std::vector<std::string> parts;  // the major parts replaced since the last test, sorted
    std::vector<FlagSpan> flags;     // set and not cleared, sorted by name; some have run out

    bool has_flag(std::string_view flag, std::int64_t at_ms) const;
    bool operator==(const Standing&) const = default;
};

// A declared event, or a part that an agent saw replaced, as the fold keeps it: all that its effect depends
// on.
struct LifeEvent {
    std::int64_t at_ms = 0;    // when it took effect, as claimed, or as a correction says
    std::int64_t recv_ms = 0;  // when the collector took it in: deadlines count from the later of the two
    std::uint64_t leaf = 0;
    std::string event;
    Role role = Role::hm;
    State from = State::none, to = State::none;  // as judged when it entered the log
    bool major = false;                          // a major part; likewise what the declaration's data said of the rest
    bool technical = false;
    bool partial = false;
    bool to_idle = false;
    bool observed = false;           // seen by an agent, declared by nobody
    bool withdrawn = false;          // by a correction
    State cleared_to = State::none;  // of a baseline
    std::uint8_t sealed_by = 0;      // of a baseline
    std::string part;                // that was replaced
    std::uint16_t owes = 0;          // roles whose countersignature is outstanding, see role_bit

    State after = State::none;  // derived: the state that it leads to
    bool stands = true;         // derived: false when withdrawn, or overtaken by what became known later

    bool operator==(const LifeEvent&) const = default;
};

// A device keeps its latest events at hand; older ones are folded into one standing and cannot be re-derived any more.
// Sixty-four cover about eight years of a scanner with four maintenance visits a year (two events each); an observation
// older than the oldest step is not judged, but counted.
inline constexpr std::size_t life_events_max = 64;

// A device's life: a fold of its events in the order of their effect, whatever the order in which they became known.
// The Standing that it is holds as of the latest event.
struct LifecycleFold : Standing {
    Standing base;                     // after the events that are not kept any more
    std::int64_t base_ms = 0;          // the latest of them; 0: none
    std::uint64_t base_leaf = 0;       // what began the state of `base`
    std::int64_t flags_known_ms = 0;   // flags before this are not kept
    std::vector<LifeEvent> events;     // by (at_ms, leaf)
    std::vector<LifecycleStep> steps;  // derived: the states, without those that lasted no time
    std::vector<FlagSpan> flag_spans;  // derived: every flag's stretches

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

inline std::uint16_t role_bit(Role role) { return static_cast<std::uint16_t>(1U << static_cast<unsigned>(role)); }
inline bool gives_orders(Role role) { return seal_bit(role) != 0; }

// The state at a moment: nullopt before the first step, or when the step has been dropped.
std::optional<State> state_at(const LifecycleFold& life, std::int64_t at_ms);
const LifecycleStep* step_at(const LifecycleFold& life, std::int64_t at_ms);  // null likewise

// Names of events that are about another event, named by data.event_id (its log index), and move nothing by themselves.
inline constexpr std::string_view correction_event = "correction";
inline constexpr std::string_view countersigned_event = "countersigned";

// A declaration as the fold keeps it. `from`, `to` and `owes` are the judgement's and left at their defaults.
LifeEvent life_event_of(const Declaration& declared);

}  // namespace gantry
