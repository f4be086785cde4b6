#include <algorithm>

#include "server/domain/fold_steps.hpp"

// Exposures and exams: the use of a device. Every sum is commutative, so that the order of arrival does not matter.
namespace gantry::fold {
namespace {

enum class Added { fresh, known, uncertain };

Added add_key(HourCell& cell, std::vector<std::uint64_t>& keys, std::uint64_t key) {
    const auto place = std::ranges::lower_bound(keys, key);
    if (place != keys.end() && *place == key) return Added::known;
    if (keys.size() >= hour_keys_max) {
        cell.keys_full = true;
        return Added::uncertain;
    }
    keys.insert(place, key);
    return Added::fresh;
}

bool holds(const HourCell* cell, std::uint64_t key) { return cell && std::ranges::binary_search(cell->exam_keys, key); }

// An exam counts in the hour where it began: seen in this hour and not in the one before. Told late, it takes its count
// away from the hour after. So each hour's count depends on what was seen only, never on the order.
void count_exam(Step& step, std::int64_t hour, std::uint64_t key) {
    HourCell& cell = step.hours.change(hour);
    if (add_key(cell, cell.exam_keys, key) == Added::known) return;
    if (!holds(step.hours.find(hour - ms_per_hour), key)) ++cell.exams;
    if (holds(step.hours.find(hour + ms_per_hour), key)) --step.hours.change(hour + ms_per_hour).exams;
}

TubeFold& tube_of(DeviceFold& device, std::string_view id) {
    auto place =
        std::ranges::lower_bound(device.tubes, id, {}, [](const TubeFold& t) { return std::string_view{t.id}; });
    if (place != device.tubes.end() && place->id == id) return *place;
    if (device.tubes.size() >= tubes_max && id != "other") return tube_of(device, "other");
    return *device.tubes.insert(place, TubeFold{.id = std::string{id}});
}

// Each source is a tube of its own with its own wear. Returns the charge of all of them.
std::int64_t wear_tubes(DeviceFold& device, const UseBody& use) {
    std::int64_t total = 0;
    if (use.source_count == 0) ++device.unknown_tube;
    for (std::size_t i = 0; i < use.source_count; ++i) {
        TubeFold& tube = tube_of(device, use.sources[i].id);
        ++tube.exposures;
        if (!use.duration_ms) continue;
        tube.exposure_ms += *use.duration_ms;
        const std::int64_t charge = use.sources[i].ma_mean_ua.value_or(0) * *use.duration_ms;
        tube.charge_ua_ms += charge;
        total += charge;
    }
    return total;
}

void add_to_hour(HourCell& cell, const UseBody& use, std::int64_t charge, std::int64_t at_ms, bool patient) {
    const std::size_t half = at_ms - hour_of(at_ms) < ms_per_hour / 2 ? 0 : 1;
    ++cell.records;
    ++cell.exposures;
    ++cell.half_exposures[half];
    cell.patient_exposures += patient ? 1 : 0;
    cell.exposure_ms += use.duration_ms.value_or(0);
    cell.half_exposure_ms[half] += use.duration_ms.value_or(0);
    cell.unknown_duration += use.duration_ms ? 0 : 1;
    cell.charge_ua_ms += charge;
    cell.dlp_ugy_cm += use.dlp_ugy_cm.value_or(0);
    if (use.ctdivol_ugy)
        cell.ctdivol.add(static_cast<std::uint32_t>(std::clamp<std::int64_t>(*use.ctdivol_ugy, 0, 0x7FFF'FFFF)));
}

void fold_exposure(Step& step, const UseBody& use, std::int64_t at_ms) {
    DeviceFold& device = step.device;
    HourCell& cell = step.hours.change(hour_of(at_ms));
    if (use.event_key && add_key(cell, cell.event_keys, *use.event_key) == Added::known) {
        ++device.duplicates;
        step.effects.duplicate = true;
        return;
    }
    const bool patient = use.purpose != "phantom" && use.purpose != "service";
    ++device.exposures;
    device.patient_exposures += patient ? 1 : 0;
    const std::int64_t charge = wear_tubes(device, use);
    add_to_hour(cell, use, charge, at_ms, patient);
    if (cell.first_leaf == 0) cell.first_leaf = step.leaf.leaf_index;
    cell.last_leaf = std::max(cell.last_leaf, step.leaf.leaf_index);
    if (use.exam_key) count_exam(step, hour_of(at_ms), *use.exam_key);
    report(step, exposure_contradicts(device.life, step.table, use, at_ms));
}

// An exam's end counts once, in the hour in which it ended.
void count_end(Step& step, const UseBody& use, std::int64_t at_ms) {
    constexpr std::uint64_t end_mark = 0x656E'6465'6420'6578;  // sets an end's key apart from those of exposures
    HourCell& cell = step.hours.change(hour_of(at_ms));
    if (use.exam_key && add_key(cell, cell.event_keys, *use.exam_key ^ end_mark) == Added::known) return;
    if (use.status == "discontinued") {
        const auto reason = std::ranges::find(abort_reasons, use.reason);
        const auto at = static_cast<std::size_t>(reason - abort_reasons.begin());
        ++cell.ends.discontinued[std::min(at, abort_reasons.size() - 1)];
    } else {
        ++cell.ends.completed;
    }
    if (!use.duration_ms) return;
    ++cell.ends.timed;
    cell.ends.exam_ms += *use.duration_ms;
}

void fold_exam(Step& step, const UseBody& use, std::int64_t at_ms, bool begins) {
    DeviceFold& device = step.device;
    if (use.exam_key) count_exam(step, hour_of(at_ms), *use.exam_key);
    if (!begins) count_end(step, use, at_ms);
    // An end and a start of the same moment: the end came first.
    const bool newer = begins ? at_ms >= device.exam_at_ms : at_ms > device.exam_at_ms;
    if (!newer) return;
    device.in_exam = begins;
    device.exam_at_ms = at_ms;
}

}  // namespace

void report(Step& step, std::optional<FindingCandidate> found) {
    if (!found) return;
    found->leaf_index = step.leaf.leaf_index;
    const auto said = [&](const FindingCandidate& f) {
        return f.rule == found->rule && f.leaf_index == found->leaf_index;
    };
    if (std::ranges::any_of(step.effects.findings, said)) return;
    step.effects.findings.push_back(std::move(*found));
}

void fold_use(Step& step, const RecordView& record, std::int64_t at_ms) {
    // Of a record inside another, only its text is at hand.
    const bool ready = step.leaf.use && record.body.data() == step.leaf.record.body.data();
    const UseBody use = ready ? *step.leaf.use : read_use(record.body);
    if (record.type == "usage.exposure") {
        fold_exposure(step, use, at_ms);
    } else {
        fold_exam(step, use, at_ms, record.type == "usage.exam.start");
    }
    DeviceFold& device = step.device;
    device.last_use_ms = std::max(device.last_use_ms, at_ms);
    if (at_ms > device.power_at_ms) {  // what radiates is on
        device.powered_off = false;
        device.power_at_ms = at_ms;
    }
    settle_operating(step, at_ms);
}

}  // namespace gantry::fold
