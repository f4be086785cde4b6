#include <fmt/format.h>

#include <algorithm>

#include "server/domain/lifecycle_guards.hpp"

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

std::optional<Refused> judge_time(const LifecycleFold& life, const Declaration& declared, bool moves) {
    if (declared.at_ms > declared.recv_ms + ahead_max_ms)
        return Refused{"not_in_future", fmt::format("{} ms after now", declared.at_ms - declared.recv_ms),
                       "a time that has come", "at", std::string{name(declared.role)}};
    if (moves && life.state != State::none && declared.at_ms < life.since_ms)
        return Refused{"effective_order",
                       fmt::format("at {}, {} ms before {} began", declared.at_ms, life.since_ms - declared.at_ms,
                                   name(life.state)),
                       fmt::format("at {} or later", life.since_ms), "at", std::string{name(declared.role)}};
    return {};
}

State target_of(const TransitionRow& row, const LifecycleFold& life, const Declaration& declared) {
    switch (row.target) {
        case Target::state:
            return row.to;
        case Target::same:
            return life.state;
        case Target::cleared_to:
            return life.cleared_to;
        case Target::baseline: {
            const std::string* text = declared.text("state");
            return text ? state_from(*text).value_or(State::none) : State::none;
        }
    }
    return life.state;
}

// Asks all guards of the row. Those that only accept are listed, so that the answer can say so.
Judgement ask_guards(const GuardContext& context, const TransitionRow& row) {
    Moved moved{context.life.state, target_of(row, context.life, context.declared), {}};
    for (const std::string& guard_name : row.need) {
        const NamedGuard* guard = find_guard(guard_name);  // known: checked when the table was loaded
        if (!guard->judge) {
            moved.unjudged.push_back(guard_name);
            continue;
        }
        if (auto refused = guard->judge(context)) {
            refused->guard = guard_name;
            return *refused;
        }
    }
    for (const Role role : row.countersigners) moved.unjudged.push_back(fmt::format("countersigned by {}", name(role)));
    return moved;
}

}  // namespace

Judgement judge(const LifecycleTable& table, const LifecycleFold& life, const DeviceFacts& facts,
                const Declaration& declared) {
    const GuardContext context{table, life, facts, declared};
    const auto fits = [&](const TransitionRow& row) { return row.from == life.state && row.event == declared.event; };
    const auto row = std::ranges::find_if(
        table.rows(), [&](const TransitionRow& r) { return fits(r) && find_choice(r.when)->holds(context); });
    if (row == table.rows().end())
        return Refused{"transition", fmt::format("{} in state {}", declared.event, name(life.state)),
                       "one of: " + join(table.allowed_events(life.state)), "another event", ""};
    if (std::ranges::find(row->actors, declared.role) == row->actors.end())
        return Refused{"actor", std::string{name(declared.role)}, "one of: " + join(row->actors), "role",
                       join(row->actors)};
    if (auto refused = judge_time(life, declared, row->target != Target::same)) return *refused;
    return ask_guards(context, *row);
}

}  // namespace gantry
