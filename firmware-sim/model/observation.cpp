#include "firmware-sim/model/observation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "firmware-sim/model/calendar.hpp"
#include "firmware-sim/model/prng.hpp"

namespace gantry::sim {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};

struct Key {
    const FleetOptions& options;
    std::uint32_t device;
};

std::pair<std::uint64_t, std::uint64_t> name_bits(const FleetOptions& options, std::uint32_t device, Name kind,
                                                  std::uint64_t a, std::uint64_t b) {
    const std::uint64_t place = static_cast<std::uint64_t>(kind) << 32 | device;
    return {mix(options.seed, place, a, b), mix(~options.seed, place, b, a)};
}

// All texts here are of our own making: letters, digits and punctuation that JSON needs no escape for.
class Body {
public:
    Body& text(std::string_view key, std::string_view value) { return raw(key, fmt::format("\"{}\"", value)); }
    Body& number(std::string_view key, std::int64_t value) { return raw(key, fmt::format_int(value).c_str()); }
    Body& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
    Body& raw(std::string_view key, std::string_view value) {
        fmt::format_to(std::back_inserter(out_), "{}\"{}\":{}", out_.size() > 1 ? "," : "", key, value);
        return *this;
    }
    std::string done() { return std::move(out_) + "}"; }

private:
    std::string out_ = "{";
};

std::string exam_h(const Key& key, std::uint64_t exam) {
    return name_hex(key.options, key.device, Name::exam, exam, 0);
}

std::string_view basis(Purpose purpose) {
    return purpose == Purpose::patient ? "mpps" : purpose == Purpose::service ? "session" : "pattern";
}

std::string_view tube_name(int tube) { return tube == 0 ? "A" : "B"; }

std::string body_of(const Key& key, const ExamStarted& e) {
    Body body;
    body.text("exam_h", exam_h(key, e.exam)).text("proto_group", name(e.group)).text("region", region_name(e.group));
    body.text("purpose", name(e.purpose)).text("purpose_basis", basis(e.purpose));
    if (!e.age_band.empty()) body.text("age_band", e.age_band);
    return body.done();
}

std::string body_of(const Key& key, const ExamEnded& e) {
    Body body;
    body.text("exam_h", exam_h(key, e.exam)).text("status", e.completed ? "completed" : "discontinued");
    if (!e.completed) body.text("reason", e.reason);
    body.number("series", e.series).number("duration_ms", e.duration_ms).number("exposures", e.exposures);
    return body.number("exposure_ms", e.exposure_ms).number("dlp_ugy_cm", e.dlp_ugy_cm).done();
}

std::string sources_json(const Exposure& e) {
    std::string list = "[";
    for (int i = 0; i < e.sources; ++i) {
        const auto& source = e.source[static_cast<std::size_t>(i)];
        Body one;
        one.text("id", tube_name(i)).number("kv_v", source.kv_v).number("ma_mean_ua", source.ma_mean_ua);
        one.number("ma_max_ua", source.ma_max_ua);
        if (source.rot_ms > 0) one.number("rot_ms", source.rot_ms);
        list += (i > 0 ? "," : "") + one.done();
    }
    return list + "]";
}

std::string body_of(const Key& key, const Exposure& e) {
    Body body;
    body.text("event_h", name_hex(key.options, key.device, Name::shot, e.exam, static_cast<std::uint64_t>(e.n)));
    body.text("exam_h", exam_h(key, e.exam)).text("acq", name(e.acquisition)).number("n", e.n);
    body.number("duration_ms", e.duration_ms).number("length_um", e.length_um);
    if (e.pitch_milli > 0) body.number("pitch_milli", e.pitch_milli);
    body.number("collimation_single_um", e.collimation_single_um)
        .number("collimation_total_um", e.collimation_total_um);
    body.number("kvp_v", std::max(e.source[0].kv_v, e.source[1].kv_v)).number("ctdivol_ugy", e.ctdivol_ugy);
    body.number("dlp_ugy_cm", e.dlp_ugy_cm).text("phantom", e.head_phantom ? "head16" : "body32");
    body.text("region", region_name(e.group)).text("proto_group", name(e.group));
    body.text("purpose", name(e.purpose)).text("purpose_basis", basis(e.purpose));
    if (e.alert) {
        Body alert;
        alert.flag("dlp_configured", e.alert->configured);
        if (e.alert->configured) alert.number("dlp_alert_ugy_cm", e.alert->dlp_alert_ugy_cm);
        if (e.alert->dlp_estimate_ugy_cm > 0)
            alert.number("dlp_estimate_ugy_cm", e.alert->dlp_estimate_ugy_cm)
                .flag("reason_given", e.alert->reason_given);
        body.raw("dose_alert", alert.done());
    }
    return body.raw("sources", sources_json(e)).done();
}

std::string body_of(const Key& key, const DoseSummary& e) {
    Body body;
    body.text("exam_h", exam_h(key, e.exam)).number("events", e.events).number("new_events", e.events);
    return body.number("dlp_ugy_cm", e.dlp_ugy_cm).done();
}

std::string body_of(const Counter& e) {
    Body body;
    body.text("tube_id", tube_name(e.tube)).text("tube_serial", e.serial).number("scan_ms", e.scan_ms);
    body.number("mas", e.mas);
    if (e.tube == 0) body.number("exams", e.exams);
    return body.number("rotations", e.rotations).number("arcs", e.arcs).done();
}

std::string body_of(const Environment& e) {
    Body body;
    body.number("oil_mc", e.oil_mc).number("anode_mc", e.anode_mc).number("room_mc", e.room_mc);
    return body.number("rh_permille", e.rh_permille).number("supply_mv", e.supply_mv).done();
}

std::string body_of(const Key& key, const Audit& e) {
    Body body;
    body.number("code", e.code);
    if (e.user != 0) body.text("user_h", name_hex(key.options, key.device, Name::user, e.user, 0));
    return body.text("outcome", "success").done();
}

std::string body_of(const PartReplaced& e) {
    Body body;
    body.text("part", e.tube >= 0 ? "tube" : "detector")
        .text("old_serial", e.old_serial)
        .text("new_serial", e.new_serial);
    return body.flag("major", true).done();
}

std::string plate_json(const Profile& profile, const Identity& e) {
    Body body;
    body.text("serial", e.serial.empty() ? profile.serial : e.serial).text("serial_basis", "observer");
    body.text("maker", profile.maker).text("model", profile.model).text("sw", profile.software);
    return body.text("ae", e.ae_title.empty() ? profile.ae_title : e.ae_title).done();
}

std::string body_of(const GapDeclared& e) {
    Body body;
    return body.number("count", e.count).number("from", e.from_ms).number("to", e.to_ms).text("reason", "full").done();
}

}  // namespace

std::optional<Observation> observe(const FleetOptions& options, const Profile& profile, const SimEvent& event) {
    const Key key{options, profile.index};
    const auto told = [&](std::string_view src, std::string_view type, std::string body, bool agent_only = false) {
        return Observation{src, type, event.at_ms, std::move(body), agent_only};
    };
    using Told = std::optional<Observation>;
    return std::visit(
        Overloaded{
            [&](const ExamStarted& e) -> Told { return told("mpps", "usage.exam.start", body_of(key, e)); },
            [&](const Exposure& e) -> Told { return told("rdsr", "usage.exposure", body_of(key, e)); },
            [&](const ExamEnded& e) -> Told { return told("mpps", "usage.exam.end", body_of(key, e)); },
            [&](const DoseSummary& e) -> Told { return told("rdsr", "usage.dose", body_of(key, e)); },
            [&](const Identity& e) -> Told { return told("rdsr", "identity", plate_json(profile, e)); },
            [&](const PowerOn&) -> Told { return told("log", "power.on", "{}"); },
            [&](const PowerOff&) -> Told { return told("log", "power.off", "{}"); },
            [&](const Counter& e) -> Told { return told("log", "counter", body_of(e)); },
            [&](const Environment& e) -> Told { return told("sensor", "env", body_of(e)); },
            [&](const FaultRaised& e) -> Told {
                return told(
                    "log", "fault.raised",
                    Body{}.text("code", e.code).text("severity", e.severity).text("subsystem", e.subsystem).done());
            },
            [&](const FaultCleared& e) -> Told {
                return told("log", "fault.cleared", Body{}.text("code", e.code).done());
            },
            [&](const Audit& e) -> Told { return told("audit", "audit", body_of(key, e)); },
            [&](const SoftwareChanged& e) -> Told {
                return told("audit", "config.changed",
                            Body{}.text("item", "software").text("old", e.from).text("new", e.to).done());
            },
            [&](const ServiceSession& e) -> Told {
                return told("audit", "service.session",
                            Body{}
                                .text("phase", e.start ? "start" : "end")
                                .text("access", e.remote ? "remote" : "local")
                                .done());
            },
            [&](const PartReplaced& e) -> Told { return told("log", "part.replaced", body_of(e)); },
            [&](const TubeSwapped&) -> Told { return std::nullopt; },
            [&](const ClockStepped& e) -> Told {
                return told("agent", "clock", Body{}.number("step_ms", e.step_ms).done(), true);
            },
            [&](const GapDeclared& e) -> Told { return told("agent", "gap_declared", body_of(e), true); },
            [&](const Coverage& e) -> Told {
                return told("agent", "coverage",
                            Body{}.number("hour", e.hour_ms).text("map", fmt::format("{:015x}", e.map)).done(), true);
            },
            [&](const Declared&) -> Told { return std::nullopt; },
        },
        event.what);
}

std::string intake_line(const Observation& observation) {
    return fmt::format(R"({{"src":"{}","type":"{}","at":{},"body":{}}})", observation.src, observation.type,
                       observation.at_ms, observation.body);
}

std::string declaration_json(const FleetOptions& options, const Profile& profile, const SimEvent& event) {
    const auto& declared = std::get<Declared>(event.what);
    std::string evidence = "[";
    for (std::size_t i = 0; i < declared.documents.size(); ++i) {
        const auto at = static_cast<std::uint64_t>(event.at_ms);
        evidence +=
            fmt::format("{}\"{}{}\"", i > 0 ? "," : "", name_hex(options, profile.index, Name::document, at, 2 * i),
                        name_hex(options, profile.index, Name::document, at, 2 * i + 1));
    }
    Body body;
    if (declared.paper)
        body.text("kind", declared.paper->kind).text("id", declared.paper->id);
    else
        body.text("event", declared.event);
    body.text("at", rfc3339(event.at_ms)).text("reason", declared.reason);
    body.text("actor", fmt::format("{}-{}", declared.role, profile.site)).text("role", declared.role);
    if (declared.paper) return body.raw("body", declared.paper->body.json(TimeForm::text)).done();
    return body.raw("evidence", evidence + "]").raw("data", declared.data_json).done();
}

std::string name_hex(const FleetOptions& options, std::uint32_t device, Name kind, std::uint64_t a, std::uint64_t b) {
    const auto [high, low] = name_bits(options, device, kind, a, b);
    return fmt::format("{:016x}{:016x}", high, low);
}

std::string name_uid(const FleetOptions& options, std::uint32_t device, Name kind, std::uint64_t a, std::uint64_t b) {
    const auto [high, low] = name_bits(options, device, kind, a, b);
    // Long division by ten of four 32-bit limbs; the first bit is set so that the number is never short.
    std::array<std::uint64_t, 4> limbs{high >> 32 | 0x80000000U, high & 0xffffffffU, low >> 32, low & 0xffffffffU};
    std::string digits;
    while (limbs[0] != 0 || limbs[1] != 0 || limbs[2] != 0 || limbs[3] != 0) {
        std::uint64_t rest = 0;
        for (auto& limb : limbs) {
            const std::uint64_t value = rest << 32 | limb;
            limb = value / 10;
            rest = value % 10;
        }
        digits.push_back(static_cast<char>('0' + rest));
    }
    return "2.25." + std::string{digits.rbegin(), digits.rend()};
}

std::string truth_line(std::string_view rule, std::string_view device, std::int64_t from_ms, std::int64_t to_ms,
                       std::span<const std::string_view> implies) {
    Body body;
    body.text("rule", rule).text("device", device).number("from", from_ms).number("to", to_ms);
    if (!implies.empty()) body.raw("implies", fmt::format("[\"{}\"]", fmt::join(implies, "\",\"")));
    return body.done();
}

}  // namespace gantry::sim
