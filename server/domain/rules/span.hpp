#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "server/domain/rules/case.hpp"

// Stretches of time, half open, and what can be said of them.
namespace gantry::rules {

inline constexpr std::int64_t ms_per_minute = 60'000;
inline constexpr std::int64_t ms_per_day = 86'400'000;
using paper::forever_ms;

Spans merged(Spans spans);                            // sorted, without overlap or touch, none empty
Spans gaps_between(const Spans& good, Span within);   // what of `within` no span of `good` (any order) holds
Spans clipped(const Spans& spans, Span within);       // sorted and merged spans cut to `within`
bool holds(const Spans& sorted, std::int64_t at_ms);  // of merged spans
Spans spans_in(const DeviceCase& device, std::initializer_list<State> states);
State state_at(const DeviceCase& device, std::int64_t at_ms);  // none: not known

std::int64_t add_days(std::int64_t at_ms, std::int64_t days);  // never past forever
std::int64_t day_of(std::int64_t at_ms);                       // start of the UTC day
std::string iso_day(std::int64_t at_ms);                       // "2026-03-05", UTC; "" for forever
std::string days_text(std::int64_t length_ms);                 // "366 d", rounded up

// Local time; false when the case does not know it.
bool local_known(const DeviceCase& device, std::int64_t at_ms);
std::int64_t local_ms(const DeviceCase& device, std::int64_t at_ms);  // needs local_known
std::int64_t weekday_of(std::int64_t local_ms);                       // 0 Monday

}  // namespace gantry::rules
