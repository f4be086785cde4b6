#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "server/http/device_view.hpp"

namespace gantry::http {

using Fleet = std::shared_ptr<const std::vector<DeviceView>>;

// The whole fleet as last read, shared by the reading threads: many screens asking at once cost one walk over the
// store.
class FleetCache {
public:
    // Not older than `age_ms_max`, and not older than the last call of expire(). Reads the store on the calling thread
    // if need be.
    Fleet get(store::StoreReader& reader, std::int64_t now_ms, std::int64_t age_ms_max);
    void expire();

private:
    std::mutex mutex_;  // held only to copy the pointer
    Fleet fleet_;
    std::int64_t read_ms_ = 0;
};

}  // namespace gantry::http
