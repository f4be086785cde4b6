#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/domain/lifecycle.hpp"

// The dated table of who may declare what, in which state, under which guards: config/lifecycle/<modality>.toml,
// checked whole when it is loaded. Observations are never asked; only declarations can be refused.
namespace gantry {

enum class Permission : std::uint8_t { allowed, forbidden };
enum class ServiceUse : std::uint8_t { allowed, forbidden, in_work_order, with_reason, by_order };
enum class Presence : std::uint8_t { expected, not_expected, heartbeat_only, question, critical };

// What a state forbids. `patient_rule` and `service_rule` name the violation that forbidden use is.
struct StateRule {
    Permission patient_exposure = Permission::allowed;
    ServiceUse service_exposure = ServiceUse::allowed;
    bool billing = true;
    std::string move;
    Presence agent = Presence::expected;
    std::string patient_rule;
    std::string service_rule;
    std::string presence_rule;  // for `critical`: any sign of life is this violation
    bool final_state = false;
    std::string text_en;
    std::string text_zh;
};

// A row's target: a state, "@same" (no move), "@cleared_to" (back to where it stood) or "@baseline" (what the
// declaration says).
enum class Target : std::uint8_t { state, same, cleared_to, baseline };

struct TransitionRow {
    State from = State::none;
    std::string event;
    std::string when;  // choice guard: of the rows of one (state, event) exactly one holds
    Target target = Target::state;
    State to = State::none;
    std::vector<Role> actors;             // any one of these
    std::vector<Role> countersigners;     // each of these signs too, by a `countersigned` of its own
    std::vector<std::string> need;        // guards; all must hold
    std::vector<std::string> evidence;    // kinds of documents that belong to it
    std::vector<std::string> set, clear;  // flags beside the state that it raises and takes back
    bool owes_test = false;               // a qc.passed is owed from here on
    std::string basis;
    int line = 0;
    std::string file;  // in which the line is
};

// A condition beside the state that only some modalities know.
struct FlagRule {
    std::optional<std::int64_t> lasts_ms;  // runs out by itself; none: stands until it is cleared
    bool blocks_patients = false;          // while it stands patients may not be exposed
    bool needed_for_patients = false;      // in use, patients may be exposed only while it stands
    std::string patient_rule;              // the violation that such an exposure is
    std::string text_en, text_zh;
};

// Figures of law and policy that guards compare with.
struct LifecyclePolicy {
    std::int64_t resume_retest_after_days = 0;
    std::int64_t calibration_days = 731;        // an instrument's calibration counts for so long
    std::int64_t operator_dosimetry_days = 90;  // since the last personal dosimetry reading
    std::int64_t operator_health_days = 730;    // since the last health check
    std::int64_t countersign_days = 30;         // until a countersignature is overdue
    struct NeededPermit {
        std::string kind;      // radiation_safety, radiodiagnosis
        std::string category;  // as permits name it
    };
    std::vector<NeededPermit> permits;  // that use needs; none: it needs none
};

// Taken: the row's target. `outstanding` names the countersignatures that it still owes; `overtakes` the log indexes of
// later events that no longer have an effect because of it.
struct Moved {
    State from = State::none;
    State to = State::none;
    std::vector<Role> outstanding{};
    std::vector<std::uint64_t> overtakes{};
};

// Not taken: which guard, what it found, what it wants, what is missing and who could supply it.
struct Refused {
    std::string guard;
    std::string got;
    std::string want;
    std::string missing;
    std::string who;

    std::string message() const { return guard + ": got " + got + ", want " + want; }
};

using Judgement = std::variant<Moved, Refused>;

struct DeviceFacts;  // lifecycle_facts.hpp

// A table may be a list of differences to another: `base = "ct.toml"`, which may be one itself. What is kept and hashed
// is one text: its own, then a line that begins with this mark and names the base, then the base's text.
inline constexpr std::string_view table_base_mark = "#! base ";
// The file that a table's text names as its base; empty: none, or no TOML.
std::string base_of_table(std::string_view toml);
std::string table_with_base(std::string_view toml, std::string_view base_name, std::string_view base_toml);

class LifecycleTable {
public:
    // Checks everything: names, every state reachable, choices disjoint and complete, exits as the invariants demand.
    // An error is "file:line: reason", of the base's file where the mistake is there.
    static Result<LifecycleTable> parse(std::string_view toml, std::string_view file_name);

    const std::string& modality() const { return modality_; }
    std::int64_t version() const { return version_; }
    const std::string& valid_from() const { return valid_from_; }
    std::string id() const { return modality_ + "/" + std::to_string(version_); }  // as declarations quote it
    const LifecyclePolicy& policy() const { return policy_; }
    const std::string& power_off() const { return power_off_; }  // normal, standby or alarm

    const StateRule& rule(State state) const { return rules_[static_cast<std::size_t>(state)]; }
    const std::vector<TransitionRow>& rows() const { return rows_; }
    // Guard names that its rows may need.
    const std::vector<std::string>& guards() const { return guards_; }
    const std::map<std::string, FlagRule, std::less<>>& flags() const { return flags_; }
    std::vector<std::string> allowed_events(State state) const;  // in the order of the table, each once

    // The table that judges what takes effect at a moment: this one, or the one that it took the place of and that held
    // then. The oldest one judges what came before all of them.
    const LifecycleTable& at(std::int64_t at_ms) const;
    // This table with those that it took the place of behind it.
    LifecycleTable with_before(std::shared_ptr<const LifecycleTable> before) const;
    std::int64_t valid_from_ms() const { return valid_from_ms_; }

private:
    friend struct TableLoader;
    std::string modality_;
    std::int64_t version_ = 0;
    std::string valid_from_;
    std::int64_t valid_from_ms_ = 0;
    LifecyclePolicy policy_;
    std::string power_off_;
    std::array<StateRule, state_count> rules_{};
    std::vector<TransitionRow> rows_;
    std::vector<std::string> guards_;
    std::map<std::string, FlagRule, std::less<>> flags_;
    std::shared_ptr<const LifecycleTable> before_;
};

// The name under which the table of a modality is kept, however the register writes it: "MR" and "mri" are one,
// "PET/CT", "PT" and "pet-ct" another.
std::string table_key(std::string_view modality);

// Whether the declaration may be made of this device: by the table and the standing of the moment at which it takes
// effect, also when that is past. Pure; the caller carries it out with apply_declared.
Judgement judge(const LifecycleTable& table, const LifecycleFold& life, const DeviceFacts& facts,
                const Declaration& declared);

}  // namespace gantry
