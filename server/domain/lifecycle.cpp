#include "server/domain/lifecycle.hpp"

#include <algorithm>
#include <array>

namespace gantry {
namespace {

constexpr std::array<std::string_view, state_count> state_names = {
    "NONE",           "PLANNED",     "LICENSED", "PROCURED", "DELIVERED", "INSTALLED", "ACCEPTANCE", "READY",
    "IN_USE",         "PM",          "FAULT",    "RETEST",   "SUSPENDED", "SEALED",    "RELOCATING", "IDLE",
    "DECOMMISSIONED", "TRANSFERRED", "DISPOSED", "LOST",     "CANCELLED", "RETURNED"};

constexpr std::array<std::string_view, role_count> role_names = {"HM",    "RAD",   "SVC", "QMP", "REG-H",
                                                                 "REG-E", "REG-D", "MFR", "AGT"};

template <class Enum, std::size_t N>
std::optional<Enum> from_name(const std::array<std::string_view, N>& names, std::string_view text) {
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

bool remembers(State state) { return state == State::suspended || state == State::sealed || state == State::lost; }

// States that a device can hold only after an acceptance test at its place.
bool implies_accepted(State state) {
    switch (state) {
        case State::ready:
        case State::in_use:
        case State::pm:
        case State::fault:
        case State::retest:
        case State::idle:
            return true;
        default:
            return false;
    }
}

void forget_tests(LifecycleFold& life) {
    life.retest_due = false;
    life.major_part = false;
}

// A baseline states where an existing device stands. What its state implies is taken as claimed; nothing owed is
// forgiven by it.
void apply_baseline(LifecycleFold& life, const Declaration& declared, State to) {
    life.baseline = true;
    State stands = to;
    if (remembers(to)) {
        const std::string* text = declared.text("cleared_to");
        stands = text ? state_from(*text).value_or(State::none) : State::none;
        life.cleared_to = stands;
    }
    life.accepted = implies_accepted(stands);
    life.commissioned = life.accepted && stands != State::ready;
    life.retest_due = stands == State::retest;
    if (to == State::sealed) {
        const std::string* by = declared.text("sealed_by");
        const auto role = by ? role_from(*by) : std::nullopt;
        if (role) life.sealed_by = seal_bit(*role);
    }
}

// What an event leaves behind beside the state. Event names are those of config/lifecycle/*.toml.
void remember_event(LifecycleFold& life, const Declaration& declared, State from, State to) {
    const std::string& event = declared.event;
    const auto is_true = [&](std::string_view key) { return declared.flag(key).value_or(false); };
    if (event == "baseline.declared") return apply_baseline(life, declared, to);
    if (event == "acceptance.passed") {
        life.accepted = true;
        forget_tests(life);
    } else if (event == "commissioned") {
        life.commissioned = true;
    } else if (event == "install.completed" || event == "transfer.received") {
        life.accepted = life.commissioned = life.restricted = false;  // another place: all tests anew
    } else if (event == "qc.passed") {
        forget_tests(life);
    } else if (event == "seal.order") {
        life.sealed_by = static_cast<std::uint8_t>(life.sealed_by | seal_bit(declared.role));
    } else if (event == "seal.lifted") {
        life.sealed_by = static_cast<std::uint8_t>(life.sealed_by & ~seal_bit(declared.role));
    } else if (event == "confiscate.order") {
        life.sealed_by = 0;
    } else if (event == "part.replaced" || event == "repair.completed") {
        if (is_true("major")) life.major_part = life.retest_due = true;
        if (event == "repair.completed") life.restricted = false;
    } else if (event == "fault.reported") {
        const std::string* severity = declared.text("severity");
        life.restricted = severity && *severity == "partial";
    } else if (event == "pm.completed") {
        life.restricted = false;
    } else if (event == "status_test.failed" || event == "qc.failed") {
        life.retest_due = true;
    } else if (event == "suspend") {
        if (is_true("technical")) life.retest_due = true;
    }
    if (to == State::retest && from != State::retest) life.retest_due = true;
}

void keep_cleared_to(LifecycleFold& life, State from, State to) {
    if (remembers(to)) {
        if (!remembers(from)) life.cleared_to = from;
    } else {
        life.cleared_to = State::none;
    }
}

// Steps are ordered by time; a later leaf of the same moment comes after. The oldest goes when there is no room.
void insert_step(LifecycleFold& life, const LifecycleStep& step) {
    const auto place = std::ranges::upper_bound(life.steps, step.from_ms, {}, &LifecycleStep::from_ms);
    life.steps.insert(place, step);
    if (life.steps.size() > lifecycle_steps_max) {
        life.steps.erase(life.steps.begin());
        life.steps_dropped = true;
    }
}

}  // namespace

std::string_view name(State state) { return state_names[static_cast<std::size_t>(state)]; }
std::optional<State> state_from(std::string_view text) { return from_name<State>(state_names, text); }
std::string_view name(Role role) { return role_names[static_cast<std::size_t>(role)]; }
std::optional<Role> role_from(std::string_view text) { return from_name<Role>(role_names, text); }

std::optional<bool> Declaration::flag(std::string_view key) const {
    const auto found = data.find(key);
    if (found == data.end() || !std::holds_alternative<bool>(found->second)) return std::nullopt;
    return std::get<bool>(found->second);
}

std::optional<std::int64_t> Declaration::number(std::string_view key) const {
    const auto found = data.find(key);
    if (found == data.end() || !std::holds_alternative<std::int64_t>(found->second)) return std::nullopt;
    return std::get<std::int64_t>(found->second);
}

const std::string* Declaration::text(std::string_view key) const {
    const auto found = data.find(key);
    return found == data.end() ? nullptr : std::get_if<std::string>(&found->second);
}

std::vector<std::string> seal_names(std::uint8_t sealed_by) {
    std::vector<std::string> out;
    for (const Role role : {Role::reg_d, Role::reg_e, Role::reg_h}) {
        if (sealed_by & seal_bit(role)) out.emplace_back(name(role));
    }
    return out;
}

const LifecycleStep* step_at(const LifecycleFold& life, std::int64_t at_ms) {
    const auto after = std::ranges::upper_bound(life.steps, at_ms, {}, &LifecycleStep::from_ms);
    return after == life.steps.begin() ? nullptr : &*std::prev(after);
}

std::optional<State> state_at(const LifecycleFold& life, std::int64_t at_ms) {
    const LifecycleStep* step = step_at(life, at_ms);
    return step ? std::optional{step->state} : std::nullopt;
}

void apply_declared(LifecycleFold& life, const Declaration& declared, State to, std::uint64_t leaf_index) {
    const State from = life.state;
    const bool late = !life.steps.empty() && declared.at_ms < life.since_ms;
    if (late && from != to) {  // the present, and what is remembered for it, stays what later events made it
        insert_step(life, {declared.at_ms, to, leaf_index});
        return;
    }
    remember_event(life, declared, from, to);
    if (from == to && !life.steps.empty()) return;
    if (declared.event != "baseline.declared") keep_cleared_to(life, from, to);
    insert_step(life, {declared.at_ms, to, leaf_index});
    life.state = to;
    life.since_ms = declared.at_ms;
}

void apply_observed_part(LifecycleFold& life, bool major, std::int64_t at_ms) {
    if (!major) return;
    // A record may come after the test that its part owed: then the device left a test state since.
    const auto since = std::ranges::upper_bound(life.steps, at_ms, {}, &LifecycleStep::from_ms);
    for (auto step = since; step != life.steps.end(); ++step) {
        if (step == life.steps.begin()) continue;
        const State before = std::prev(step)->state;
        const bool tested = (before == State::retest || before == State::acceptance) &&
                            (step->state == State::in_use || step->state == State::ready);
        if (tested) return;
    }
    life.major_part = life.retest_due = true;
}

}  // namespace gantry
