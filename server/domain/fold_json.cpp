#include <boost/json.hpp>

#include "common/core/json.hpp"
#include "server/domain/fold.hpp"
#include "server/domain/lifecycle_fold.hpp"

// The folded state as canonical JSON: members are written in sorted order, so equal folds give equal bytes.
namespace gantry {
namespace {

namespace json = boost::json;

void write_flags(JsonWriter& out, const std::vector<FlagSpan>& flags) {
    out.begin_array();
    for (const FlagSpan& span : flags) {
        out.begin_array().value(span.flag).value(span.from_ms);
        if (span.to_ms)
            out.value(*span.to_ms);
        else
            out.null();
        out.value(span.leaf_index).end_array();
    }
    out.end_array();
}

// Members of an object that is open already; in sorted order.
void write_standing(JsonWriter& out, const Standing& life) {
    out.field("accepted", life.accepted);
    out.field("baseline", life.baseline);
    out.field("cleared_to", name(life.cleared_to));
    out.field("commissioned", life.commissioned);
    out.key("flags");
    write_flags(out, life.flags);
    out.field("major_part", life.major_part).key("parts").begin_array();
    for (const std::string& part : life.parts) out.value(part);
    out.end_array();
    out.field("restricted", life.restricted);
    out.field("retest_due", life.retest_due);
    out.field("sealed_by", static_cast<int>(life.sealed_by));
    out.field("since_ms", life.since_ms);
    out.field("state", name(life.state));
}

// [at, recv, leaf, event, role, from, to, after, marks, owes, part, cleared_to, sealed_by], the last three only where
// there is one. Most of a device's bytes are these: so numbers stand for the words of closed lists.
void write_event(JsonWriter& out, const LifeEvent& e) {
    const int marks = (e.major ? 1 : 0) | (e.technical ? 2 : 0) | (e.partial ? 4 : 0) | (e.to_idle ? 8 : 0) |
                      (e.observed ? 16 : 0) | (e.withdrawn ? 32 : 0) | (e.stands ? 64 : 0);
    out.begin_array().value(e.at_ms).value(e.recv_ms).value(e.leaf).value(e.event);
    for (const int number : {static_cast<int>(e.role), static_cast<int>(e.from), static_cast<int>(e.to),
                             static_cast<int>(e.after), marks, static_cast<int>(e.owes)})
        out.value(number);
    if (!e.part.empty() || e.cleared_to != State::none || e.sealed_by != 0)
        out.value(e.part).value(static_cast<int>(e.cleared_to)).value(static_cast<int>(e.sealed_by));
    out.end_array();
}

void write_life(JsonWriter& out, const LifecycleFold& life) {
    out.begin_object().key("base").begin_object();
    write_standing(out, life.base);
    out.end_object().field("base_leaf", life.base_leaf).field("base_ms", life.base_ms).key("events").begin_array();
    for (const LifeEvent& event : life.events) write_event(out, event);
    out.end_array().key("flag_spans");
    write_flags(out, life.flag_spans);
    out.field("flags_known_ms", life.flags_known_ms).key("now").begin_object();
    write_standing(out, life);
    out.end_object().end_object();
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

std::vector<FlagSpan> read_flags(const json::value& value) {
    std::vector<FlagSpan> out;
    for (const json::value& item : value.as_array()) {
        const json::array& span = item.as_array();
        out.push_back({std::string{std::string_view{span.at(0).as_string()}}, span.at(1).as_int64(),
                       span.at(2).is_null() ? std::nullopt : std::optional{span.at(2).as_int64()},
                       static_cast<std::uint64_t>(span.at(3).as_int64())});
    }
    return out;
}

Standing read_standing(const json::object& object) {
    const Reader in{object};
    Standing life;
    life.accepted = in.flag("accepted");
    life.baseline = in.flag("baseline");
    life.cleared_to = in.state("cleared_to");
    life.commissioned = in.flag("commissioned");
    life.flags = read_flags(object.at("flags"));
    life.major_part = in.flag("major_part");
    for (const json::value& part : object.at("parts").as_array())
        life.parts.emplace_back(std::string_view{part.as_string()});
    life.restricted = in.flag("restricted");
    life.retest_due = in.flag("retest_due");
    life.sealed_by = static_cast<std::uint8_t>(in.integer("sealed_by"));
    life.since_ms = in.integer("since_ms");
    life.state = in.state("state");
    return life;
}

template <class Enum>
Enum word_at(const json::array& list, std::size_t place, std::size_t count) {
    const std::int64_t number = list.at(place).as_int64();
    if (number < 0 || static_cast<std::size_t>(number) >= count) throw std::out_of_range{"event: unknown word"};
    return static_cast<Enum>(number);
}

LifeEvent read_event(const json::array& in) {
    LifeEvent e;
    e.at_ms = in.at(0).as_int64();
    e.recv_ms = in.at(1).as_int64();
    e.leaf = static_cast<std::uint64_t>(in.at(2).as_int64());
    e.event = std::string_view{in.at(3).as_string()};
    e.role = word_at<Role>(in, 4, role_count);
    e.from = word_at<State>(in, 5, state_count);
    e.to = word_at<State>(in, 6, state_count);
    e.after = word_at<State>(in, 7, state_count);
    const std::int64_t marks = in.at(8).as_int64();
    e.major = (marks & 1) != 0;
    e.technical = (marks & 2) != 0;
    e.partial = (marks & 4) != 0;
    e.to_idle = (marks & 8) != 0;
    e.observed = (marks & 16) != 0;
    e.withdrawn = (marks & 32) != 0;
    e.stands = (marks & 64) != 0;
    e.owes = static_cast<std::uint16_t>(in.at(9).as_int64());
    if (in.size() == 10) return e;
    e.part = std::string_view{in.at(10).as_string()};
    e.cleared_to = word_at<State>(in, 11, state_count);
    e.sealed_by = static_cast<std::uint8_t>(in.at(12).as_int64());
    return e;
}

LifecycleFold read_life(const json::object& object) {
    const Reader in{object};
    LifecycleFold life;
    static_cast<Standing&>(life) = read_standing(object.at("now").as_object());
    life.base = read_standing(object.at("base").as_object());
    life.base_leaf = in.count("base_leaf");
    life.base_ms = in.integer("base_ms");
    for (const json::value& event : object.at("events").as_array()) life.events.push_back(read_event(event.as_array()));
    life.flag_spans = read_flags(object.at("flag_spans"));
    life.flags_known_ms = in.integer("flags_known_ms");
    derive_steps(life);
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
