#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "server/domain/lifecycle_facts.hpp"
#include "server/domain/lifecycle_table.hpp"

// The functions that config/lifecycle/*.toml names. A guard answers from values alone; a choice picks the row.
namespace gantry {

struct GuardContext {
    const LifecycleTable& table;
    const Standing& life;        // at the moment at which the declaration takes effect
    const LifecycleFold& whole;  // all that is known
    const DeviceFacts& facts;
    const Declaration& declared;
    const LifeEvent& event;  // the declaration as the fold keeps it
};

// Nothing: it holds. Else what was found, wanted and missing, and who could supply it; `guard` is filled in by the
// caller.
using Guard = std::optional<Refused> (*)(const GuardContext&);

// What a guard looks at. One of `life` looks at the standing and the event alone, and is asked again whenever the life
// is derived anew.
enum class Asks { data, life, papers };

struct NamedGuard {
    std::string_view name;
    Guard judge = nullptr;
    Asks asks = Asks::data;
};
std::span<const NamedGuard> data_guards();    // lifecycle_guards.cpp: data and life
std::span<const NamedGuard> permit_guards();  // lifecycle_guards_permits.cpp
std::span<const NamedGuard> upkeep_guards();  // lifecycle_guards_upkeep.cpp
const NamedGuard* find_guard(std::string_view name);

// Of the choices of one group exactly one holds for any facts. They look at the standing and the event alone.
struct NamedChoice {
    std::string_view name;
    std::string_view group;
    bool (*holds)(const LifecycleTable& table, const Standing& life, const LifeEvent& event);
};
std::span<const NamedChoice> all_choices();
const NamedChoice* find_choice(std::string_view name);

// The first guard of a row that looks at the standing and does not hold.
std::optional<Refused> refused_by_standing(const LifecycleTable& table, const TransitionRow& row, const Standing& life,
                                           const LifeEvent& event);

namespace guards {
// For the guards' own files.
std::optional<Refused> refused(std::string got, std::string want, std::string missing, std::string who);
std::string declarer(const GuardContext& c);
// A text that `data` must hold; a statement that it must make with true.
std::optional<Refused> want_text(const GuardContext& c, std::string_view key, std::string_view meaning);
std::optional<Refused> want_true(const GuardContext& c, std::string_view key, std::string_view meaning);
}  // namespace guards

}  // namespace gantry
