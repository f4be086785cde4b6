#include <algorithm>
#include <charconv>

#include "server/domain/fold_steps.hpp"

// What a device tells about itself beside its use. Current values go by event time: what is older than what is known
// changes nothing.
namespace gantry::fold {
namespace {

std::string text(const BodyFields& body, std::string_view key) { return std::string{body.text(key)}; }

FaultFold& fault_of(DeviceFold& device, std::string_view code) {
    auto place =
        std::ranges::lower_bound(device.faults, code, {}, [](const FaultFold& f) { return std::string_view{f.code}; });
    if (place != device.faults.end() && place->code == code) return *place;
    if (device.faults.size() >= faults_max) {
        // Room for a new code: the closed one cleared longest ago goes, else the one raised longest ago.
        const auto oldest = std::ranges::min_element(device.faults, {}, [](const FaultFold& f) {
            return std::pair{f.open(), f.open() ? f.raised_ms : f.cleared_ms};
        });
        device.faults.erase(oldest);
        place = std::ranges::lower_bound(device.faults, code, {},
                                         [](const FaultFold& f) { return std::string_view{f.code}; });
    }
    return *device.faults.insert(place, FaultFold{.code = std::string{code}});
}

void put_fault(Step& step, const FaultFold& fault, std::int64_t from_ms, std::optional<std::int64_t> to_ms,
               bool remove = false) {
    step.effects.intervals.push_back(
        {Lane::faults, fault.code, fault.severity, from_ms, to_ms, step.leaf.leaf_index, remove});
}

void fold_fault_raised(Step& step, const BodyFields& body, std::int64_t at_ms) {
    FaultFold& fault = fault_of(step.device, body.text("code"));
    if (at_ms == fault.raised_ms) return;  // told again
    HourCell& cell = step.hours.change(hour_of(at_ms));
    ++cell.records;
    ++cell.faults;
    fault.severity = text(body, "severity");
    fault.subsystem = text(body, "subsystem");
    if (at_ms <= fault.cleared_ms) {  // told after its clearance
        put_fault(step, fault, at_ms, fault.cleared_ms);
        return;
    }
    if (fault.open()) {
        if (at_ms > fault.raised_ms) return;  // raised again while open: one fault
        put_fault(step, fault, fault.raised_ms, std::nullopt, true);
    }
    fault.raised_ms = at_ms;
    fault.leaf_index = step.leaf.leaf_index;
    put_fault(step, fault, at_ms, std::nullopt);
}

void fold_fault_cleared(Step& step, const BodyFields& body, std::int64_t at_ms) {
    FaultFold& fault = fault_of(step.device, body.text("code"));
    if (fault.open() && at_ms >= fault.raised_ms) put_fault(step, fault, fault.raised_ms, at_ms);
    fault.cleared_ms = std::max(fault.cleared_ms, at_ms);
}

void fold_identity(DeviceFold& device, const BodyFields& body, std::int64_t at_ms) {
    IdentityFold& identity = device.identity;
    if (at_ms < identity.at_ms) return;
    identity.at_ms = at_ms;
    const auto take = [&](std::string_view key, std::string& into) {
        if (const std::string_view value = body.text(key); !value.empty()) into = value;
    };
    take("serial", identity.serial);
    take("maker", identity.maker);
    take("model", identity.model);
    take("sw", identity.sw);
    take("ae", identity.ae);
}

void fold_counter(DeviceFold& device, const BodyFields& body, std::int64_t at_ms) {
    const std::string_view id = body.text("tube_id");
    auto place =
        std::ranges::lower_bound(device.tubes, id, {}, [](const TubeFold& t) { return std::string_view{t.id}; });
    if (place == device.tubes.end() || place->id != id) {
        if (device.tubes.size() >= tubes_max) return;
        place = device.tubes.insert(place, TubeFold{.id = std::string{id}});
    }
    if (at_ms < place->shown_at_ms) return;
    place->shown_at_ms = at_ms;
    if (const std::string_view serial = body.text("tube_serial"); !serial.empty()) place->serial = serial;
    if (const auto scan = body.integer("scan_ms")) place->shown_scan_ms = scan;
    if (const auto mas = body.integer("mas")) place->shown_mas = mas;
}

void fold_coverage(Step& step, const BodyFields& body) {
    const auto hour = body.integer("hour");
    const std::string_view map = body.text("map");
    std::uint64_t bits = 0;
    const auto [end, error] = std::from_chars(map.data(), map.data() + map.size(), bits, 16);
    if (!hour || error != std::errc{} || end != map.data() + map.size()) return;
    step.hours.change(hour_of(*hour)).coverage |= bits;  // two agents' starts in one hour tell a part each
    step.device.coverage_hour = std::max(step.device.coverage_hour, hour_of(*hour));
}

// What the agent knows to be missing. A poisoned record is not counted here: its tombstone is a system fact of its own.
void fold_gap(DeviceFold& device, const BodyFields& body) {
    const std::int64_t count = body.integer("count").value_or(0);
    if (count > 0 && body.text("reason") != "poisoned") device.missing_records += static_cast<std::uint64_t>(count);
}

// The latest word about power or service counts; an older one is late.
void settle(DeviceFold& device, bool& flag, std::int64_t& flag_at_ms, bool value, std::int64_t at_ms) {
    if (at_ms < flag_at_ms) {
        ++device.late;
        return;
    }
    flag = value;
    flag_at_ms = at_ms;
}

Operating derive(const DeviceFold& device) {
    const bool stopped = std::ranges::any_of(
        device.faults, [](const FaultFold& f) { return f.open() && (f.severity == "hard" || f.severity == "safety"); });
    if (stopped) return Operating::fault;
    if (device.in_service) return Operating::service;
    return device.powered_off ? Operating::off : Operating::standby;
}

}  // namespace

void settle_operating(Step& step, std::int64_t at_ms) {
    DeviceFold& device = step.device;
    const Operating now = derive(device);
    if (now == device.operating) return;
    const std::int64_t from_ms = std::max(at_ms, device.operating_since_ms);
    const auto put = [&](Operating state, std::int64_t from, std::optional<std::int64_t> to, bool remove) {
        step.effects.intervals.push_back(
            {Lane::operating, {}, std::string{name(state)}, from, to, step.leaf.leaf_index, remove});
    };
    if (device.operating != Operating::no_data && from_ms > device.operating_since_ms)
        put(device.operating, device.operating_since_ms, from_ms, false);
    device.operating = now;
    device.operating_since_ms = from_ms;
    put(now, from_ms, std::nullopt, false);
}

bool fold_observed(Step& step, const RecordView& record, std::int64_t at_ms) {
    DeviceFold& device = step.device;
    const std::string_view type = record.type;
    const BodyFields body{record.body};
    if (type == "coverage") {
        fold_coverage(step, body);
    } else if (type == "gap_declared") {
        fold_gap(device, body);
    } else if (type == "clock") {
        device.clock_step_ms = body.integer("step_ms").value_or(0);
    } else if (type == "identity") {
        fold_identity(device, body, at_ms);
    } else if (type == "counter") {
        fold_counter(device, body, at_ms);
    } else if (type == "power.on" || type == "power.off") {
        settle(device, device.powered_off, device.power_at_ms, type == "power.off", at_ms);
    } else if (type == "service.session") {
        settle(device, device.in_service, device.service_at_ms, body.text("phase") == "start", at_ms);
    } else if (type == "fault.raised") {
        fold_fault_raised(step, body, at_ms);
    } else if (type == "fault.cleared") {
        fold_fault_cleared(step, body, at_ms);
    } else if (type == "part.replaced") {
        apply_observed_part(device.life, body.flag("major"), at_ms);
    } else if (record.src == Source::agent) {
        return false;  // the agent about itself: says nothing about the device
    }
    if (record.src != Source::agent) settle_operating(step, at_ms);
    return true;
}

}  // namespace gantry::fold
