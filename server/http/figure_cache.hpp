#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "server/domain/kpi/figure.hpp"

namespace gantry::http {

// Figures of one device and period. The same log gives the same figures, so an answer holds until the device has a new
// leaf, any paper was filed, or, for a period that is not over, a minute has passed.
struct FigureKey {
    std::string device;
    std::int64_t from_ms = 0, to_ms = 0;
    bool single_events = false;
    auto operator<=>(const FigureKey&) const = default;
};
struct FigureStamp {
    std::uint64_t last_leaf = 0, paper_leaf = 0;
    std::int64_t minute = 0;      // of now, where the period is not over
    const void* rules = nullptr;  // the pack in force
    bool operator==(const FigureStamp&) const = default;
};
using DeviceFigures = std::shared_ptr<const std::vector<kpi::Figure>>;

// Holds the figures asked for last, of all reading threads: 4,096 device periods of some 80 figures are about 60 MB;
// beyond it the one asked for longest ago goes.
class FigureCache {
public:
    explicit FigureCache(std::size_t most = 4096) : most_{most} {}

    // `make` runs on the caller's thread and outside the lock; two threads may both make the same.
    DeviceFigures get(const FigureKey& key, const FigureStamp& stamp,
                      const std::function<std::vector<kpi::Figure>()>& make);

private:
    struct Slot {
        FigureKey key;
        FigureStamp stamp;
        DeviceFigures figures;
    };
    std::size_t most_;
    std::mutex mutex_;
    std::list<Slot> slots_;  // asked for last first
    std::map<FigureKey, std::list<Slot>::iterator> by_key_;
};

}  // namespace gantry::http
