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

bool Standing::has_flag(std::string_view flag, std::int64_t at_ms) const {
    return std::ranges::any_of(flags, [&](const FlagSpan& span) { return span.flag == flag && span.holds(at_ms); });
}

LifeEvent life_event_of(const Declaration& declared) {
    const auto is_true = [&](std::string_view key) { return declared.flag(key).value_or(false); };
    const auto is_text = [&](std::string_view key, std::string_view word) {
        const std::string* text = declared.text(key);
        return text && *text == word;
    };
    LifeEvent event;
    event.at_ms = declared.at_ms;
    event.recv_ms = declared.recv_ms;
    event.event = declared.event;
    event.role = declared.role;
    event.major = is_true("major");
    event.technical = is_true("technical");
    event.partial = is_text("severity", "partial");
    event.to_idle = is_text("to", "IDLE");
    if (const std::string* part = declared.text("part")) event.part = part->substr(0, 32);
    if (const std::string* before = declared.text("cleared_to"))
        event.cleared_to = state_from(*before).value_or(State::none);
    const std::string* sealer = declared.text("sealed_by");
    if (const auto role = sealer ? role_from(*sealer) : std::nullopt) event.sealed_by = seal_bit(*role);
    return event;
}

}  // namespace gantry
