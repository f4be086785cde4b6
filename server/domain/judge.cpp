#include <fmt/format.h>

#include <algorithm>

#include "server/domain/lifecycle_fold.hpp"
#include "server/domain/lifecycle_guards.hpp"
#include "server/domain/paper/dates.hpp"

namespace gantry {
namespace {

// A declarer's clock may run ahead of ours by this much.
constexpr std::int64_t ahead_max_ms = 60'000;

std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
    return out.empty() ? "none" : out;
}

std::string join(const std::vector<Role>& roles) {
    std::vector<std::string> names;
    for (const Role role : roles) names.emplace_back(name(role));
    return join(names);
}

bool is_about_another(const Declaration& declared) {
    return declared.event == correction_event || declared.event == countersigned_event;
}

// Where a declaration is judged: an event by the standing of its moment, a word about another event by the present one.
Standing standing_of(const LifecycleFold& life, const LifecycleTable& table, const Declaration& declared) {
    return is_about_another(declared) ? Standing{life} : standing_at(life, table, declared.at_ms);
}

std::optional<Refused> judge_time(const LifecycleFold& life, const Declaration& declared) {
    const std::string who{name(declared.role)};
    if (declared.at_ms > declared.recv_ms + ahead_max_ms)
        return Refused{"not_in_future", fmt::format("{} ms after now", declared.at_ms - declared.recv_ms),
                       "a time that has come", "at", who};
    const std::string* action = declared.text("action");
    if (is_about_another(declared) && !(action && *action == "retime")) return {};
    const auto too_early = [&](std::int64_t from_ms, std::string_view why) {
        return Refused{"effective_order", fmt::format("at {}, {}", paper::time_text(declared.at_ms), why),
                       fmt::format("at {} or later", from_ms), "at", who};
    };
    if (declared.at_ms < life.base_ms) return too_early(life.base_ms, "before what is kept at hand to be derived anew");
    for (const LifeEvent& event : life.events)
        if (event.stands && event.event == "baseline.declared" && declared.at_ms < event.at_ms)
            return too_early(event.at_ms, "before the baseline, where history is unknown");
    return {};
}

// Asks all guards of the row.
std::optional<Refused> ask_guards(const GuardContext& context, const TransitionRow& row) {
    for (const std::string& guard_name : row.need) {
        const NamedGuard* guard = find_guard(guard_name);  // known: checked when the table was loaded
        if (auto refused = guard->judge(context)) {
            refused->guard = guard_name;
            return refused;
        }
    }
    return {};
}

// The life as it would be.
LifecycleFold with(const LifecycleFold& life, const LifecycleTable& table, const Declaration& declared, LifeEvent event,
                   const Moved& moved) {
    LifecycleFold after = life;
    if (declared.event == correction_event) {
        apply_correction(after, table, declared);
    } else if (declared.event == countersigned_event) {
        apply_countersignature(after, declared);
    } else {
        event.from = moved.from;
        event.to = moved.to;
        event.leaf = UINT64_MAX;  // after all that is known of the same moment
        apply_declared(after, table, std::move(event));
    }
    return after;
}

// What would no longer have an effect. Nobody takes away an order of an authority by telling something late.
std::optional<Refused> judge_later(const LifecycleFold& life, const LifecycleFold& after, const Declaration& declared,
                                   Moved& moved) {
    const auto corrected = declared.number("event_id");
    for (const LifeEvent& event : life.events) {
        if (!event.stands || event.observed) continue;
        const auto then = std::ranges::find(after.events, event.leaf, &LifeEvent::leaf);
        if (then == after.events.end() || then->stands || then->withdrawn) continue;
        const bool itself =
            declared.event == correction_event && corrected && event.leaf == static_cast<std::uint64_t>(*corrected);
        if (itself)
            return Refused{"transition", fmt::format("{} would have no effect there", event.event),
                           "a time and content at which the event is allowed", "at", std::string{name(declared.role)}};
        if (gives_orders(event.role) && event.role != declared.role)
            return Refused{"later_orders",
                           fmt::format("would take away {} of {} at {}", event.event, name(event.role),
                                       paper::time_text(event.at_ms)),
                           "orders of authorities stand", fmt::format("correction of {}", event.event),
                           std::string{name(event.role)}};
        moved.overtakes.push_back(event.leaf);
    }
    return {};
}

}  // namespace

bool asks_papers(const LifecycleTable& tables, const LifecycleFold& life, const Declaration& declared) {
    const LifecycleTable& table = tables.at(declared.at_ms);
    const Standing standing = standing_of(life, tables, declared);
    const TransitionRow* row = row_for(table, standing, life_event_of(declared));
    return row && std::ranges::any_of(row->need,
                                      [](const std::string& guard) { return find_guard(guard)->asks == Asks::papers; });
}

Judgement judge(const LifecycleTable& tables, const LifecycleFold& life, const DeviceFacts& facts,
                const Declaration& declared) {
    if (auto refused = judge_time(life, declared)) return *refused;
    const LifecycleTable& table = is_about_another(declared) ? tables : tables.at(declared.at_ms);
    const Standing standing = standing_of(life, tables, declared);
    LifeEvent event = life_event_of(declared);
    const TransitionRow* row = row_for(table, standing, event);
    if (!row)
        return Refused{"transition", fmt::format("{} in state {}", declared.event, name(standing.state)),
                       "one of: " + join(table.allowed_events(standing.state)), "another event", ""};
    if (std::ranges::find(row->actors, declared.role) == row->actors.end())
        return Refused{"actor", std::string{name(declared.role)}, "one of: " + join(row->actors), "role",
                       join(row->actors)};
    if (auto refused = ask_guards({table, standing, life, facts, declared, event}, *row)) return *refused;
    if (const std::string* state = declared.text("state"); row->target == Target::baseline && state)
        event.to = state_from(*state).value_or(State::none);
    Moved moved{standing.state, target_of(*row, standing, event), row->countersigners};
    const LifecycleFold after = with(life, tables, declared, std::move(event), moved);
    if (auto refused = judge_later(life, after, declared, moved)) return *refused;
    if (is_about_another(declared)) moved.to = after.state;
    return moved;
}

}  // namespace gantry
