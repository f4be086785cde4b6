#include <boost/json.hpp>

#include "common/core/json.hpp"
#include "server/domain/fold.hpp"

// The folded state as canonical JSON: members are written in sorted order, so equal folds give equal bytes.
namespace gantry {
namespace {

namespace json = boost::json;

void write_life(JsonWriter& out, const LifecycleFold& life) {
    out.begin_object()
        .field("accepted", life.accepted)
        .field("baseline", life.baseline)
        .field("cleared_to", name(life.cleared_to))
        .field("commissioned", life.commissioned)
        .field("major_part", life.major_part)
        .field("restricted", life.restricted)
        .field("retest_due", life.retest_due)
        .field("sealed_by", static_cast<int>(life.sealed_by))
        .field("since_ms", life.since_ms)
        .field("state", name(life.state))
        .key("steps")
        .begin_array();
    for (const LifecycleStep& step : life.steps)
        out.begin_array().value(step.from_ms).value(name(step.state)).value(step.leaf_index).end_array();
    out.end_array().field("steps_dropped", life.steps_dropped).end_object();
}

void write_faults(JsonWriter& out, const std::vector<FaultFold>& faults) {
    out.begin_array();
    for (const FaultFold& fault : faults) {
        out.begin_object()
            .field("cleared_ms", fault.cleared_ms)
            .field("code", fault.code)
            .field("leaf_index", fault.leaf_index)
            .field("raised_ms", fault.raised_ms)
            .field("severity", fault.severity)
            .field("subsystem", fault.subsystem)
            .end_object();
    }
    out.end_array();
}

void write_identity(JsonWriter& out, const IdentityFold& identity) {
    out.begin_object()
        .field("ae", identity.ae)
        .field("at_ms", identity.at_ms)
        .field("maker", identity.maker)
        .field("model", identity.model)
        .field("serial", identity.serial)
        .field("sw", identity.sw)
        .end_object();
}

void write_optional(JsonWriter& out, std::string_view key, const std::optional<std::int64_t>& value) {
    out.key(key);
    if (value) {
        out.value(*value);
    } else {
        out.null();
    }
}

void write_tubes(JsonWriter& out, const std::vector<TubeFold>& tubes) {
    out.begin_array();
    for (const TubeFold& tube : tubes) {
        out.begin_object()
            .field("charge_ua_ms", tube.charge_ua_ms)
            .field("exposure_ms", tube.exposure_ms)
            .field("exposures", tube.exposures)
            .field("id", tube.id)
            .field("serial", tube.serial)
            .field("shown_at_ms", tube.shown_at_ms);
        write_optional(out, "shown_mas", tube.shown_mas);
        write_optional(out, "shown_scan_ms", tube.shown_scan_ms);
        out.end_object();
    }
    out.end_array();
}

// Reads members of our own writing; anything else throws std::exception, which parse_device_fold turns into an error.
struct Reader {
    const json::object& in;

    std::int64_t integer(std::string_view key) const { return in.at(key).as_int64(); }
    std::uint64_t count(std::string_view key) const { return static_cast<std::uint64_t>(integer(key)); }
    bool flag(std::string_view key) const { return in.at(key).as_bool(); }
    std::string text(std::string_view key) const { return std::string{std::string_view{in.at(key).as_string()}}; }
    State state(std::string_view key) const { return state_from(text(key)).value(); }
    std::optional<std::int64_t> maybe(std::string_view key) const {
        return in.at(key).is_null() ? std::nullopt : std::optional{integer(key)};
    }
};

LifecycleFold read_life(const json::object& object) {
    const Reader in{object};
    LifecycleFold life;
    life.accepted = in.flag("accepted");
    life.baseline = in.flag("baseline");
    life.cleared_to = in.state("cleared_to");
    life.commissioned = in.flag("commissioned");
    life.major_part = in.flag("major_part");
    life.restricted = in.flag("restricted");
    life.retest_due = in.flag("retest_due");
    life.sealed_by = static_cast<std::uint8_t>(in.integer("sealed_by"));
    life.since_ms = in.integer("since_ms");
    life.state = in.state("state");
    life.steps_dropped = in.flag("steps_dropped");
    for (const json::value& item : object.at("steps").as_array()) {
        const json::array& step = item.as_array();
        life.steps.push_back({step.at(0).as_int64(), state_from(std::string_view{step.at(1).as_string()}).value(),
                              static_cast<std::uint64_t>(step.at(2).as_int64())});
    }
    return life;
}

FaultFold read_fault(const json::object& object) {
    const Reader in{object};
    return {in.text("code"),         in.text("severity"),      in.text("subsystem"),
            in.integer("raised_ms"), in.integer("cleared_ms"), in.count("leaf_index")};
}

TubeFold read_tube(const json::object& object) {
    const Reader in{object};
    return {in.text("id"),
            in.text("serial"),
            in.integer("exposures"),
            in.integer("exposure_ms"),
            in.integer("charge_ua_ms"),
            in.integer("shown_at_ms"),
            in.maybe("shown_scan_ms"),
            in.maybe("shown_mas")};
}

DeviceFold read_device(const json::object& object) {
    const Reader in{object};
    DeviceFold d;
    d.life = read_life(object.at("life").as_object());
    d.operating = operating_from(in.text("operating")).value();
    d.operating_since_ms = in.integer("operating_since_ms");
    d.last_use_ms = in.integer("last_use_ms");
    d.in_exam = in.flag("in_exam");
    d.exam_at_ms = in.integer("exam_at_ms");
    d.powered_off = in.flag("powered_off");
    d.power_at_ms = in.integer("power_at_ms");
    d.in_service = in.flag("in_service");
    d.service_at_ms = in.integer("service_at_ms");
    d.last_at_ms = in.integer("last_at_ms");
    d.last_recv_ms = in.integer("last_recv_ms");
    d.last_leaf = in.count("last_leaf");
    d.records = in.count("records");
    d.late = in.count("late");
    d.exposures = in.count("exposures");
    d.patient_exposures = in.count("patient_exposures");
    d.duplicates = in.count("duplicates");
    d.missing_records = in.count("missing_records");
    d.unknown_tube = in.count("unknown_tube");
    d.identity_alarm = in.flag("identity_alarm");
    d.clock_bad = in.flag("clock_bad");
    d.clock_step_ms = in.integer("clock_step_ms");
    d.coverage_hour = in.integer("coverage_hour");
    const json::object& identity = object.at("identity").as_object();
    const Reader id{identity};
    d.identity = {id.text("serial"), id.text("maker"), id.text("model"),
                  id.text("sw"),     id.text("ae"),    id.integer("at_ms")};
    for (const json::value& tube : object.at("tubes").as_array()) d.tubes.push_back(read_tube(tube.as_object()));
    for (const json::value& fault : object.at("faults").as_array()) d.faults.push_back(read_fault(fault.as_object()));
    return d;
}

}  // namespace

std::string serialize(const DeviceFold& d) {
    std::string text;
    text.reserve(1024);
    JsonWriter out{text};
    out.begin_object()
        .field("clock_bad", d.clock_bad)
        .field("clock_step_ms", d.clock_step_ms)
        .field("coverage_hour", d.coverage_hour)
        .field("duplicates", d.duplicates)
        .field("exam_at_ms", d.exam_at_ms)
        .field("exposures", d.exposures)
        .key("faults");
    write_faults(out, d.faults);
    out.key("identity");
    write_identity(out, d.identity);
    out.field("identity_alarm", d.identity_alarm)
        .field("in_exam", d.in_exam)
        .field("in_service", d.in_service)
        .field("last_at_ms", d.last_at_ms)
        .field("last_leaf", d.last_leaf)
        .field("last_recv_ms", d.last_recv_ms)
        .field("last_use_ms", d.last_use_ms)
        .field("late", d.late)
        .key("life");
    write_life(out, d.life);
    out.field("missing_records", d.missing_records)
        .field("operating", name(d.operating))
        .field("operating_since_ms", d.operating_since_ms)
        .field("patient_exposures", d.patient_exposures)
        .field("power_at_ms", d.power_at_ms)
        .field("powered_off", d.powered_off)
        .field("records", d.records)
        .field("service_at_ms", d.service_at_ms)
        .key("tubes");
    write_tubes(out, d.tubes);
    out.field("unknown_tube", d.unknown_tube).end_object();
    return text;
}

Result<DeviceFold> parse_device_fold(std::string_view text) {
    try {
        return read_device(json::parse(text).as_object());
    } catch (const std::exception& error) {
        return Error{Errc::malformed, std::string{"device state: "} + error.what()};
    }
}

}  // namespace gantry
