#include "firmware-sim/model/fleet.hpp"

#include <algorithm>
#include <iterator>

#include "firmware-sim/model/observation.hpp"

namespace gantry::sim {

Fleet::Fleet(const FleetOptions& options) : options_{options} {
    devices_.reserve(options.devices);
    for (std::uint32_t i = 0; i < options.devices; ++i) devices_.emplace_back(options, i);
    start_ms_ = std::ranges::min(devices_, {}, &DeviceModel::start_ms).start_ms();
    end_ms_ = std::ranges::max(devices_, {}, &DeviceModel::end_ms).end_ms();
}

void Fleet::advance(std::int64_t until_ms, bool live, std::vector<FleetEvent>& out) {
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    for (std::uint32_t i = 0; i < size(); ++i) {
        slice_.clear();
        devices_[i].advance(live ? until_ms : std::min(until_ms, devices_[i].end_ms()), slice_);
        for (auto& event : slice_) out.push_back({i, std::move(event)});
    }
    // Stable, so that equal times stay in the order of the devices.
    std::stable_sort(out.begin() + first, out.end(),
                     [](const FleetEvent& a, const FleetEvent& b) { return a.event.true_ms < b.event.true_ms; });
}

std::string Fleet::truth() const {
    std::string lines;
    for (const auto& device : devices_)
        for (const auto& violation : device.planted())
            lines += truth_line(code(violation.rule), device.profile().id, violation.from_ms, violation.to_ms) + "\n";
    return lines;
}

}  // namespace gantry::sim
