#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "firmware-sim/model/event.hpp"
#include "firmware-sim/model/habit.hpp"
#include "firmware-sim/model/profile.hpp"
#include "firmware-sim/model/violations.hpp"

namespace gantry::sim {

/// Serial of the `generation`-th tube in this place of this scanner.
std::string tube_serial(const FleetOptions& options, std::uint32_t device, int tube, int generation);

/// What the recorder is given beside the events.
struct RecorderPlan {
    std::int64_t first_scan_ms;            ///< What the first tube has behind it.
    std::int64_t tube_rated_scan_ms;       ///< Of the sheet.
    std::vector<Violation> wrongs_by_use;  ///< True as far as patients are exposed in them.
};

/// Stands between what happened and what is told: keeps the counters in the order of time, and tells it wrongly where a
/// wrong was planned (dark scans, silence, clock and counter rollback). What shows itself only here is noted for the
/// truth file.
class Recorder {
public:
    Recorder(const FleetOptions& options, const Profile& profile, RecorderPlan plan);

    /// Takes the next event in time order; false: it is not told to anybody.
    bool tell(SimEvent& event, Habits& habits);

    std::vector<Violation> noted() const;
    std::int64_t scan_ms(int tube) const { return tubes_[static_cast<std::size_t>(tube)].scan_ms; }

private:
    void count(const Exposure& shot, std::int64_t at_ms, const Habits& habits);
    void fill(Counter& counter, std::int64_t at_ms, Habits& habits);
    bool tell_use(const SimEvent& event, const Habits& habits);
    void watch_wear(const Counter& counter, std::int64_t at_ms);

    struct Tube {
        std::string serial;
        std::int64_t scan_ms = 0;
        std::int64_t mas_milli = 0;
        std::int64_t exams = 0;
        std::int64_t rotations = 0;
        std::int64_t arcs = 0;
    };
    struct Used {
        std::int64_t from_ms = 0;
        std::int64_t to_ms = 0;
    };
    FleetOptions options_;
    std::uint32_t device_;
    RecorderPlan plan_;
    std::array<Tube, 2> tubes_;
    std::vector<Used> used_;             ///< By wrongs_by_use.
    std::vector<Violation> noted_;       ///< Counter rollback, wear.
    std::array<std::size_t, 2> worn_{};  ///< Place in noted_ + 1 of the tube's wear; 0: not worn.
};

}  // namespace gantry::sim
