#include "server/domain/lifecycle_fold.hpp"

#include <algorithm>
#include <tuple>

#include "server/domain/lifecycle_guards.hpp"

namespace gantry {
namespace {

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

void forget_tests(Standing& life) {
    life.retest_due = false;
    life.major_part = false;
    life.parts.clear();
}

void owe_test_of_part(Standing& life, const std::string& part) {
    life.major_part = life.retest_due = true;
    const std::string named = life.parts.size() < parts_due_max ? part : "other";
    const auto place = std::ranges::lower_bound(life.parts, named);
    if (!named.empty() && (place == life.parts.end() || *place != named)) life.parts.insert(place, named);
}

// A baseline states where an existing device stands. What its state implies is taken as claimed; nothing owed is
// forgiven by it.
void apply_baseline(Standing& life, const LifeEvent& event, State to) {
    life.baseline = true;
    State stands = to;
    if (remembers(to)) life.cleared_to = stands = event.cleared_to;
    life.accepted = implies_accepted(stands);
    life.commissioned = life.accepted && stands != State::ready;
    life.retest_due = stands == State::retest;
    if (to == State::sealed) life.sealed_by = event.sealed_by;
}

// What an event leaves behind beside the state. Event names are those of config/lifecycle/*.toml.
void remember_event(Standing& life, const LifeEvent& e, State from, State to) {
    const std::string& event = e.event;
    if (event == "baseline.declared") return apply_baseline(life, e, to);
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
        life.sealed_by = static_cast<std::uint8_t>(life.sealed_by | seal_bit(e.role));
    } else if (event == "seal.lifted") {
        life.sealed_by = static_cast<std::uint8_t>(life.sealed_by & ~seal_bit(e.role));
    } else if (event == "confiscate.order") {
        life.sealed_by = 0;
    } else if (event == "part.replaced" || event == "repair.completed") {
        if (e.major) owe_test_of_part(life, e.part);
        if (event == "repair.completed") life.restricted = false;
    } else if (event == "fault.reported") {
        life.restricted = e.partial;
    } else if (event == "pm.completed") {
        life.restricted = false;
    } else if (event == "status_test.failed" || event == "qc.failed") {
        life.retest_due = true;
    } else if (event == "suspend") {
        if (e.technical) life.retest_due = true;
    }
    if (to == State::retest && from != State::retest) life.retest_due = true;
}

void keep_cleared_to(Standing& life, State from, State to) {
    if (remembers(to)) {
        if (!remembers(from)) life.cleared_to = from;
    } else {
        life.cleared_to = State::none;
    }
}

// The fold over events in the order of their effect.
class Walk {
public:
    explicit Walk(const Standing& base) : now{base} {}

    Standing now;
    std::vector<FlagSpan> ended;

    void take(LifeEvent& event, const LifecycleTable& tables) {
        event.after = now.state;
        event.stands = false;
        if (event.withdrawn) return;
        if (event.observed) {
            event.stands = true;
            if (event.major) owe_test_of_part(now, event.part);
            return;
        }
        const LifecycleTable& table = tables.at(event.at_ms);
        const TransitionRow* row = row_for(table, now, event);
        // A row that the table has no more was lawful when it was judged, and is so where it was judged.
        if (row ? refused_by_standing(table, *row, now, event).has_value() : event.from != now.state) return;
        event.stands = true;
        move(event, row ? target_of(*row, now, event) : event.to);
        if (row) turn_flags(*row, table, event);
        event.after = now.state;
    }

private:
    void move(const LifeEvent& event, State to) {
        const State from = now.state;
        remember_event(now, event, from, to);
        if (from == to) return;
        if (event.event != "baseline.declared") keep_cleared_to(now, from, to);
        now.state = to;
        now.since_ms = event.at_ms;
    }

    void turn_flags(const TransitionRow& row, const LifecycleTable& table, const LifeEvent& event) {
        if (row.owes_test) now.retest_due = true;
        for (const std::string& flag : row.clear) end_flag(flag, event.at_ms);
        for (const std::string& flag : row.set) {
            end_flag(flag, event.at_ms);
            FlagSpan span{flag, event.at_ms, std::nullopt, event.leaf};
            if (const auto lasts = table.flags().find(flag)->second.lasts_ms) span.to_ms = event.at_ms + *lasts;
            now.flags.insert(std::ranges::lower_bound(now.flags, flag, {}, &FlagSpan::flag), std::move(span));
        }
    }

    void end_flag(const std::string& flag, std::int64_t at_ms) {
        const auto found = std::ranges::find(now.flags, flag, &FlagSpan::flag);
        if (found == now.flags.end()) return;
        found->to_ms = std::min(found->to_ms.value_or(at_ms), at_ms);
        ended.push_back(std::move(*found));
        now.flags.erase(found);
    }
};

void add_step(std::vector<LifecycleStep>& steps, std::int64_t at_ms, State state, std::uint64_t leaf) {
    if (!steps.empty() && steps.back().from_ms == at_ms) steps.pop_back();  // it lasted no time
    if (steps.empty() || steps.back().state != state) steps.push_back({at_ms, state, leaf});
}

void derive(LifecycleFold& life, const LifecycleTable& table) {
    Walk walk{life.base};
    for (LifeEvent& event : life.events) walk.take(event, table);
    static_cast<Standing&>(life) = walk.now;
    life.flag_spans = std::move(walk.ended);
    life.flag_spans.insert(life.flag_spans.end(), life.flags.begin(), life.flags.end());
    std::ranges::sort(life.flag_spans, {}, [](const FlagSpan& f) { return std::tie(f.from_ms, f.flag, f.leaf_index); });
    derive_steps(life);
    if (!life.steps.empty()) life.since_ms = life.steps.back().from_ms;
}

// What turns one lane into another that begins at the same base.
std::vector<StepChange> step_changes(const std::vector<LifecycleStep>& before,
                                     const std::vector<LifecycleStep>& after) {
    const auto end_of = [](const std::vector<LifecycleStep>& steps, std::size_t i) {
        return i + 1 < steps.size() ? std::optional{steps[i + 1].from_ms} : std::nullopt;
    };
    std::vector<StepChange> out;
    for (const LifecycleStep& old : before)
        if (std::ranges::find(after, old.from_ms, &LifecycleStep::from_ms) == after.end())
            out.push_back({old, std::nullopt, true});
    for (std::size_t i = 0; i < after.size(); ++i) {
        const auto old = std::ranges::find(before, after[i].from_ms, &LifecycleStep::from_ms);
        const bool same = old != before.end() && *old == after[i] &&
                          end_of(before, static_cast<std::size_t>(old - before.begin())) == end_of(after, i);
        if (!same) out.push_back({after[i], end_of(after, i), false});
    }
    return out;
}

auto place_of(const LifeEvent& event) { return std::tuple{event.at_ms, event.leaf}; }

void insert_event(LifecycleFold& life, LifeEvent event) {
    const auto place = std::ranges::upper_bound(life.events, place_of(event), {}, place_of);
    life.events.insert(place, std::move(event));
}

// Whether all that the event does runs out by itself, and has.
bool has_run_out(const LifeEvent& event, const LifecycleTable& tables, std::int64_t now_ms) {
    const LifecycleTable& table = tables.at(event.at_ms);
    const auto& rows = table.rows();
    const auto row = std::ranges::find(rows, event.event, &TransitionRow::event);
    if (row == rows.end() || row->target != Target::same || row->set.empty() || row->owes_test) return false;
    return std::ranges::all_of(row->set, [&](const std::string& flag) {
        const auto lasts = table.flags().find(flag)->second.lasts_ms;
        return lasts && event.at_ms + *lasts <= now_ms;
    });
}

// What has run out goes first, else the oldest moment becomes part of the base.
void make_room(LifecycleFold& life, const LifecycleTable& table) {
    const std::int64_t now_ms = life.events.back().at_ms;
    const auto over =
        std::ranges::find_if(life.events, [&](const LifeEvent& e) { return has_run_out(e, table, now_ms); });
    if (over != life.events.end()) {
        life.flags_known_ms = std::max(life.flags_known_ms, over->at_ms);
        life.events.erase(over);
    } else {
        // All of one moment at once: the lane shows only where that moment ended.
        const std::int64_t at_ms = life.events.front().at_ms;
        const auto later = std::ranges::find_if(life.events, [&](const LifeEvent& e) { return e.at_ms != at_ms; });
        Walk walk{life.base};
        for (auto event = life.events.begin(); event != later; ++event) walk.take(*event, table);
        life.events.erase(life.events.begin(), later);
        life.base = std::move(walk.now);
        life.base_ms = at_ms;
        life.flags_known_ms = std::max(life.flags_known_ms, at_ms);
        if (const LifecycleStep* step = step_at(life, at_ms)) {
            life.base.since_ms = step->from_ms;
            life.base_leaf = step->leaf_index;
        }
    }
}

// Derives after a change, and only then makes room, so that no row of the lane is taken for gone.
std::vector<StepChange> settle(LifecycleFold& life, const LifecycleTable& table) {
    const std::vector<LifecycleStep> before = std::move(life.steps);
    derive(life, table);
    std::vector<StepChange> changes = step_changes(before, life.steps);
    if (life.events.size() > life_events_max) {
        make_room(life, table);
        derive(life, table);
    }
    return changes;
}

}  // namespace

const TransitionRow* row_for(const LifecycleTable& table, const Standing& standing, const LifeEvent& event) {
    for (const TransitionRow& row : table.rows())
        if (row.from == standing.state && row.event == event.event &&
            find_choice(row.when)->holds(table, standing, event))
            return &row;
    return nullptr;
}

State target_of(const TransitionRow& row, const Standing& standing, const LifeEvent& event) {
    switch (row.target) {
        case Target::state:
            return row.to;
        case Target::same:
            return standing.state;
        case Target::cleared_to:
            return standing.cleared_to;
        case Target::baseline:
            return event.to;
    }
    return standing.state;
}

Standing standing_at(const LifecycleFold& life, const LifecycleTable& table, std::int64_t at_ms) {
    Walk walk{life.base};
    for (LifeEvent event : life.events) {
        if (event.at_ms > at_ms) break;
        walk.take(event, table);
    }
    return walk.now;
}

std::vector<StepChange> apply_declared(LifecycleFold& life, const LifecycleTable& table, LifeEvent event) {
    if (event.at_ms < life.base_ms) return {};
    insert_event(life, std::move(event));
    return settle(life, table);
}

std::vector<StepChange> apply_correction(LifecycleFold& life, const LifecycleTable& table,
                                         const Declaration& correction) {
    const auto leaf = correction.number("event_id");
    const auto found = std::ranges::find_if(life.events, [&](const LifeEvent& e) {
        return leaf && *leaf >= 0 && e.leaf == static_cast<std::uint64_t>(*leaf) && !e.observed;
    });
    if (found == life.events.end()) return {};
    const std::string* action = correction.text("action");
    if (!action || *action == "withdraw") {
        found->withdrawn = true;
    } else if (*action == "retime") {
        if (correction.at_ms < life.base_ms) return {};
        LifeEvent event = std::move(*found);
        life.events.erase(found);
        event.at_ms = correction.at_ms;
        insert_event(life, std::move(event));
    } else if (*action == "amend") {
        LifeEvent right = life_event_of(correction);
        found->major = right.major;
        found->technical = right.technical;
        found->partial = right.partial;
        found->to_idle = right.to_idle;
        found->part = std::move(right.part);
        found->cleared_to = right.cleared_to;
        found->sealed_by = right.sealed_by;
        const std::string* state = correction.text("state");
        if (const auto to = state ? state_from(*state) : std::nullopt) found->to = *to;
    }
    return settle(life, table);
}

void apply_countersignature(LifecycleFold& life, const Declaration& signature) {
    const auto leaf = signature.number("event_id");
    for (LifeEvent& event : life.events)
        if (leaf && *leaf >= 0 && event.leaf == static_cast<std::uint64_t>(*leaf))
            event.owes = static_cast<std::uint16_t>(event.owes & ~role_bit(signature.role));
}

void derive_steps(LifecycleFold& life) {
    life.steps.clear();
    if (life.base.state != State::none) life.steps.push_back({life.base.since_ms, life.base.state, life.base_leaf});
    for (const LifeEvent& event : life.events)
        if (event.stands && (life.steps.empty() ? event.after != State::none : event.after != life.steps.back().state))
            add_step(life.steps, event.at_ms, event.after, event.leaf);
}

}  // namespace gantry
