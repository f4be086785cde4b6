#include "server/judging/due_board.hpp"

#include <algorithm>
#include <tuple>

namespace gantry::judging {

void DueBoard::put(const std::string& device, Device what) {
    const std::lock_guard guard{mutex_};
    devices_[device] = std::move(what);
}

std::size_t DueBoard::devices() const {
    const std::lock_guard guard{mutex_};
    return devices_.size();
}

std::vector<due::Entry> DueBoard::entries(const due::Filter& filter) const {
    const auto admits = [](const std::string& wanted, const std::string& got) {
        return wanted.empty() || wanted == got;
    };
    std::vector<due::Entry> out;
    {
        const std::lock_guard guard{mutex_};
        for (const auto& [id, device] : devices_) {
            if (!admits(filter.device, id) || !admits(filter.org, device.org) || !admits(filter.site, device.site))
                continue;
            for (const due::Due& due : device.due)
                if (due.at_ms < filter.until_ms) out.push_back({id, device.name, due});
        }
    }
    std::ranges::sort(out, {}, [](const due::Entry& entry) {
        return std::tie(entry.due.at_ms, entry.device, entry.due.kind, entry.due.ref);
    });
    return out;
}

}  // namespace gantry::judging
