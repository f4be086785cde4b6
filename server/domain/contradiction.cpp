#include "server/domain/fold.hpp"

// Observations against the declared life. What a state forbids is data of the lifecycle table.
namespace gantry {
namespace {

FindingCandidate found_in(const LifecycleStep& step, std::string rule, Severity severity, bool suspected,
                          std::int64_t at_ms) {
    return {.rule = std::move(rule),
            .severity = severity,
            .suspected = suspected,
            .state = step.state,
            .state_since_ms = step.from_ms,
            .at_ms = at_ms};
}

bool flag_stands(const LifecycleFold& life, std::string_view flag, std::int64_t at_ms) {
    for (const FlagSpan& span : life.flag_spans)
        if (span.flag == flag && span.holds(at_ms)) return true;
    return false;
}

// A condition beside the state that forbids patients, or one that is missing: empty when none. Not judged where flags
// are not kept any more.
std::string rule_of_flags(const LifecycleFold& life, const LifecycleTable& table, State state, std::int64_t at_ms) {
    if (table.flags().empty() || at_ms < life.flags_known_ms) return {};
    for (const auto& [flag, rule] : table.flags()) {
        const bool stands = flag_stands(life, flag, at_ms);
        if (rule.blocks_patients && stands) return rule.patient_rule;
        if (rule.needed_for_patients && state == State::in_use && !stands) return rule.patient_rule;
    }
    return {};
}

}  // namespace

std::optional<FindingCandidate> presence_contradicts(const LifecycleFold& life, const LifecycleTable& tables,
                                                     std::int64_t at_ms) {
    const LifecycleStep* step = step_at(life, at_ms);
    if (!step) return {};
    const StateRule& rule = tables.at(at_ms).rule(step->state);
    if (rule.agent != Presence::critical) return {};
    return found_in(*step, rule.presence_rule, Severity::critical, false, at_ms);
}

std::optional<FindingCandidate> exposure_contradicts(const LifecycleFold& life, const LifecycleTable& tables,
                                                     const UseBody& use, std::int64_t at_ms) {
    const LifecycleStep* step = step_at(life, at_ms);
    if (!step) return {};
    const LifecycleTable& table = tables.at(at_ms);
    const StateRule& rule = table.rule(step->state);
    const bool known_other = use.purpose == "phantom" || use.purpose == "service";
    if (!known_other) {
        std::string patient_rule = rule.patient_exposure == Permission::forbidden
                                       ? rule.patient_rule
                                       : rule_of_flags(life, table, step->state, at_ms);
        if (patient_rule.empty()) return {};
        return found_in(*step, std::move(patient_rule), Severity::critical, use.purpose != "patient", at_ms);
    }
    if (rule.service_rule.empty()) return {};
    const bool grave = step->state == State::sealed || rule.agent == Presence::critical;
    return found_in(*step, rule.service_rule, grave ? Severity::critical : Severity::high, false, at_ms);
}

std::optional<FindingCandidate> power_off_alarms(const LifecycleFold& life, const LifecycleTable& tables,
                                                 std::int64_t at_ms) {
    const LifecycleStep* step = step_at(life, at_ms);
    if (!step || tables.at(at_ms).power_off() != "alarm") return {};
    // A magnet that was run down loses nothing.
    if (flag_stands(life, "magnet_off", at_ms) || tables.at(at_ms).rule(step->state).agent != Presence::expected)
        return {};
    FindingCandidate found = found_in(*step, std::string{power_off_rule}, Severity::high, false, at_ms);
    found.kind = "warning";
    return found;
}

}  // namespace gantry
