#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "firmware-sim/model/device_model.hpp"

namespace gantry::sim {

struct FleetEvent {
    std::uint32_t device;
    SimEvent event;
};

/// All scanners of a run, merged into one stream ordered by (time, device).
class Fleet {
public:
    explicit Fleet(const FleetOptions& options);

    std::int64_t start_ms() const noexcept { return start_ms_; }
    std::int64_t end_ms() const noexcept { return end_ms_; }

    /// Appends what happens before `until_ms`. `live` runs on past the last day; else each scanner stops at its own
    /// midnight.
    void advance(std::int64_t until_ms, bool live, std::vector<FleetEvent>& out);

    const FleetOptions& options() const noexcept { return options_; }
    const Profile& profile(std::uint32_t device) const { return devices_[device].profile(); }
    std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(devices_.size()); }
    /// By device and time.
    std::vector<Violation> planted() const;
    /// The truth file: one line for every wrong that was really planted so far.
    std::string truth() const;

private:
    FleetOptions options_;
    std::vector<DeviceModel> devices_;
    std::vector<SimEvent> slice_;
    std::int64_t start_ms_ = 0;
    std::int64_t end_ms_ = 0;
};

}  // namespace gantry::sim
