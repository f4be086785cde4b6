#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/domain/lifecycle.hpp"

// The life of a finding: suspected until a person says more. People speak by declarations `finding.<action>` with
// data.rule and data.key.
namespace gantry::finding {

enum class Stage : std::uint8_t { suspected, confirmed, answered, dismissed, closed, withdrawn };
std::string_view name(Stage stage);
std::optional<Stage> stage_from(std::string_view text);
// Somebody still has to do something about it.
inline bool is_open(Stage stage) {
    return stage == Stage::suspected || stage == Stage::confirmed || stage == Stage::answered;
}

// acknowledged and assigned change no stage; reopened takes a dismissal or closure back.
enum class Action : std::uint8_t { acknowledged, assigned, answered, confirmed, dismissed, closed, reopened };
std::string_view name(Action action);
inline constexpr std::string_view event_prefix = "finding.";
std::optional<Action> action_of(std::string_view event);  // "finding.answered"

// A violation is the authority's to confirm, dismiss and close; a warning (W…) concerns the hospital alone.
bool is_warning(std::string_view rule);

// The stage after an action. Errc::refused names who may, or what has to come before.
Result<Stage> stage_after(Stage stage, Action action, Role role, std::string_view rule);

// What the declaration is about; nullopt unless it is one of these events with both texts.
struct Step {
    Action action = Action::acknowledged;
    std::string rule, key;
    std::string owner;  // of assigned: data.to
};
std::optional<Step> step_of(const Declaration& declared);

}  // namespace gantry::finding
