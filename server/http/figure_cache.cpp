#include "server/http/figure_cache.hpp"

namespace gantry::http {

DeviceFigures FigureCache::get(const FigureKey& key, const FigureStamp& stamp,
                               const std::function<std::vector<kpi::Figure>()>& make) {
    {
        const std::scoped_lock lock{mutex_};
        if (const auto found = by_key_.find(key); found != by_key_.end() && found->second->stamp == stamp) {
            slots_.splice(slots_.begin(), slots_, found->second);
            return found->second->figures;
        }
    }
    auto made = std::make_shared<const std::vector<kpi::Figure>>(make());
    const std::scoped_lock lock{mutex_};
    if (const auto old = by_key_.find(key); old != by_key_.end()) {
        slots_.erase(old->second);
        by_key_.erase(old);
    }
    slots_.push_front({key, stamp, made});
    by_key_.emplace(key, slots_.begin());
    if (slots_.size() > most_) {
        by_key_.erase(slots_.back().key);
        slots_.pop_back();
    }
    return made;
}

}  // namespace gantry::http
