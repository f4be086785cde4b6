#include "server/http/fleet_cache.hpp"

namespace gantry::http {

Fleet FleetCache::get(store::StoreReader& reader, std::int64_t now_ms, std::int64_t age_ms_max) {
    {
        const std::scoped_lock lock{mutex_};
        if (fleet_ && now_ms - read_ms_ <= age_ms_max && now_ms >= read_ms_) return fleet_;
    }
    auto fleet = std::make_shared<const std::vector<DeviceView>>(load_fleet(reader, now_ms));
    const std::scoped_lock lock{mutex_};
    fleet_ = fleet;
    read_ms_ = now_ms;
    return fleet;
}

void FleetCache::expire() {
    const std::scoped_lock lock{mutex_};
    fleet_.reset();
}

}  // namespace gantry::http
