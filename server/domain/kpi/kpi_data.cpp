#include <algorithm>
#include <cmath>

#include "server/domain/kpi/basis.hpp"

// How good the data itself is, and how quickly something is found in it.
namespace gantry::kpi {
namespace {

void add_completeness(const Basis& basis, Sheet& out) {
    const DeviceFold& fold = basis.device.fold;
    std::int64_t missing = static_cast<std::int64_t>(fold.missing_records);
    for (const rules::SequenceGap& gap : basis.device.gaps)
        if (!gap.broken && !gap.filled_ms) missing += gap.missing;
    const auto received = static_cast<std::int64_t>(fold.records);
    if (received == 0 && missing == 0)
        out.unknown("data_completeness", Why::no_data, 0);
    else
        out.ratio("data_completeness", real(received), real(received + missing), 1000);
}

void add_silence(const Basis& basis, Sheet& out) {
    const std::int64_t served = total_ms(basis.in_service);
    if (served == 0) {
        out.unknown("silent_share", Why::not_in_service, 1000);
        return;
    }
    out.ratio("silent_share", hours_of(served - total_ms(both(basis.in_service, basis.watched))), hours_of(served),
              1000);
}

void add_detection(const Basis& basis, Sheet& out) {
    std::vector<double> minutes;
    for (const rules::Alert& alert : basis.device.alerts)
        if (basis.period.holds(alert.found_ms) && alert.found_ms > 0)
            minutes.push_back(real(std::max<std::int64_t>(0, alert.found_ms - alert.since_ms)) / 60'000);
    std::ranges::sort(minutes);
    for (const auto& [id, share] : {std::pair{"detection_delay_p50", 0.50}, {"detection_delay_p95", 0.95}}) {
        if (minutes.empty()) {
            out.unknown(id, Why::nothing_counted, 1000);
            continue;
        }
        // The nearest rank: an alert that really came so late.
        const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(minutes.size())));
        out.measure(id, minutes[std::max<std::size_t>(rank, 1) - 1], static_cast<double>(minutes.size()), 1000);
    }
}

}  // namespace

void add_data(const Basis& basis, Sheet& out) {
    add_completeness(basis, out);
    add_silence(basis, out);
    add_detection(basis, out);
}

}  // namespace gantry::kpi
