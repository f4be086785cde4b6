#include "server/domain/lifecycle_guards.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace gantry {
namespace {

using Context = const GuardContext&;
using Answer = std::optional<Refused>;

Answer refused(std::string got, std::string want, std::string missing, std::string who) {
    return Refused{{}, std::move(got), std::move(want), std::move(missing), std::move(who)};
}

std::string declarer(Context c) { return std::string{name(c.declared.role)}; }

// A text that `data` must hold.
Answer want_text(Context c, std::string_view key, std::string_view meaning) {
    const std::string* found = c.declared.text(key);
    if (found && !found->empty()) return {};
    const std::string place = "data." + std::string{key};
    return refused("no " + place, place + ": " + std::string{meaning}, place, declarer(c));
}

// A statement that `data` must make with true.
Answer want_true(Context c, std::string_view key, std::string_view meaning) {
    if (c.declared.flag(key).value_or(false)) return {};
    const std::string place = "data." + std::string{key};
    return refused(place + " not true", place + " = true: " + std::string{meaning}, place, declarer(c));
}

// A text out of a closed list.
Answer want_one_of(Context c, std::string_view key, std::initializer_list<std::string_view> allowed) {
    const std::string* found = c.declared.text(key);
    if (found && std::ranges::find(allowed, *found) != allowed.end()) return {};
    const std::string place = "data." + std::string{key};
    std::string want;
    for (const std::string_view item : allowed) want += (want.empty() ? "" : ", ") + std::string{item};
    return refused(found ? place + " = " + *found : "no " + place, place + " one of: " + want, place, declarer(c));
}

Answer reason_given(Context c) {
    if (!c.declared.reason.empty()) return {};
    return refused("no reason", "a reason in words", "reason", declarer(c));
}
Answer document_attached(Context c) {
    if (!c.declared.evidence.empty()) return {};
    return refused("no evidence", "the SHA-256 of at least one document", "evidence", declarer(c));
}
Answer order_number(Context c) { return want_text(c, "order_no", "the number of the order"); }
Answer work_order(Context c) { return want_text(c, "work_order", "the number of the work order"); }
Answer change_record(Context c) { return want_text(c, "change_no", "the number of the change record"); }
Answer predecessor_named(Context c) { return want_text(c, "predecessor", "register id at the former owner"); }
Answer udi_and_serial(Context c) {
    if (auto missing = want_text(c, "udi", "the UDI as read from the label")) return missing;
    return want_text(c, "serial", "the serial number as read from the device");
}
Answer suspend_reason(Context c) {
    return want_one_of(c, "reason_code", {"hazard", "recall", "permit_lapse", "staff", "works"});
}
Answer fault_severity(Context c) { return want_one_of(c, "severity", {"hard", "partial", "safety"}); }
Answer outcome_named(Context c) { return want_one_of(c, "to", {"IDLE", "DECOMMISSIONED"}); }
Answer dose_or_image(Context c) { return want_one_of(c, "effect", {"dose_or_image"}); }
Answer part_named(Context c) {
    if (auto missing = want_text(c, "part", "which part")) return missing;
    if (auto missing = want_text(c, "new_serial", "serial of the new part")) return missing;
    if (c.declared.flag("major")) return {};
    return refused("no data.major", "data.major: true or false", "data.major", declarer(c));
}
Answer corrected_event(Context c) {
    if (c.declared.number("event_id").value_or(-1) >= 0) return {};
    return refused("no data.event_id", "data.event_id: log index of the corrected event", "data.event_id", declarer(c));
}
Answer beam_disabled(Context c) { return want_true(c, "beam_disabled", "the tube is disconnected"); }
Answer counters_recorded(Context c) { return want_true(c, "counters_recorded", "the final counters are recorded"); }
Answer data_wiped(Context c) { return want_true(c, "data_wiped", "patient data is erased, with certificate"); }

Answer same_authority(Context c) {
    if (c.life.sealed_by & seal_bit(c.declared.role)) return {};
    std::string sealers;
    for (const std::string& sealer : seal_names(c.life.sealed_by)) sealers += (sealers.empty() ? "" : ", ") + sealer;
    return refused(declarer(c), "the authority that sealed: " + sealers, "order of " + sealers, sealers);
}
Answer no_major_part(Context c) {
    if (!c.life.major_part) return {};
    return refused("a major part was replaced", "no major part replaced since the last test",
                   "repair.completed, then qc.passed", "SVC, QMP");
}
Answer no_retest_due(Context c) {
    if (!c.life.retest_due) return {};
    return refused("a test is owed", "no test owed since the last repair, change or hazard", "qc.passed", "QMP");
}
Answer accepted_here(Context c) {
    if (c.life.accepted) return {};
    return refused("no acceptance at this place", "acceptance.passed at this place", "acceptance.passed", "QMP");
}
Answer technical_suspension(Context c) {
    if (c.life.retest_due) return {};
    return refused("suspended for another reason", "a suspension with a technical reason", "resume", "HM");
}
Answer no_patient_exposure(Context c) {
    if (c.facts.patient_exposures == 0) return {};
    return refused(std::to_string(c.facts.patient_exposures) + " patient exposures", "none", "decommission.approved",
                   "HM");
}

bool needs_cleared_to(State state) {
    return state == State::suspended || state == State::sealed || state == State::lost;
}

Answer baseline_state(Context c) {
    const std::string* text = c.declared.text("state");
    const auto state = text ? state_from(*text) : std::nullopt;
    if (!state || *state == State::none)
        return refused(text ? "data.state = " + *text : "no data.state", "data.state: a state of the table",
                       "data.state", "HM");
    if (needs_cleared_to(*state)) {
        const std::string* before = c.declared.text("cleared_to");
        const auto cleared = before ? state_from(*before) : std::nullopt;
        if (!cleared || *cleared == State::none || needs_cleared_to(*cleared) || c.table.rule(*cleared).final_state)
            return refused(before ? "data.cleared_to = " + *before : "no data.cleared_to",
                           "data.cleared_to: the last state it lawfully reached", "data.cleared_to", "HM");
    }
    if (*state != State::sealed) return {};
    return want_one_of(c, "sealed_by", {"REG-H", "REG-E", "REG-D"});
}

constexpr NamedGuard guards[] = {
    {"reason_given", reason_given},
    {"document_attached", document_attached},
    {"order_number", order_number},
    {"work_order", work_order},
    {"udi_and_serial", udi_and_serial},
    {"suspend_reason", suspend_reason},
    {"fault_severity", fault_severity},
    {"part_named", part_named},
    {"dose_or_image", dose_or_image},
    {"change_record", change_record},
    {"same_authority", same_authority},
    {"no_major_part", no_major_part},
    {"no_retest_due", no_retest_due},
    {"accepted_here", accepted_here},
    {"technical_suspension", technical_suspension},
    {"outcome_named", outcome_named},
    {"no_patient_exposure", no_patient_exposure},
    {"beam_disabled", beam_disabled},
    {"counters_recorded", counters_recorded},
    {"data_wiped", data_wiped},
    {"predecessor_named", predecessor_named},
    {"corrected_event", corrected_event},
    {"baseline_state", baseline_state},
    // These need registers that do not exist yet: permits, schedules, accreditations, staff, recalls, documents by
    // kind.
    {"need_statement"},
    {"in_catalogue"},
    {"not_in_catalogue"},
    {"supplier_qualified"},
    {"registration_valid"},
    {"model_as_licensed"},
    {"incoming_check"},
    {"shielding_reviewed"},
    {"installer_authorised"},
    {"all_items_pass"},
    {"tester_accredited"},
    {"instrument_calibrated"},
    {"site_protection_accepted"},
    {"permits_in_force"},
    {"no_stop_use_recall"},
    {"operator_qualified"},
    {"baseline_values_stored"},
    {"pm_plan_stored"},
    {"checklist_complete"},
    {"function_check"},
    {"test_covers_items"},
    {"reason_closed"},
    {"rectification_accepted"},
    {"room_reviewed"},
    {"permit_reapplied"},
    {"xray_isolated"},
    {"last_test_passed"},
    {"not_obsolete"},
    {"receiver_permits"},
    {"recycler_certified"},
    {"materials_handled"},
    {"permit_cancelled"},
    {"permits_surrendered"},
};

bool always(Context) { return true; }

bool repair_major(Context c) {
    return c.life.retest_due || c.life.major_part || c.declared.flag("major").value_or(false);
}
bool repair_minor(Context c) { return !repair_major(c); }

// Out of use for a technical reason, with a test owed, or for very long: a test comes before patients. A device that
// stood in FAULT or below its acceptance goes back to where it stood; the rows there ask for the test.
bool resume_retest(Context c) {
    const State before = c.life.cleared_to;
    if (before != State::in_use && before != State::ready && before != State::pm && before != State::retest)
        return false;
    if (!c.life.accepted) return false;
    constexpr std::int64_t day_ms = 86'400'000;
    const bool long_ago = c.declared.at_ms - c.life.since_ms > c.table.resume_retest_after_days() * day_ms;
    return c.life.retest_due || (long_ago && before == State::in_use);
}
bool resume_in_use(Context c) { return c.life.cleared_to == State::in_use && !resume_retest(c); }
bool resume_cleared(Context c) { return !resume_in_use(c) && !resume_retest(c); }

bool to_idle(Context c) {
    const std::string* to = c.declared.text("to");
    return to && *to == "IDLE";
}
bool to_decommissioned(Context c) { return !to_idle(c); }

bool fault_partial(Context c) {
    const std::string* severity = c.declared.text("severity");
    return severity && *severity == "partial";
}
bool fault_stops(Context c) { return !fault_partial(c); }

bool was_commissioned(Context c) { return c.life.commissioned; }
bool not_commissioned(Context c) { return !c.life.commissioned; }

bool seal_ends(Context c) { return (c.life.sealed_by & ~seal_bit(c.declared.role)) == 0; }
bool seal_remains(Context c) { return !seal_ends(c); }

bool still_sealed(Context c) { return c.life.sealed_by != 0; }
bool unsealed(Context c) { return c.life.sealed_by == 0; }

constexpr NamedChoice choices[] = {
    {"always", "always", always},
    {"any_baseline", "baseline", always},
    {"repair_minor", "repair", repair_minor},
    {"repair_major", "repair", repair_major},
    {"resume_in_use", "resume", resume_in_use},
    {"resume_retest", "resume", resume_retest},
    {"resume_cleared", "resume", resume_cleared},
    {"to_idle", "outcome", to_idle},
    {"to_decommissioned", "outcome", to_decommissioned},
    {"fault_stops", "fault", fault_stops},
    {"fault_partial", "fault", fault_partial},
    {"was_commissioned", "commissioned", was_commissioned},
    {"not_commissioned", "commissioned", not_commissioned},
    {"seal_ends", "seal", seal_ends},
    {"seal_remains", "seal", seal_remains},
    {"unsealed", "found", unsealed},
    {"still_sealed", "found", still_sealed},
};

template <class Named>
const Named* find_named(std::span<const Named> all, std::string_view name) {
    const auto found = std::ranges::find(all, name, &Named::name);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

std::span<const NamedGuard> all_guards() { return guards; }
const NamedGuard* find_guard(std::string_view name) { return find_named(all_guards(), name); }
std::span<const NamedChoice> all_choices() { return choices; }
const NamedChoice* find_choice(std::string_view name) { return find_named(all_choices(), name); }

}  // namespace gantry
