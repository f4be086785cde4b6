#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>

#include "server/domain/lifecycle.hpp"
#include "server/http/metrics.hpp"

namespace gantry::http {

struct HttpCounters;

struct MetricsInput {
    CollectorFigures figures;
    std::array<std::uint64_t, state_count> devices_by_state{};
    std::array<std::uint64_t, 5> findings_open{};  // by severity, info first
    std::uint64_t live_dropped = 0;
    std::string version;
    std::string commit;
};
// Prometheus text format 0.0.4.
std::string render_metrics(const MetricsInput& input, const HttpCounters& http);

// How fast a counter grows, over about the last minute.
class Rate {
public:
    double per_second(std::uint64_t count, std::int64_t now_ms);

private:
    std::mutex mutex_;  // two reading threads may ask at once
    std::uint64_t old_count_ = 0, mid_count_ = 0;
    std::int64_t old_ms_ = 0, mid_ms_ = 0;
};

}  // namespace gantry::http
