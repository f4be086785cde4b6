#pragma once

#include <array>
#include <cstdint>
#include <map>
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
    std::vector<Role> actors;           // any one of these
    std::vector<Role> countersigners;   // each of these signs too; recorded, not yet judged
    std::vector<std::string> need;      // guards; all must hold
    std::vector<std::string> evidence;  // kinds of documents that belong to it
    std::string basis;
    int line = 0;
};

// Taken: the row's target. `unjudged` names the guards that accepted without judging (permits and schedules are not
// here yet).
struct Moved {
    State from = State::none;
    State to = State::none;
    std::vector<std::string> unjudged;
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

// Facts about the device that guards ask for beside its life.
struct DeviceFacts {
    std::uint64_t patient_exposures = 0;
};

class LifecycleTable {
public:
    // Checks everything: names, every state reachable, choices disjoint and complete, exits as the invariants demand.
    // An error is "file:line: reason".
    static Result<LifecycleTable> parse(std::string_view toml, std::string_view file_name);

    const std::string& modality() const { return modality_; }
    std::int64_t version() const { return version_; }
    const std::string& valid_from() const { return valid_from_; }
    std::string id() const { return modality_ + "/" + std::to_string(version_); }  // as declarations quote it
    std::int64_t resume_retest_after_days() const { return resume_retest_after_days_; }

    const StateRule& rule(State state) const { return rules_[static_cast<std::size_t>(state)]; }
    const std::vector<TransitionRow>& rows() const { return rows_; }
    // Guard name -> whether it is judged now (false: accepts for the time being).
    const std::map<std::string, bool, std::less<>>& guards() const { return guards_; }
    std::vector<std::string> allowed_events(State state) const;  // in the order of the table, each once

private:
    friend struct TableLoader;
    std::string modality_;
    std::int64_t version_ = 0;
    std::string valid_from_;
    std::int64_t resume_retest_after_days_ = 0;
    std::array<StateRule, state_count> rules_{};
    std::vector<TransitionRow> rows_;
    std::map<std::string, bool, std::less<>> guards_;
};

// Whether the declaration may be made of this device now. Pure; the caller carries it out with apply_declared.
Judgement judge(const LifecycleTable& table, const LifecycleFold& life, const DeviceFacts& facts,
                const Declaration& declared);

}  // namespace gantry
