#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/http/device_view.hpp"

namespace gantry::http {

using Fleet = std::shared_ptr<const std::vector<DeviceView>>;

// The fleet as it was at one moment, and each device's element of the list as it was shown then.
class FleetState {
public:
    FleetState(std::vector<DeviceView> devices, std::int64_t read_ms)
        : devices_{std::move(devices)}, read_ms_{read_ms} {}

    const std::vector<DeviceView>& devices() const { return devices_; }
    std::int64_t read_ms() const { return read_ms_; }
    // JSON of each device, in the same order; made when first asked for.
    const std::vector<std::string>& items() const;
    bool has_items() const { return made_; }

private:
    std::vector<DeviceView> devices_;
    std::int64_t read_ms_;
    mutable std::once_flag once_;
    mutable std::atomic<bool> made_{false};
    mutable std::vector<std::string> items_;
};

// The whole fleet as last read, shared by the reading threads: many screens asking at once cost one walk over the
// store. While it is asked for it is read anew in the background before it is too old, so that nobody waits for that.
class FleetCache {
public:
    // Not older than `age_ms_max`, and not older than the last call of expire(). Reads the store on the calling thread
    // if need be.
    Fleet get(store::StoreReader& reader, std::int64_t now_ms, std::int64_t age_ms_max);
    std::shared_ptr<const FleetState> state(store::StoreReader& reader, std::int64_t now_ms, std::int64_t age_ms_max);
    void expire();

    // Where work with a store connection can be left; false: not now. Before the first get(); without it every reading
    // is on the calling thread. What was left must be done or dropped before the cache ends.
    using Post = std::function<bool(std::function<void(store::StoreReader&)>)>;
    void refresh_by(Post post) { post_ = std::move(post); }

private:
    void refresh(store::StoreReader& reader, std::uint64_t expired);
    std::shared_ptr<const FleetState> keep(std::shared_ptr<const FleetState> read, std::uint64_t expired);

    Post post_;
    std::mutex mutex_;  // held only to copy the pointer
    std::shared_ptr<const FleetState> state_;
    std::uint64_t expired_ = 0;
    bool refreshing_ = false;
};

}  // namespace gantry::http
