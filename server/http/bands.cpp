#include <algorithm>
#include <array>

#include "server/http/device_view.hpp"

// The 24 h band: each half hour becomes the one mark that matters most to whoever looks at it.
namespace gantry::http {
namespace {

// How long each thing lasted within one half hour.
struct Slot {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    bool blocked = false;
    bool hard_fault = false;
    bool soft_fault = false;
    std::int64_t maintenance_ms = 0;
    std::int64_t scanning_ms = 0;
    std::int64_t off_ms = 0;
    std::int64_t exposure_ms = 0;
    std::int64_t exposures = 0;
};

bool is_any(std::string_view state, std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, state) != names.end();
}

void mark(Slot& slot, const store::IntervalRow& interval, std::int64_t overlap_ms) {
    switch (interval.lane) {
        case Lane::lifecycle:
            if (is_any(interval.state, {"SUSPENDED", "SEALED"})) slot.blocked = true;
            if (interval.state == "FAULT") slot.hard_fault = true;
            if (is_any(interval.state, {"PM", "RETEST"})) slot.maintenance_ms += overlap_ms;
            break;
        case Lane::operating:
            if (interval.state == "scanning") slot.scanning_ms += overlap_ms;
            if (interval.state == "service") slot.maintenance_ms += overlap_ms;
            if (interval.state == "off") slot.off_ms += overlap_ms;
            if (interval.state == "fault") slot.hard_fault = true;
            break;
        case Lane::faults:
            if (is_any(interval.state, {"hard", "safety"})) slot.hard_fault = true;
            if (interval.state == "partial") slot.soft_fault = true;
            break;
    }
}

BandCell judge(const Slot& slot, bool watched) {
    const std::int64_t used_ms =
        std::clamp<std::int64_t>(std::max(slot.scanning_ms, slot.exposure_ms), 0, half_hour_ms);
    BandCell cell{slot.from_ms, "void", static_cast<int>(used_ms * 1000 / half_hour_ms)};
    if (slot.blocked)
        cell.state = "blocked";
    else if (slot.hard_fault)
        cell.state = "fault";
    else if (slot.maintenance_ms > half_hour_ms / 2)
        cell.state = "pm";
    else if (slot.soft_fault)
        cell.state = "partial";
    else if (slot.exposures > 0 || slot.scanning_ms > 0)
        cell.state = "use";
    else if (slot.off_ms > half_hour_ms / 2)
        cell.state = "off";
    else if (watched)
        cell.state = "on";
    // Declared states hold without anybody watching; figures of use do not.
    if (!watched && slot.exposures == 0 && slot.scanning_ms == 0) cell.use_permille.reset();
    return cell;
}

}  // namespace

std::vector<BandCell> bands_24h(const DeviceView& device, std::int64_t now_ms) {
    std::array<Slot, bands_per_day> slots;
    const std::int64_t begin = now_ms - now_ms % half_hour_ms - (bands_per_day - 1) * half_hour_ms;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        slots[i].from_ms = begin + static_cast<std::int64_t>(i) * half_hour_ms;
        slots[i].to_ms = slots[i].from_ms + half_hour_ms;
    }
    const std::int64_t seen = device.last_seen_ms();
    for (const store::IntervalRow& interval : device.intervals) {
        // What was seen and did not end is known to have lasted until the last sign of life; what was declared lasts.
        const std::int64_t open_end = interval.lane == Lane::operating ? seen : now_ms + 1;
        const std::int64_t end = interval.to_ms.value_or(open_end);
        for (Slot& slot : slots) {
            const std::int64_t overlap = std::min(end, slot.to_ms) - std::max(interval.from_ms, slot.from_ms);
            if (overlap > 0) mark(slot, interval, overlap);
        }
    }
    for (const store::HourRow& hour : device.hours) {
        for (std::size_t half = 0; half < 2; ++half) {
            const std::int64_t at = hour.hour_ms + static_cast<std::int64_t>(half) * half_hour_ms;
            const std::int64_t i = (at - begin) / half_hour_ms;
            if (at < begin || i >= bands_per_day) continue;
            slots[static_cast<std::size_t>(i)].exposure_ms = hour.cell.half_exposure_ms[half];
            slots[static_cast<std::size_t>(i)].exposures = hour.cell.half_exposures[half];
        }
    }
    std::vector<BandCell> out;
    for (const Slot& slot : slots)
        out.push_back(
            judge(slot, watched_minutes(device, slot.from_ms, std::min(slot.to_ms, now_ms + 60'000), now_ms) > 0));
    return out;
}

}  // namespace gantry::http
