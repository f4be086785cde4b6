#include "server/http/fleet_cache.hpp"

#include "common/io/clock.hpp"
#include "common/io/log.hpp"

namespace gantry::http {

const std::vector<std::string>& FleetState::items() const {
    std::call_once(once_, [this] {
        items_.reserve(devices_.size());
        for (const DeviceView& device : devices_) {
            JsonWriter json{items_.emplace_back()};
            json.begin_object();
            write_item_members(json, device, read_ms_);
            json.end_object();
        }
        made_ = true;
    });
    return items_;
}

Fleet FleetCache::get(store::StoreReader& reader, std::int64_t now_ms, std::int64_t age_ms_max) {
    auto found = state(reader, now_ms, age_ms_max);
    const auto& devices = found->devices();
    return Fleet{std::move(found), &devices};
}

std::shared_ptr<const FleetState> FleetCache::state(store::StoreReader& reader, std::int64_t now_ms,
                                                    std::int64_t age_ms_max) {
    std::shared_ptr<const FleetState> found;
    std::uint64_t expired = 0;
    bool begin_refresh = false;
    {
        const std::scoped_lock lock{mutex_};
        expired = expired_;
        if (state_ && now_ms >= state_->read_ms() && now_ms - state_->read_ms() <= age_ms_max) found = state_;
        begin_refresh = found && post_ && !refreshing_ && now_ms - found->read_ms() > age_ms_max / 2;
        if (begin_refresh) refreshing_ = true;
    }
    if (begin_refresh && !post_([this, expired](store::StoreReader& own) { refresh(own, expired); })) {
        const std::scoped_lock lock{mutex_};
        refreshing_ = false;
    }
    if (found) return found;
    return keep(std::make_shared<const FleetState>(load_fleet(reader, now_ms), now_ms), expired);
}

void FleetCache::refresh(store::StoreReader& reader, std::uint64_t expired) {
    try {
        const std::int64_t now_ms = clock::utc_ms();
        auto read = std::make_shared<const FleetState>(load_fleet(reader, now_ms), now_ms);
        const bool listed = [&] {
            const std::scoped_lock lock{mutex_};
            return state_ && state_->has_items();
        }();
        if (listed) read->items();
        keep(std::move(read), expired);
    } catch (const std::exception& failure) {
        log::warn("http: fleet not read in the background", {{"error", failure.what()}});
    }
    const std::scoped_lock lock{mutex_};
    refreshing_ = false;
}

// What was read before the last expire() may be shown to who asked then, but not to others.
std::shared_ptr<const FleetState> FleetCache::keep(std::shared_ptr<const FleetState> read, std::uint64_t expired) {
    const std::scoped_lock lock{mutex_};
    if (expired == expired_ && (!state_ || state_->read_ms() <= read->read_ms())) state_ = read;
    return read;
}

void FleetCache::expire() {
    const std::scoped_lock lock{mutex_};
    ++expired_;
    state_.reset();
}

}  // namespace gantry::http
