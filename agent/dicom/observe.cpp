#include "agent/dicom/observe.hpp"

#include "agent/dicom/charset.hpp"
#include "common/core/json.hpp"

namespace gantry::dicom {
namespace {

template <class T>
void optional_field(JsonWriter& json, std::string_view key, const std::optional<T>& value) {
    if (value) json.field(key, *value);
}

void text_field(JsonWriter& json, std::string_view key, std::string_view value) {
    if (!value.empty()) json.field(key, value);
}

void problems_field(JsonWriter& json, Problems problems) {
    json.key("problems").begin_array();
    for (int at = 0; at < problem_count; ++at) {
        if (const auto problem = static_cast<Problem>(at); problems.has(problem)) json.value(name(problem));
    }
    json.end_array();
}

void origin_field(JsonWriter& json, const std::optional<Origin>& origin) {
    if (!origin) return;
    json.key("origin").begin_object();
    text_field(json, "ae", origin->ae);
    text_field(json, "serial", origin->serial);
    text_field(json, "maker", origin->maker);
    text_field(json, "model", origin->model);
    json.end_object();
}

void sources_field(JsonWriter& json, const std::vector<TubeSource>& sources) {
    json.key("sources").begin_array();
    for (const TubeSource& source : sources) {
        json.begin_object().field("id", source.id);
        optional_field(json, "kv_v", source.kv_v);
        optional_field(json, "ma_mean_ua", source.ma_mean_ua);
        optional_field(json, "ma_max_ua", source.ma_max_ua);
        optional_field(json, "rot_ms", source.rot_ms);
        json.end_object();
    }
    json.end_array();
}

void alert_field(JsonWriter& json, const std::optional<DoseAlert>& alert) {
    if (!alert) return;
    json.key("dose_alert").begin_object();
    optional_field(json, "dlp_configured", alert->dlp_configured);
    optional_field(json, "ctdivol_configured", alert->ctdivol_configured);
    optional_field(json, "dlp_alert_ugy_cm", alert->dlp_alert_ugy_cm);
    optional_field(json, "ctdivol_alert_ugy", alert->ctdivol_alert_ugy);
    optional_field(json, "dlp_estimate_ugy_cm", alert->dlp_estimate_ugy_cm);
    optional_field(json, "ctdivol_estimate_ugy", alert->ctdivol_estimate_ugy);
    optional_field(json, "reason_given", alert->reason_given);
    json.end_object();
}

void open_line(JsonWriter& json, std::string_view source, std::string_view type,
               const std::optional<std::int64_t>& at_ms) {
    json.begin_object().field("src", source).field("type", type);
    optional_field(json, "at", at_ms);
    json.key("body");
}

std::optional<std::int64_t> highest_kv(const std::vector<TubeSource>& sources) {
    std::optional<std::int64_t> out;
    for (const TubeSource& source : sources) {
        if (source.kv_v && (!out || *source.kv_v > *out)) out = source.kv_v;
    }
    return out;
}

Problems identity_problems(Problems problems) {
    Problems allowed;
    for (const Problem problem : {Problem::serial_conflict, Problem::serial_missing, Problem::charset_repaired})
        allowed.add(problem);
    return problems.only(allowed);
}

// Lone bytes in a file's name would make the line invalid UTF-8.
std::string printable(std::string_view file) {
    bool ignored = false;
    return decode_text(file, "ISO_IR 192", ignored);
}

}  // namespace

std::string identity_body(const DeviceIdentity& device, std::string_view ae, Problems problems) {
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    text_field(json, "serial", device.serial);
    json.field("serial_basis", name(device.basis));
    text_field(json, "maker", device.maker);
    text_field(json, "model", device.model);
    text_field(json, "sw", device.software);
    text_field(json, "ae", ae);
    problems_field(json, identity_problems(problems));
    json.end_object();
    return out;
}

Observation identity_observation(std::string_view source, const std::string& body) {
    Observation out{{}, {}, "identity"};
    JsonWriter json{out.line};
    open_line(json, source, out.type, std::nullopt);
    json.raw(body).end_object();
    return out;
}

Observation exposure_observation(const DoseReport& report, const Exposure& exposure,
                                 const std::optional<Origin>& origin) {
    Observation out{{}, exposure.event_h, "usage.exposure"};
    JsonWriter json{out.line};
    open_line(json, "rdsr", out.type, exposure.at_ms);
    json.begin_object().field("event_h", exposure.event_h);
    text_field(json, "exam_h", report.exam_h);
    json.field("acq", exposure.acq).field("n", exposure.n);
    optional_field(json, "duration_ms", exposure.duration_ms);
    optional_field(json, "duration_reported_ms", exposure.duration_reported_ms);
    optional_field(json, "length_um", exposure.length_um);
    optional_field(json, "pitch_milli", exposure.pitch_milli);
    optional_field(json, "collimation_single_um", exposure.collimation_single_um);
    optional_field(json, "collimation_total_um", exposure.collimation_total_um);
    optional_field(json, "kvp_v", highest_kv(exposure.sources));
    optional_field(json, "ctdivol_ugy", exposure.ctdivol_ugy);
    optional_field(json, "dlp_ugy_cm", exposure.dlp_ugy_cm);
    optional_field(json, "ssde_ugy", exposure.ssde_ugy);
    text_field(json, "phantom", exposure.phantom);
    text_field(json, "region", exposure.region);
    text_field(json, "proto_group", exposure.proto_group);
    json.field("purpose", report.purpose.purpose).field("purpose_basis", report.purpose.basis);
    alert_field(json, exposure.alert);
    sources_field(json, exposure.sources);
    problems_field(json, exposure.problems);
    origin_field(json, origin);
    json.end_object().end_object();
    return out;
}

Observation dose_observation(const DoseReport& report, std::size_t new_events, const std::optional<Origin>& origin) {
    Observation out{{}, {}, "usage.dose"};
    JsonWriter json{out.line};
    open_line(json, "rdsr", out.type, report.end_ms ? report.end_ms : report.start_ms);
    json.begin_object();
    text_field(json, "exam_h", report.exam_h);
    json.field("events", static_cast<std::int64_t>(report.exposures.size()));
    json.field("new_events", static_cast<std::int64_t>(new_events));
    optional_field(json, "dlp_ugy_cm", report.dlp_total_ugy_cm);
    problems_field(json, report.all_problems());
    origin_field(json, origin);
    json.end_object().end_object();
    return out;
}

std::string report_line(std::string_view file, const DoseReport& report, std::size_t new_events) {
    const DeviceIdentity& device = report.device;
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("type", "report").field("file", printable(file));
    json.field("events", static_cast<std::int64_t>(report.exposures.size()));
    json.field("new_events", static_cast<std::int64_t>(new_events));
    json.key("device").begin_object();
    text_field(json, "maker", device.maker);
    text_field(json, "model", device.model);
    text_field(json, "serial", device.serial);
    json.field("serial_basis", name(device.basis));
    text_field(json, "sw", device.software);
    json.key("serials").begin_object();
    text_field(json, "observer", device.serial_observer);
    text_field(json, "header", device.serial_header);
    if (!device.serial_roles.empty()) {
        json.key("role").begin_array();
        for (const std::string& serial : device.serial_roles) json.value(serial);
        json.end_array();
    }
    json.end_object().end_object();
    problems_field(json, report.all_problems());
    json.end_object();
    return out;
}

}  // namespace gantry::dicom
