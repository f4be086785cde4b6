#include "agent/dicom/mpps.hpp"

#include <algorithm>

#include "agent/dicom/charset.hpp"
#include "agent/dicom/codes.hpp"
#include "agent/dicom/content_item.hpp"
#include "agent/dicom/limits.hpp"
#include "common/core/json.hpp"

namespace gantry::dicom {
namespace {

constexpr std::int64_t week_ms = 604'800'000;  // the schema's limit on an examination
constexpr std::int64_t dlp_max = 1'000'000'000;
constexpr std::int64_t count_max = 10'000;

std::optional<std::int64_t> time_of(DcmItem& dataset, const DcmTagKey& date, const DcmTagKey& time,
                                    const ZoneRule& zone) {
    Problems ignored;  // the schema has no problems on examinations
    return parse_datetime(text_at(dataset, date) + text_at(dataset, time), text_at(dataset, DCM_TimezoneOffsetFromUTC),
                          zone, ignored);
}

std::string_view age_band(DcmItem& dataset, std::int64_t at_ms) {
    const auto years = age_years(text_at(dataset, DCM_PatientBirthDate), at_ms);
    if (!years) return {};
    if (*years < 1) return "0";
    if (*years < 5) return "1-4";
    if (*years < 10) return "5-9";
    if (*years < 15) return "10-14";
    if (*years < 18) return "15-17";
    return *years < 65 ? "18-64" : "65+";
}

// Where modalities put the name of what they did, most telling first.
std::string protocol_name(DcmItem& dataset) {
    for (DcmItem* series : items_at(dataset, DCM_PerformedSeriesSequence)) {
        if (std::string name = text_at(*series, DCM_ProtocolName); !name.empty()) return name;
    }
    for (DcmItem* code : items_at(dataset, DCM_PerformedProtocolCodeSequence)) {
        if (std::string name = text_at(*code, DCM_CodeMeaning); !name.empty()) return name;
    }
    return text_at(dataset, DCM_PerformedProcedureStepDescription);
}

template <class T>
void optional_field(JsonWriter& json, std::string_view key, const std::optional<T>& value) {
    if (value) json.field(key, *value);
}

void text_field(JsonWriter& json, std::string_view key, std::string_view value) {
    if (!value.empty()) json.field(key, value);
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

// Exposure Dose Sequence: times in ms, unlike the dose report. One without a time is unknown and adds nothing.
void read_exposures(DcmItem& dataset, StepChange& out) {
    const auto items = items_at(dataset, DCM_RETIRED_ExposureDoseSequence);
    if (items.empty()) return;
    out.exposures = std::min<std::int64_t>(static_cast<std::int64_t>(items.size()), count_max);
    Problems ignored;
    for (DcmItem* item : items) {
        const auto ms =
            scaled(Quantity::time_ms, text_at(*item, DCM_ExposureTime), "ms", limits::exposure_ms_max, ignored);
        if (ms) out.exposure_ms = std::min(out.exposure_ms.value_or(0) + *ms, week_ms);
    }
}

}  // namespace

std::optional<std::int64_t> total_dlp_of_comment(std::string_view comment) {
    std::string folded{comment};
    std::ranges::transform(folded, folded.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    for (const std::string_view label : {"total dlp", "totaldlp", "dlp total"}) {
        const auto found = folded.find(label);
        if (found == std::string::npos) continue;
        std::string_view rest = std::string_view{folded}.substr(found + label.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(" =:"), rest.size()));
        const auto number = rest.substr(0, rest.find_first_not_of("0123456789."));
        const auto value = scale_decimal(number, 1, 3);
        if (value && *value >= 0 && *value <= dlp_max) return value;
    }
    return std::nullopt;
}

Result<StepBegin> read_step_begin(DcmDataset& dataset, const ParseContext& context) {
    if (text_at(dataset, DCM_PerformedProcedureStepStatus) != "IN PROGRESS") {
        return Error{Errc::refused, "N-CREATE: Performed Procedure Step Status (0040,0252): want IN PROGRESS"};
    }
    const auto scheduled = items_at(dataset, DCM_ScheduledStepAttributesSequence);
    const std::string study = scheduled.empty() ? std::string{} : text_at(*scheduled.front(), DCM_StudyInstanceUID);
    if (study.empty()) {
        return Error{Errc::malformed,
                     "N-CREATE: no Study Instance UID (0020,000D) in Scheduled Step Attributes (0040,0270)"};
    }
    StepBegin out;
    out.step.exam_h = context.pseudonyms.uid(study);
    out.at_ms =
        time_of(dataset, DCM_PerformedProcedureStepStartDate, DCM_PerformedProcedureStepStartTime, context.zone);
    out.step.start_ms = out.at_ms.value_or(0);
    Problems ignored;
    const DeviceIdentity device = header_identity(dataset, ignored);
    out.step.serial = device.serial;
    out.step.maker = device.maker;
    out.step.model = device.model;
    const std::string charset = values_at(dataset, DCM_SpecificCharacterSet);
    bool repaired = false;
    const auto decode = [&](const std::string& bytes) { return decode_text(bytes, charset, repaired); };
    out.proto_group = context.site.proto_group_of(decode(protocol_name(dataset)));
    if (out.at_ms) out.age_band = age_band(dataset, *out.at_ms);
    out.purpose =
        context.site.purpose_of(decode(text_at(dataset, DCM_PatientID)), decode(text_at(dataset, DCM_PatientName)));
    return out;
}

Result<StepChange> read_step_change(DcmDataset& dataset, const ParseContext& context) {
    StepChange out;
    const std::string status = text_at(dataset, DCM_PerformedProcedureStepStatus);
    if (status == "COMPLETED") {
        out.status = StepStatus::completed;
    } else if (status == "DISCONTINUED") {
        out.status = StepStatus::discontinued;
    } else if (!status.empty() && status != "IN PROGRESS") {
        return Error{Errc::refused,
                     "N-SET: Performed Procedure Step Status (0040,0252): want IN PROGRESS, COMPLETED or DISCONTINUED"};
    }
    out.at_ms = time_of(dataset, DCM_PerformedProcedureStepEndDate, DCM_PerformedProcedureStepEndTime, context.zone);
    const CodeText reason = code_at(dataset, DCM_PerformedProcedureStepDiscontinuationReasonCodeSequence);
    if (!reason.value.empty()) out.reason = discontinuation_reason(reason.value);
    const auto series = items_at(dataset, DCM_PerformedSeriesSequence);
    if (dataset.tagExists(DCM_PerformedSeriesSequence))
        out.series = std::min<std::int64_t>(static_cast<std::int64_t>(series.size()), count_max);
    read_exposures(dataset, out);
    out.dlp_ugy_cm = total_dlp_of_comment(text_at(dataset, DCM_CommentsOnRadiationDose));
    return out;
}

std::string exam_start_line(const StepBegin& begin, const std::optional<Origin>& origin) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("src", "mpps").field("type", "usage.exam.start");
    optional_field(json, "at", begin.at_ms);
    json.key("body").begin_object().field("exam_h", begin.step.exam_h);
    text_field(json, "proto_group", begin.proto_group);
    json.field("purpose", begin.purpose.purpose).field("purpose_basis", begin.purpose.basis);
    text_field(json, "age_band", begin.age_band);
    origin_field(json, origin);
    json.end_object().end_object();
    return out;
}

std::string exam_end_line(const OpenStep& step, const StepChange& change, const std::optional<Origin>& origin) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("src", "mpps").field("type", "usage.exam.end");
    optional_field(json, "at", change.at_ms);
    const bool discontinued = change.status == StepStatus::discontinued;
    json.key("body")
        .begin_object()
        .field("exam_h", step.exam_h)
        .field("status", discontinued ? "discontinued" : "completed");
    if (discontinued) text_field(json, "reason", change.reason);
    optional_field(json, "series", change.series);
    if (change.at_ms && step.start_ms > 0) {
        const std::int64_t duration_ms = *change.at_ms - step.start_ms;
        if (duration_ms >= 0 && duration_ms <= week_ms) json.field("duration_ms", duration_ms);
    }
    optional_field(json, "exposures", change.exposures);
    optional_field(json, "exposure_ms", change.exposure_ms);
    optional_field(json, "dlp_ugy_cm", change.dlp_ugy_cm);
    origin_field(json, origin);
    json.end_object().end_object();
    return out;
}

}  // namespace gantry::dicom
