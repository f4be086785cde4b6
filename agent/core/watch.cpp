#include "agent/core/watch.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "common/core/json.hpp"

namespace gantry::agent {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t step_ms_min = 2'000;
constexpr std::size_t steps_max = 32;  // a clock that jumps more often than it can be told is told by the last ones

}  // namespace

void Watch::tick(std::int64_t utc_ms, std::int64_t boottime_ms) {
    const std::int64_t offset = utc_ms - boottime_ms;
    if (offset_ms_ && std::llabs(offset - *offset_ms_) > step_ms_min) {
        steps_.push_back(offset - *offset_ms_);
        if (steps_.size() > steps_max) steps_.pop_front();
    }
    offset_ms_ = offset;  // Slow drift is no step: always against the last look.

    const std::int64_t start = utc_ms - utc_ms % hour_ms;
    if (hour_ && hour_->start_ms != start) finish_hour();
    if (!hour_) hour_ = Hour{start, 0};
    const auto minute = static_cast<unsigned>((utc_ms - start) / minute_ms);
    hour_->minutes |= std::uint64_t{1} << (59 - minute);
}

void Watch::finish_hour() {
    if (!hour_) return;
    hours_.push_back(*hour_);
    if (hours_.size() > hours_max) hours_.pop_front();
    hour_.reset();
}

void Watch::refused(std::string_view reason, std::int64_t utc_ms) {
    ++refused_total_;
    if (!gap_) gap_ = Gap{0, utc_ms, utc_ms, std::string{reason}};
    ++gap_->count;
    gap_->from_ms = std::min(gap_->from_ms, utc_ms);
    gap_->to_ms = std::max(gap_->to_ms, utc_ms);
    gap_->reason = reason;
}

std::vector<Watch::OwnRecord> Watch::ready(Room room) const {
    std::vector<OwnRecord> out;
    if (room == Room::none) return out;
    if (gap_) {
        OwnRecord record{"gap_declared", {}};
        JsonWriter{record.body}
            .begin_object()
            .field("count", gap_->count)
            .field("from", gap_->from_ms)
            .field("to", gap_->to_ms)
            .field("reason", gap_->reason)
            .end_object();
        out.push_back(std::move(record));
    }
    for (const std::int64_t step : steps_) {
        OwnRecord record{"clock", {}};
        JsonWriter{record.body}.begin_object().field("step_ms", step).end_object();
        out.push_back(std::move(record));
    }
    if (room == Room::little) return out;
    for (const Hour& hour : hours_) {
        char map[16];
        std::snprintf(map, sizeof map, "%015llx", static_cast<unsigned long long>(hour.minutes));
        OwnRecord record{"coverage", {}};
        JsonWriter{record.body}.begin_object().field("hour", hour.start_ms).field("map", map).end_object();
        out.push_back(std::move(record));
    }
    return out;
}

void Watch::appended(std::size_t count) {
    const auto take = [&](std::size_t here) {
        const std::size_t taken = std::min(count, here);
        count -= taken;
        return static_cast<std::ptrdiff_t>(taken);
    };
    if (take(gap_ ? 1 : 0) == 1) gap_.reset();
    steps_.erase(steps_.begin(), steps_.begin() + take(steps_.size()));
    hours_.erase(hours_.begin(), hours_.begin() + take(hours_.size()));
}

}  // namespace gantry::agent
