#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "firmware-sim/model/event.hpp"
#include "firmware-sim/model/profile.hpp"
#include "firmware-sim/model/violations.hpp"

namespace gantry::sim {

/// Serial of the `generation`-th tube in this place of this scanner.
std::string tube_serial(const FleetOptions& options, std::uint32_t device, int tube, int generation);

/// Stands between what happened and what is told: keeps the counters in the order of time, and tells it wrongly where a
/// wrong was planned (dark scans, silence, clock and counter rollback). What is told wrongly is noted for the truth
/// file.
class Recorder {
public:
    Recorder(const FleetOptions& options, const Profile& profile, const Plan& plan, std::int64_t initial_scan_ms);

    /// Takes the next event in time order; false: it is not told to anybody.
    bool tell(SimEvent& event);

    const std::vector<Violation>& planted() const noexcept { return planted_; }
    std::int64_t scan_ms(int tube) const { return tubes_[static_cast<std::size_t>(tube)].scan_ms; }

    /// Notes that a planted wrong showed itself.
    void note(Rule rule, std::int64_t from_ms, std::int64_t to_ms);

private:
    bool inside(Rule rule, std::int64_t at_ms) const;
    void count(const Exposure& shot);
    void fill(Counter& counter, std::int64_t at_ms);
    bool tell_use(const SimEvent& event);

    struct Tube {
        std::string serial;
        std::int64_t scan_ms = 0;
        std::int64_t mas_milli = 0;
        std::int64_t exams = 0;
        std::int64_t rotations = 0;
        std::int64_t arcs = 0;
    };
    FleetOptions options_;
    std::uint32_t device_;
    Plan plan_;
    std::array<Tube, 2> tubes_;
    bool rolled_back_ = false;
    std::vector<Violation> planted_;
};

}  // namespace gantry::sim
