#include "server/domain/finding/finding_life.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace gantry::finding {
namespace {

constexpr std::array<std::string_view, 6> stages{"suspected", "confirmed", "answered",
                                                 "dismissed", "closed",    "withdrawn"};
constexpr std::array<std::string_view, 7> actions{"acknowledged", "assigned", "answered", "confirmed",
                                                  "dismissed",    "closed",   "reopened"};

template <class Enum, std::size_t n>
std::optional<Enum> from_name(const std::array<std::string_view, n>& names, std::string_view text) {
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

bool is_authority(Role role) { return seal_bit(role) != 0; }
bool is_hospital(Role role) { return role == Role::hm || role == Role::rad; }

struct Move {
    Action action;
    Stage from;
    Stage to;
};
constexpr Move moves[] = {
    {Action::answered, Stage::suspected, Stage::answered},   {Action::answered, Stage::confirmed, Stage::answered},
    {Action::confirmed, Stage::suspected, Stage::confirmed}, {Action::confirmed, Stage::answered, Stage::confirmed},
    {Action::dismissed, Stage::suspected, Stage::dismissed}, {Action::dismissed, Stage::answered, Stage::dismissed},
    {Action::dismissed, Stage::confirmed, Stage::dismissed}, {Action::closed, Stage::confirmed, Stage::closed},
    {Action::closed, Stage::answered, Stage::closed},        {Action::reopened, Stage::dismissed, Stage::suspected},
    {Action::reopened, Stage::closed, Stage::suspected},
};

Result<void> may(Action action, Role role, std::string_view rule) {
    const auto refused = [&](std::string_view who) {
        return Error{Errc::refused, fmt::format("{} of {}: got role {}, want {}", name(action), rule, name(role), who)};
    };
    switch (action) {
        case Action::acknowledged:
        case Action::assigned:
            if (role == Role::agt) return refused("a person");
            return {};
        case Action::answered:
            if (!is_hospital(role)) return refused("HM or RAD");
            return {};
        default:
            if (is_authority(role) || (is_warning(rule) && is_hospital(role))) return {};
            return refused(is_warning(rule) ? "HM, RAD, REG-H, REG-E or REG-D" : "REG-H, REG-E or REG-D");
    }
}

}  // namespace

std::string_view name(Stage stage) { return stages[static_cast<std::size_t>(stage)]; }
std::optional<Stage> stage_from(std::string_view text) { return from_name<Stage>(stages, text); }
std::string_view name(Action action) { return actions[static_cast<std::size_t>(action)]; }

std::optional<Action> action_of(std::string_view event) {
    if (!event.starts_with(event_prefix)) return std::nullopt;
    return from_name<Action>(actions, event.substr(event_prefix.size()));
}

bool is_warning(std::string_view rule) { return rule.starts_with('W'); }

Result<Stage> stage_after(Stage stage, Action action, Role role, std::string_view rule) {
    if (auto allowed = may(action, role, rule); !allowed) return allowed.error();
    if (action == Action::acknowledged || action == Action::assigned) {
        if (is_open(stage)) return stage;
    } else if (const auto* move =
                   std::ranges::find_if(moves, [&](const Move& m) { return m.action == action && m.from == stage; });
               move != std::end(moves)) {
        return move->to;
    }
    std::string from;
    for (const Move& move : moves)
        if (move.action == action) from += fmt::format("{}{}", from.empty() ? "" : ", ", name(move.from));
    return Error{Errc::refused, fmt::format("{} of {}: it is {}, want {}", name(action), rule, name(stage),
                                            from.empty() ? "one that is open" : from)};
}

std::optional<Step> step_of(const Declaration& declared) {
    const auto action = action_of(declared.event);
    const std::string* rule = declared.text("rule");
    const std::string* key = declared.text("key");
    if (!action || !rule || !key) return std::nullopt;
    const std::string* owner = declared.text("to");
    return Step{*action, *rule, *key, *action == Action::assigned && owner ? *owner : std::string{}};
}

}  // namespace gantry::finding
