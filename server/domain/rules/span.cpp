#include "server/domain/rules/span.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace gantry::rules {

Spans merged(Spans spans) {
    std::ranges::sort(spans, {}, &Span::from_ms);
    Spans out;
    for (const Span& span : spans) {
        if (span.empty()) continue;
        if (!out.empty() && span.from_ms <= out.back().to_ms) {
            out.back().to_ms = std::max(out.back().to_ms, span.to_ms);
        } else {
            out.push_back(span);
        }
    }
    return out;
}

Spans gaps_between(const Spans& good, Span within) {
    Spans out;
    std::int64_t at = within.from_ms;
    for (const Span& span : merged(good)) {
        if (span.to_ms <= at) continue;
        if (span.from_ms >= within.to_ms) break;
        if (span.from_ms > at) out.push_back({at, span.from_ms});
        at = span.to_ms;
    }
    if (at < within.to_ms) out.push_back({at, within.to_ms});
    return out;
}

Spans clipped(const Spans& spans, Span within) {
    Spans out;
    for (const Span& span : spans) {
        const Span cut{std::max(span.from_ms, within.from_ms), std::min(span.to_ms, within.to_ms)};
        if (!cut.empty()) out.push_back(cut);
    }
    return out;
}

bool holds(const Spans& sorted, std::int64_t at_ms) {
    const auto after = std::ranges::upper_bound(sorted, at_ms, {}, &Span::from_ms);
    return after != sorted.begin() && std::prev(after)->holds(at_ms);
}

Spans spans_in(const DeviceCase& device, std::initializer_list<State> states) {
    Spans out;
    for (const StateSpan& span : device.states) {
        if (std::ranges::find(states, span.state) != states.end()) out.push_back({span.from_ms, span.to_ms});
    }
    return merged(std::move(out));
}

State state_at(const DeviceCase& device, std::int64_t at_ms) {
    const auto after = std::ranges::upper_bound(device.states, at_ms, {}, &StateSpan::from_ms);
    if (after == device.states.begin() || at_ms >= std::prev(after)->to_ms) return State::none;
    return std::prev(after)->state;
}

std::int64_t add_days(std::int64_t at_ms, std::int64_t count) {
    return at_ms >= forever_ms - count * ms_per_day ? forever_ms : at_ms + count * ms_per_day;
}

std::int64_t day_of(std::int64_t at_ms) { return at_ms - (at_ms % ms_per_day + ms_per_day) % ms_per_day; }

std::string iso_day(std::int64_t at_ms) {
    if (at_ms == forever_ms) return {};
    const std::chrono::year_month_day day{
        std::chrono::sys_days{std::chrono::days{static_cast<int>(day_of(at_ms) / ms_per_day)}}};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                       static_cast<unsigned>(day.day()));
}

std::string days_text(std::int64_t length_ms) {
    return fmt::format("{} d", length_ms / ms_per_day + (length_ms % ms_per_day > 0 ? 1 : 0));
}

bool local_known(const DeviceCase& device, std::int64_t at_ms) {
    return !device.offsets.empty() && device.offsets.front().from_ms <= at_ms;
}

std::int64_t local_ms(const DeviceCase& device, std::int64_t at_ms) {
    const auto after = std::ranges::upper_bound(device.offsets, at_ms, {}, &ZoneOffset::from_ms);
    return at_ms + std::prev(after)->offset_ms;
}

std::int64_t weekday_of(std::int64_t local) {
    const std::int64_t day = day_of(local) / ms_per_day;  // day 0 was a Thursday
    return ((day + 3) % 7 + 7) % 7;
}

}  // namespace gantry::rules
