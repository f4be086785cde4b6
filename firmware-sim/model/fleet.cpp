#include "firmware-sim/model/fleet.hpp"

#include <algorithm>
#include <iterator>

#include "firmware-sim/model/observation.hpp"

namespace gantry::sim {

Fleet::Fleet(const FleetOptions& options) : options_{options} {
    devices_.reserve(options.devices);
    const std::uint32_t block = std::max(options.violation_block, 1U);
    for (std::uint32_t number = 0; number * block < options.devices; ++number) {
        auto plans = plan_block(options, number);
        for (std::uint32_t i = 0; i < block && number * block + i < options.devices; ++i)
            devices_.emplace_back(options, number * block + i, std::move(plans[i]));
    }
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

std::vector<Violation> Fleet::planted() const {
    std::vector<Violation> out;
    for (const auto& device : devices_) {
        const auto own = device.planted();
        out.insert(out.end(), own.begin(), own.end());
    }
    std::ranges::stable_sort(out, {}, &Violation::device);
    return out;
}

std::string Fleet::truth() const {
    std::string lines;
    std::vector<std::string_view> implied;
    for (const Violation& wrong : planted()) {
        implied.clear();
        for (const Rule rule : wrong.implies) implied.push_back(code(rule));
        lines += truth_line(code(wrong.rule), profile(wrong.device).id, wrong.from_ms, wrong.to_ms, implied) + "\n";
    }
    return lines;
}

}  // namespace gantry::sim
