#pragma once

#include "server/domain/fold.hpp"
#include "server/domain/lifecycle_fold.hpp"
#include "server/domain/record_body.hpp"

// The steps that `apply` is made of; not for other rooms.
namespace gantry::fold {

// What one leaf is folded into and with, handed from step to step.
struct Step {
    DeviceFold& device;
    const LeafEvent& leaf;
    const LifecycleTable& table;
    HourCells& hours;
    Effects& effects;
};

// A rehomed record may itself be rehomed once more; deeper nesting would not fit a record.
inline constexpr int rehomed_depth_max = 2;

// Event time: what the source says, else when the agent took it in, and never later than the receipt allows.
std::int64_t event_time(const RecordHead& record, std::int64_t recv_ms);

// fold_use.cpp
void fold_use(Step& step, const RecordView& record, std::int64_t at_ms);
// An observation in a state that forbids it; emitted once a leaf and rule.
void report(Step& step, std::optional<FindingCandidate> found);
// The rows of the lifecycle lane that became others.
void redraw(Step& step, const std::vector<StepChange>& changes);

// fold_device.cpp: all other types; false for a type that is not known here.
bool fold_observed(Step& step, const RecordView& record, std::int64_t at_ms);
// Derives the operating state anew and moves its lane when it changed.
void settle_operating(Step& step, std::int64_t at_ms);

}  // namespace gantry::fold
