#include "server/domain/lifecycle_guards.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace gantry {
namespace guards {

std::optional<Refused> refused(std::string got, std::string want, std::string missing, std::string who) {
    return Refused{{}, std::move(got), std::move(want), std::move(missing), std::move(who)};
}

std::string declarer(const GuardContext& c) { return std::string{name(c.declared.role)}; }

std::optional<Refused> want_text(const GuardContext& c, std::string_view key, std::string_view meaning) {
    const std::string* found = c.declared.text(key);
    if (found && !found->empty()) return {};
    const std::string place = "data." + std::string{key};
    return refused("no " + place, place + ": " + std::string{meaning}, place, declarer(c));
}

std::optional<Refused> want_true(const GuardContext& c, std::string_view key, std::string_view meaning) {
    if (c.declared.flag(key).value_or(false)) return {};
    const std::string place = "data." + std::string{key};
    return refused(place + " not true", place + " = true: " + std::string{meaning}, place, declarer(c));
}

}  // namespace guards

namespace {

using namespace guards;
using Context = const GuardContext&;
using Answer = std::optional<Refused>;

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

const LifeEvent* named_event(Context c) {
    const auto leaf = c.declared.number("event_id");
    const auto found = std::ranges::find_if(c.whole.events, [&](const LifeEvent& e) {
        return leaf && *leaf >= 0 && e.leaf == static_cast<std::uint64_t>(*leaf) && !e.observed;
    });
    return found == c.whole.events.end() ? nullptr : &*found;
}

Answer want_event(Context c, std::string_view what) {
    if (!c.declared.number("event_id"))
        return refused("no data.event_id", "data.event_id: log index of the event " + std::string{what},
                       "data.event_id", declarer(c));
    return refused("data.event_id = " + std::to_string(*c.declared.number("event_id")),
                   "the log index of a declaration of this device's life that is still kept at hand", "data.event_id",
                   declarer(c));
}

// Who declared it corrects it, or an authority does; what an authority ordered only that authority corrects.
Answer corrected_event(Context c) {
    const LifeEvent* event = named_event(c);
    if (!event) return want_event(c, "that is corrected");
    if (event->withdrawn)
        return refused(event->event + " was withdrawn already", "an event that stands", "data.event_id", declarer(c));
    const bool own = c.declared.role == event->role;
    if (!own && (gives_orders(event->role) || !gives_orders(c.declared.role)))
        return refused(declarer(c) + " corrects what " + std::string{name(event->role)} + " declared",
                       gives_orders(event->role) ? "the authority that ordered it" : "who declared it, or an authority",
                       "role", std::string{name(event->role)} + (gives_orders(event->role) ? "" : ", REG-H"));
    if (!c.declared.text("action")) return {};
    return want_one_of(c, "action", {"withdraw", "retime", "amend"});
}

Answer signature_owed(Context c) {
    const LifeEvent* event = named_event(c);
    if (!event) return want_event(c, "that is signed");
    if (event->owes & role_bit(c.declared.role)) return {};
    std::string owing;
    for (std::size_t i = 0; i < role_count; ++i)
        if (event->owes & role_bit(static_cast<Role>(i)))
            owing += (owing.empty() ? "" : ", ") + std::string{name(static_cast<Role>(i))};
    return refused(declarer(c), owing.empty() ? "an event that owes a countersignature" : "one of: " + owing, "role",
                   owing);
}

// What no paper tells is stated, and so becomes evidence.
Answer incoming_check(Context c) { return want_true(c, "incoming_check", "what was delivered was checked"); }
Answer function_check(Context c) {
    return want_true(c, "function_check", "the function check after the repair passed");
}
Answer reason_closed(Context c) { return want_true(c, "reason_closed", "the reason of the suspension is settled"); }
Answer rectification_accepted(Context c) {
    return want_true(c, "rectification_accepted", "the authority accepts what was put right");
}
Answer xray_isolated(Context c) { return want_true(c, "isolated", "X-ray is disabled, or the power isolated"); }
Answer materials_handled(Context c) {
    return want_true(c, "materials_handled", "lead, oil, beryllium and other hazardous parts went to their disposal");
}
Answer sources_returned(Context c) {
    return want_true(c, "sources_returned",
                     "the radioactive sources went back or to the waste store, and it was filed");
}
Answer magnet_safe(Context c) {
    return want_true(c, "magnet_off", "the field is off and the helium is vented or kept");
}
Answer helium_level(Context c) {
    if (c.declared.number("helium_permille").value_or(-1) >= 0) return {};
    return refused("no data.helium_permille", "data.helium_permille: how full the magnet is, in thousandths",
                   "data.helium_permille", declarer(c));
}
Answer qa_passed(Context c) { return want_true(c, "qa_passed", "every item of the morning check is in its limits"); }
Answer beam_disabled(Context c) { return want_true(c, "beam_disabled", "the tube is disconnected"); }
Answer counters_recorded(Context c) { return want_true(c, "counters_recorded", "the final counters are recorded"); }
Answer data_wiped(Context c) { return want_true(c, "data_wiped", "patient data is erased, with certificate"); }

Answer same_authority(Context c) {
    if (c.life.sealed_by & seal_bit(c.event.role)) return {};
    std::string sealers;
    for (const std::string& sealer : seal_names(c.life.sealed_by)) sealers += (sealers.empty() ? "" : ", ") + sealer;
    return refused(std::string{name(c.event.role)}, "the authority that sealed: " + sealers, "order of " + sealers,
                   sealers);
}
std::string parts_text(const Standing& life) {
    std::string out;
    for (const std::string& part : life.parts) out += (out.empty() ? ": " : ", ") + part;
    return out;
}
Answer no_major_part(Context c) {
    if (!c.life.major_part) return {};
    return refused("a major part was replaced" + parts_text(c.life), "no major part replaced since the last test",
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
// No condition stands that forbids patients by itself: a magnet that is off, sources that are handled.
Answer no_blocking_flag(Context c) {
    for (const FlagSpan& span : c.life.flags) {
        const auto rule = c.table.flags().find(span.flag);
        if (rule != c.table.flags().end() && rule->second.blocks_patients && span.holds(c.event.at_ms))
            return refused(span.flag, "no " + span.flag, "the event that ends it", "SVC");
    }
    return {};
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

constexpr NamedGuard named[] = {
    {"reason_given", reason_given},
    {"document_attached", document_attached},
    {"order_number", order_number},
    {"udi_and_serial", udi_and_serial},
    {"suspend_reason", suspend_reason},
    {"fault_severity", fault_severity},
    {"part_named", part_named},
    {"dose_or_image", dose_or_image},
    {"change_record", change_record},
    {"outcome_named", outcome_named},
    {"no_patient_exposure", no_patient_exposure},
    {"beam_disabled", beam_disabled},
    {"counters_recorded", counters_recorded},
    {"data_wiped", data_wiped},
    {"predecessor_named", predecessor_named},
    {"corrected_event", corrected_event},
    {"signature_owed", signature_owed},
    {"baseline_state", baseline_state},
    {"incoming_check", incoming_check},
    {"function_check", function_check},
    {"reason_closed", reason_closed},
    {"rectification_accepted", rectification_accepted},
    {"xray_isolated", xray_isolated},
    {"materials_handled", materials_handled},
    {"sources_returned", sources_returned},
    {"magnet_safe", magnet_safe},
    {"helium_level", helium_level},
    {"qa_passed", qa_passed},
    {"same_authority", same_authority, Asks::life},
    {"no_major_part", no_major_part, Asks::life},
    {"no_retest_due", no_retest_due, Asks::life},
    {"accepted_here", accepted_here, Asks::life},
    {"technical_suspension", technical_suspension, Asks::life},
    {"no_blocking_flag", no_blocking_flag, Asks::life},
};

using Standings = const Standing&;
using Event = const LifeEvent&;

bool always(const LifecycleTable&, Standings, Event) { return true; }

bool repair_major(const LifecycleTable&, Standings life, Event e) {
    return life.retest_due || life.major_part || e.major;
}
bool repair_minor(const LifecycleTable& t, Standings life, Event e) { return !repair_major(t, life, e); }

// Out of use for a technical reason, with a test owed, or for very long: a test comes before patients. A device that
// stood in FAULT or below its acceptance goes back to where it stood; the rows there ask for the test.
bool resume_retest(const LifecycleTable& table, Standings life, Event e) {
    const State before = life.cleared_to;
    if (before != State::in_use && before != State::ready && before != State::pm && before != State::retest)
        return false;
    if (!life.accepted) return false;
    constexpr std::int64_t day_ms = 86'400'000;
    const bool long_ago = e.at_ms - life.since_ms > table.policy().resume_retest_after_days * day_ms;
    return life.retest_due || (long_ago && before == State::in_use);
}
bool resume_in_use(const LifecycleTable& t, Standings life, Event e) {
    return life.cleared_to == State::in_use && !resume_retest(t, life, e);
}
bool resume_cleared(const LifecycleTable& t, Standings life, Event e) {
    return !resume_in_use(t, life, e) && !resume_retest(t, life, e);
}

bool to_idle(const LifecycleTable&, Standings, Event e) { return e.to_idle; }
bool to_decommissioned(const LifecycleTable&, Standings, Event e) { return !e.to_idle; }

bool fault_partial(const LifecycleTable&, Standings, Event e) { return e.partial; }
bool fault_stops(const LifecycleTable&, Standings, Event e) { return !e.partial; }

bool was_commissioned(const LifecycleTable&, Standings life, Event) { return life.commissioned; }
bool not_commissioned(const LifecycleTable&, Standings life, Event) { return !life.commissioned; }

bool seal_ends(const LifecycleTable&, Standings life, Event e) { return (life.sealed_by & ~seal_bit(e.role)) == 0; }
bool seal_remains(const LifecycleTable& t, Standings life, Event e) { return !seal_ends(t, life, e); }

bool still_sealed(const LifecycleTable&, Standings life, Event) { return life.sealed_by != 0; }
bool unsealed(const LifecycleTable&, Standings life, Event) { return life.sealed_by == 0; }

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

std::span<const NamedGuard> data_guards() { return named; }
const NamedGuard* find_guard(std::string_view name) {
    for (const auto all : {data_guards(), permit_guards(), upkeep_guards()})
        if (const NamedGuard* found = find_named(all, name)) return found;
    return nullptr;
}
std::span<const NamedChoice> all_choices() { return choices; }
const NamedChoice* find_choice(std::string_view name) { return find_named(all_choices(), name); }

std::optional<Refused> refused_by_standing(const LifecycleTable& table, const TransitionRow& row, const Standing& life,
                                           const LifeEvent& event) {
    static const LifecycleFold no_whole;
    static const DeviceFacts no_facts;
    static const Declaration no_declaration;
    const GuardContext context{table, life, no_whole, no_facts, no_declaration, event};
    for (const std::string& guard_name : row.need) {
        const NamedGuard* guard = find_guard(guard_name);  // known: checked when the table was loaded
        if (guard->asks != Asks::life) continue;
        if (auto refused = guard->judge(context)) {
            refused->guard = guard_name;
            return refused;
        }
    }
    return {};
}

}  // namespace gantry
