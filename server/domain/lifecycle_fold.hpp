#pragma once

#include <vector>

#include "server/domain/lifecycle.hpp"
#include "server/domain/lifecycle_table.hpp"

// A device's life as a fold of its events in the order of their effect. The same events give the same life, in whatever
// order they become known.
namespace gantry {

// The standing at a moment, all events of that very moment included.
Standing standing_at(const LifecycleFold& life, const LifecycleTable& table, std::int64_t at_ms);

// A row of the lifecycle lane to put, or to remove.
struct StepChange {
    LifecycleStep step;
    std::optional<std::int64_t> to_ms;  // none: still open
    bool remove = false;
    bool operator==(const StepChange&) const = default;
};

// Takes in a judged event, or an observed one, and derives everything from its moment on anew: states, memory, and
// which later events still have an effect. Total. An event older than what is kept at hand changes nothing. Returns the
// rows of the lane that became others.
std::vector<StepChange> apply_declared(LifecycleFold& life, const LifecycleTable& table, LifeEvent event);

// Carries out a judged `correction` (withdraw, retime, amend) or `countersigned` of the event that data.event_id names;
// one that is not at hand changes nothing.
std::vector<StepChange> apply_correction(LifecycleFold& life, const LifecycleTable& table,
                                         const Declaration& correction);
void apply_countersignature(LifecycleFold& life, const Declaration& signature);

// The row of the table that an event takes in this standing; null: none.
const TransitionRow* row_for(const LifecycleTable& table, const Standing& standing, const LifeEvent& event);
State target_of(const TransitionRow& row, const Standing& standing, const LifeEvent& event);

// For a life that was read from its bytes: what steps and flags follow from its events.
void derive_steps(LifecycleFold& life);

}  // namespace gantry
