#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "server/domain/lifecycle_table.hpp"

// The functions that config/lifecycle/*.toml names. A guard answers from values alone; a choice picks the row.
namespace gantry {

struct GuardContext {
    const LifecycleTable& table;
    const LifecycleFold& life;
    const DeviceFacts& facts;
    const Declaration& declared;
};

// Nothing: it holds. Else what was found, wanted and missing, and who could supply it; `guard` is filled in by the
// caller.
using Guard = std::optional<Refused> (*)(const GuardContext&);

struct NamedGuard {
    std::string_view name;
    Guard judge = nullptr;  // null: known by name, accepts without judging
};
std::span<const NamedGuard> all_guards();
const NamedGuard* find_guard(std::string_view name);

// Of the choices of one group exactly one holds for any facts.
struct NamedChoice {
    std::string_view name;
    std::string_view group;
    bool (*holds)(const GuardContext&);
};
std::span<const NamedChoice> all_choices();
const NamedChoice* find_choice(std::string_view name);

}  // namespace gantry
