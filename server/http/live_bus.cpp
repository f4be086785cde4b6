#include "server/http/live_bus.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gantry::http {

void LiveBus::publish(std::vector<LiveNote> notes) {
    const std::scoped_lock lock{mutex_};
    notes_.insert(notes_.end(), std::make_move_iterator(notes.begin()), std::make_move_iterator(notes.end()));
    if (notes_.size() <= notes_max) return;
    const std::size_t extra = notes_.size() - notes_max;
    notes_.erase(notes_.begin(), notes_.begin() + static_cast<std::ptrdiff_t>(extra));
    dropped_ += extra;
}

std::vector<LiveNote> LiveBus::drain() {
    const std::scoped_lock lock{mutex_};
    return std::exchange(notes_, {});
}

std::uint64_t LiveBus::dropped() const {
    const std::scoped_lock lock{mutex_};
    return dropped_;
}

}  // namespace gantry::http
