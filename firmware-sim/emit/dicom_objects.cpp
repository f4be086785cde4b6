#include "firmware-sim/emit/dicom_objects.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "firmware-sim/emit/dicom_codes.hpp"
#include "firmware-sim/model/observation.hpp"

namespace gantry::sim {
namespace {

void check(const OFCondition& condition, const char* what) {
    if (condition.bad()) throw std::runtime_error{fmt::format("DICOM: {}: {}", what, condition.text())};
}

void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
    check(item.putAndInsertOFStringArray(tag, value.c_str()), DcmTag{tag}.getTagName());
}

DcmItem& append(DcmItem& parent, const DcmTagKey& sequence) {
    DcmItem* item = nullptr;
    check(parent.findOrCreateSequenceItem(sequence, item, -2), DcmTag{sequence}.getTagName());
    return *item;
}

void put_code(DcmItem& parent, const DcmTagKey& sequence, const Coded& code) {
    DcmItem& item = append(parent, sequence);
    put(item, DCM_CodeValue, code.value);
    put(item, DCM_CodingSchemeDesignator, code.scheme);
    put(item, DCM_CodeMeaning, code.meaning);
}

// All our values are whole thousandths of the DICOM unit: µGy of mGy, ms of s, µm of mm, µA of mA, V of kV.
std::string thousandths(std::int64_t value) {
    std::string text = fmt::format("{}.{:03}", value / 1'000, value % 1'000);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

/// Writes one node's children of an SR content tree.
class Content {
public:
    explicit Content(DcmItem& node) : node_{node} {}

    Content container(const Coded& name) { return Content{child("CONTAINS", "CONTAINER", name)}; }
    void text(const Coded& name, const std::string& value) {
        put(child("CONTAINS", "TEXT", name), DCM_TextValue, value);
    }
    void code(const Coded& name, const Coded& value, const char* relation = "CONTAINS") {
        put_code(child(relation, "CODE", name), DCM_ConceptCodeSequence, value);
    }
    void uid(const Coded& name, const std::string& value) { put(child("CONTAINS", "UIDREF", name), DCM_UID, value); }
    void time(const Coded& name, const std::string& value) {
        put(child("CONTAINS", "DATETIME", name), DCM_DateTime, value);
    }
    void observer(const Coded& name, const std::string& value) {
        put(child("HAS OBS CONTEXT", "TEXT", name), DCM_TextValue, value);
    }
    void observer_uid(const Coded& name, const std::string& value) {
        put(child("HAS OBS CONTEXT", "UIDREF", name), DCM_UID, value);
    }
    void person(const Coded& name, const std::string& value) {
        put(child("HAS OBS CONTEXT", "PNAME", name), DCM_PersonName, value);
    }
    void number(const Coded& name, const std::string& value, const Coded& unit) {
        DcmItem& measured = append(child("CONTAINS", "NUM", name), DCM_MeasuredValueSequence);
        put(measured, DCM_NumericValue, value);
        put_code(measured, DCM_MeasurementUnitsCodeSequence, unit);
    }
    DcmItem& child(const char* relation, const char* type, const Coded& name) {
        DcmItem& item = append(node_, DCM_ContentSequence);
        put(item, DCM_RelationshipType, relation);
        put(item, DCM_ValueType, type);
        if (std::string_view{type} == "CONTAINER") put(item, DCM_ContinuityOfContent, "SEPARATE");
        put_code(item, DCM_ConceptNameCodeSequence, name);
        return item;
    }

private:
    DcmItem& node_;
};

std::string date(const Profile& profile, std::int64_t ms) {
    const LocalTime t = to_local(profile.zone, ms);
    return fmt::format("{:04}{:02}{:02}", t.year, t.month, t.day);
}

std::string time_of_day(const Profile& profile, std::int64_t ms) {
    const LocalTime t = to_local(profile.zone, ms);
    return fmt::format("{:02}{:02}{:02}.{:03}", t.hour, t.minute, t.second, t.millisecond);
}

std::string zone_offset(const Profile& profile, std::int64_t ms) {
    const int minutes = utc_offset_min(profile.zone, ms);
    return fmt::format("{}{:02}{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
}

std::string date_time(const Profile& profile, std::int64_t ms) {
    return date(profile, ms) + time_of_day(profile, ms) + (profile.zone_in_report ? zone_offset(profile, ms) : "");
}

void put_equipment(DcmItem& set, const Profile& profile) {
    put(set, DCM_Manufacturer, profile.maker);
    put(set, DCM_ManufacturerModelName, profile.model);
    put(set, DCM_DeviceSerialNumber, profile.serial);
    put(set, DCM_SoftwareVersions, profile.software);
    put(set, DCM_StationName, profile.ae_title);
    put(set, DCM_InstitutionName, profile.site);
}

void put_common(DcmItem& set, const Profile& profile, const ExamRecord& exam) {
    put(set, DCM_SpecificCharacterSet, "ISO_IR 192");
    if (profile.zone_in_report) put(set, DCM_TimezoneOffsetFromUTC, zone_offset(profile, exam.start_ms));
    put(set, DCM_PatientName, exam.patient.name);
    put(set, DCM_PatientID, exam.patient.id);
    put(set, DCM_PatientBirthDate, exam.patient.birth_date);
    put(set, DCM_PatientSex, exam.patient.sex);
}

std::string study_uid(const FleetOptions& options, const Profile& profile, const ExamRecord& exam) {
    return name_uid(options, profile.index, Name::exam, exam.started.exam, 0);
}

std::string protocol_text(const ExamRecord& exam) {
    std::string text = protocol_name(exam.started.group);
    return exam.patient.protocol_suffix.empty() ? text : text + " " + exam.patient.protocol_suffix;
}

void put_alert(Content dose, const Exposure& shot) {
    if (!shot.alert) return;
    Content alert = dose.container({"113900", "DCM", "Dose Check Alert Details"});
    alert.code({"113901", "DCM", "DLP Alert Value Configured"}, shot.alert->configured ? yes : no);
    alert.code({"113902", "DCM", "CTDIvol Alert Value Configured"}, no);
    if (!shot.alert->configured) return;
    alert.number({"113903", "DCM", "DLP Alert Value"}, thousandths(shot.alert->dlp_alert_ugy_cm), mgy_cm);
    if (shot.alert->dlp_estimate_ugy_cm == 0) return;
    alert.number({"113905", "DCM", "Accumulated DLP Forward Estimate"}, thousandths(shot.alert->dlp_estimate_ugy_cm),
                 mgy_cm);
    if (shot.alert->reason_given) alert.text({"113907", "DCM", "Reason for Proceeding"}, "clinical need");
}

void put_parameters(Content parameters, const Exposure& shot) {
    parameters.number({"113824", "DCM", "Exposure Time"}, thousandths(shot.duration_ms), second);
    parameters.number({"113825", "DCM", "Scanning Length"}, thousandths(shot.length_um), millimetre);
    parameters.number({"113826", "DCM", "Nominal Single Collimation Width"}, thousandths(shot.collimation_single_um),
                      millimetre);
    parameters.number({"113827", "DCM", "Nominal Total Collimation Width"}, thousandths(shot.collimation_total_um),
                      millimetre);
    if (shot.pitch_milli > 0)
        parameters.number({"113828", "DCM", "Pitch Factor"}, thousandths(shot.pitch_milli), ratio);
    parameters.number({"113823", "DCM", "Number of X-Ray Sources"}, std::to_string(shot.sources), x_ray_sources);
    for (int i = 0; i < shot.sources; ++i) {
        const auto& tube = shot.source[static_cast<std::size_t>(i)];
        Content source = parameters.container({"113831", "DCM", "CT X-Ray Source Parameters"});
        source.text({"113832", "DCM", "Identification of the X-Ray Source"}, i == 0 ? "A" : "B");
        source.number({"113733", "DCM", "KVP"}, thousandths(tube.kv_v), kilovolt);
        source.number({"113833", "DCM", "Maximum X-Ray Tube Current"}, thousandths(tube.ma_max_ua), milliampere);
        source.number({"113734", "DCM", "X-Ray Tube Current"}, thousandths(tube.ma_mean_ua), milliampere);
        if (tube.rot_ms > 0)
            source.number({"113834", "DCM", "Exposure Time per Rotation"}, thousandths(tube.rot_ms), second);
    }
}

void put_acquisition(Content root, const FleetOptions& options, const Profile& profile, const ExamRecord& exam,
                     const ExamRecord::Shot& entry) {
    const Exposure& shot = entry.exposure;
    Content event = root.container({"113819", "DCM", "CT Acquisition"});
    event.text({"125203", "DCM", "Acquisition Protocol"}, protocol_text(exam));
    event.code({"123014", "DCM", "Target Region"}, region_code(shot.group));
    event.code({"113820", "DCM", "CT Acquisition Type"}, acquisition_code(shot.acquisition));
    event.uid({"113769", "DCM", "Irradiation Event UID"},
              name_uid(options, profile.index, Name::shot, exam.started.exam, static_cast<std::uint64_t>(shot.n)));
    event.time({"111526", "DCM", "DateTime Started"}, date_time(profile, entry.at_ms));
    put_parameters(event.container({"113822", "DCM", "CT Acquisition Parameters"}), shot);
    Content dose = event.container({"113829", "DCM", "CT Dose"});
    dose.number({"113830", "DCM", "Mean CTDIvol"}, thousandths(shot.ctdivol_ugy), mgy);
    dose.code({"113835", "DCM", "CTDIw Phantom Type"}, shot.head_phantom
                                                           ? Coded{"113690", "DCM", "IEC Head Dosimetry Phantom"}
                                                           : Coded{"113691", "DCM", "IEC Body Dosimetry Phantom"});
    dose.number({"113838", "DCM", "DLP"}, thousandths(shot.dlp_ugy_cm), mgy_cm);
    put_alert(dose, shot);
    if (!exam.patient.comment.empty()) event.text({"121106", "DCM", "Comment"}, exam.patient.comment);
}

void put_observer(Content root, const Profile& profile, const ExamRecord& exam) {
    DcmItem& type = root.child("HAS OBS CONTEXT", "CODE", {"121005", "DCM", "Observer Type"});
    put_code(type, DCM_ConceptCodeSequence, {"121007", "DCM", "Device"});
    root.observer_uid({"121012", "DCM", "Device Observer UID"}, "2.25.1" + std::to_string(profile.index));
    root.observer({"121013", "DCM", "Device Observer Name"}, profile.ae_title);
    root.observer({"121014", "DCM", "Device Observer Manufacturer"}, profile.maker);
    root.observer({"121015", "DCM", "Device Observer Model Name"}, profile.model);
    root.observer({"121016", "DCM", "Device Observer Serial Number"}, profile.serial);
    if (!exam.patient.radiographer.empty())
        root.person({"121008", "DCM", "Person Observer Name"}, exam.patient.radiographer);
}

void put_report_header(DcmDataset& set, const FleetOptions& options, const Profile& profile, const ExamRecord& exam,
                       int part) {
    put_common(set, profile, exam);
    put_equipment(set, profile);
    put(set, DCM_SOPClassUID, UID_XRayRadiationDoseSRStorage);
    put(set, DCM_SOPInstanceUID, report_uid(options, profile, exam, part));
    put(set, DCM_StudyInstanceUID, study_uid(options, profile, exam));
    put(set, DCM_SeriesInstanceUID, name_uid(options, profile.index, Name::instance, exam.started.exam, 90));
    put(set, DCM_StudyDate, date(profile, exam.start_ms));
    put(set, DCM_StudyTime, time_of_day(profile, exam.start_ms));
    put(set, DCM_ContentDate, date(profile, exam.end_ms));
    put(set, DCM_ContentTime, time_of_day(profile, exam.end_ms));
    put(set, DCM_AccessionNumber, exam.patient.accession);
    put(set, DCM_ReferringPhysicianName, exam.patient.referring);
    put(set, DCM_StudyDescription, protocol_text(exam));
    put(set, DCM_StudyID, std::to_string(exam.started.exam));
    put(set, DCM_Modality, "SR");
    put(set, DCM_SeriesNumber, "99");
    put(set, DCM_InstanceNumber, std::to_string(part + 1));
    put(set, DCM_CompletionFlag, "COMPLETE");
    put(set, DCM_VerificationFlag, "UNVERIFIED");
    put(set, DCM_ValueType, "CONTAINER");
    put(set, DCM_ContinuityOfContent, "SEPARATE");
    put_code(set, DCM_ConceptNameCodeSequence, {"113701", "DCM", "X-Ray Radiation Dose Report"});
    DcmItem& form = append(set, DCM_ContentTemplateSequence);
    put(form, DCM_MappingResource, "DCMR");
    put(form, DCM_TemplateIdentifier, "10011");
}

}  // namespace

std::string step_uid(const FleetOptions& options, const Profile& profile, const ExamRecord& exam) {
    return name_uid(options, profile.index, Name::instance, exam.started.exam, 1);
}

std::string report_uid(const FleetOptions& options, const Profile& profile, const ExamRecord& exam, int part) {
    return name_uid(options, profile.index, Name::instance, exam.started.exam, 100 + static_cast<std::uint64_t>(part));
}

std::unique_ptr<DcmDataset> step_begin(const FleetOptions& options, const Profile& profile, const ExamRecord& exam) {
    auto set = std::make_unique<DcmDataset>();
    put_common(*set, profile, exam);
    put_equipment(*set, profile);
    DcmItem& scheduled = append(*set, DCM_ScheduledStepAttributesSequence);
    put(scheduled, DCM_StudyInstanceUID, study_uid(options, profile, exam));
    put(scheduled, DCM_AccessionNumber, exam.patient.accession);
    put(scheduled, DCM_RequestedProcedureDescription, protocol_text(exam));
    put(*set, DCM_PerformedProcedureStepID, std::to_string(exam.started.exam));
    put(*set, DCM_PerformedStationAETitle, profile.ae_title);
    put(*set, DCM_PerformedStationName, profile.ae_title);
    put(*set, DCM_PerformedProcedureStepStartDate, date(profile, exam.start_ms));
    put(*set, DCM_PerformedProcedureStepStartTime, time_of_day(profile, exam.start_ms));
    put(*set, DCM_PerformedProcedureStepEndDate, "");
    put(*set, DCM_PerformedProcedureStepEndTime, "");
    put(*set, DCM_PerformedProcedureStepStatus, "IN PROGRESS");
    put(*set, DCM_PerformedProcedureStepDescription, protocol_text(exam));
    put(*set, DCM_Modality, "CT");
    put(*set, DCM_StudyID, std::to_string(exam.started.exam));
    return set;
}

std::unique_ptr<DcmDataset> step_end(const FleetOptions& options, const Profile& profile, const ExamRecord& exam) {
    const ExamEnded& ended = exam.ended.value();
    auto set = std::make_unique<DcmDataset>();
    put(*set, DCM_SpecificCharacterSet, "ISO_IR 192");
    if (profile.zone_in_report) put(*set, DCM_TimezoneOffsetFromUTC, zone_offset(profile, exam.end_ms));
    put(*set, DCM_PerformedProcedureStepStatus, ended.completed ? "COMPLETED" : "DISCONTINUED");
    put(*set, DCM_PerformedProcedureStepEndDate, date(profile, exam.end_ms));
    put(*set, DCM_PerformedProcedureStepEndTime, time_of_day(profile, exam.end_ms));
    if (!ended.completed)
        put_code(*set, DCM_PerformedProcedureStepDiscontinuationReasonCodeSequence, give_up_code(ended.reason));
    for (int i = 0; i < ended.series; ++i) {
        DcmItem& series = append(*set, DCM_PerformedSeriesSequence);
        put(series, DCM_SeriesInstanceUID,
            name_uid(options, profile.index, Name::instance, exam.started.exam, 200 + static_cast<std::uint64_t>(i)));
        put(series, DCM_ProtocolName, protocol_text(exam));
        put(series, DCM_PerformingPhysicianName, exam.patient.referring);
        put(series, DCM_OperatorsName, exam.patient.radiographer);
    }
    for (const auto& shot : exam.shots) {
        DcmItem& item = append(*set, DCM_RETIRED_ExposureDoseSequence);
        put(item, DCM_KVP, thousandths(shot.exposure.source[0].kv_v));
        put(item, DCM_ExposureTime, std::to_string(shot.exposure.duration_ms));
        put(item, DCM_XRayTubeCurrentInuA, std::to_string(shot.exposure.source[0].ma_mean_ua));
    }
    put(*set, DCM_CommentsOnRadiationDose, fmt::format("TotalDLP={}", thousandths(ended.dlp_ugy_cm)));
    return set;
}

std::unique_ptr<DcmDataset> dose_report(const FleetOptions& options, const Profile& profile, const ExamRecord& exam,
                                        int part, std::size_t first, std::size_t last) {
    auto set = std::make_unique<DcmDataset>();
    put_report_header(*set, options, profile, exam, part);
    Content root{*set};
    root.code({"121058", "DCM", "Procedure reported"}, {"P5-08000", "SRT", "Computed Tomography X-Ray"},
              "HAS CONCEPT MOD");
    put_observer(root, profile, exam);
    root.time({"113809", "DCM", "Start of X-Ray Irradiation"}, date_time(profile, exam.shots[first].at_ms));
    const auto& final_shot = exam.shots[last - 1];
    root.time({"113810", "DCM", "End of X-Ray Irradiation"},
              date_time(profile, final_shot.at_ms + final_shot.exposure.duration_ms));
    root.code({"113705", "DCM", "Scope of Accumulation"}, {"113014", "DCM", "Study"});
    std::int64_t dlp = 0;
    for (std::size_t i = first; i < last; ++i) dlp += exam.shots[i].exposure.dlp_ugy_cm;
    Content sum = root.container({"113811", "DCM", "CT Accumulated Dose Data"});
    sum.number({"113812", "DCM", "Total Number of Irradiation Events"}, std::to_string(last - first), events);
    sum.number({"113813", "DCM", "CT Dose Length Product Total"}, thousandths(dlp), mgy_cm);
    for (std::size_t i = first; i < last; ++i) put_acquisition(root, options, profile, exam, exam.shots[i]);
    root.code({"113854", "DCM", "Source of Dose Information"}, {"113856", "DCM", "Automated Data Collection"});
    return set;
}

std::vector<ReportPart> report_parts(const Profile& profile, const ExamRecord& exam) {
    const std::size_t all = exam.shots.size();
    if (all == 0) return {};
    const std::size_t half = all / 2;
    // Some makers send the growing report again and again, some continue it in a second one, all repeat one now and
    // then.
    if (profile.cumulative_reports && half > 0) return {{0, half}, {0, all}};
    if (exam.started.exam % 7 == 0 && half > 0) return {{0, half}, {half, all}};
    if (exam.started.exam % 11 == 0) return {{0, all}, {0, all}};
    return {{0, all}};
}

std::string encoded(DcmDataset& dataset) {
    const auto syntax = EXS_LittleEndianExplicit;
    std::string bytes(dataset.calcElementLength(syntax, EET_ExplicitLength) + 4'096, '\0');
    DcmOutputBufferStream stream{bytes.data(), static_cast<offile_off_t>(bytes.size())};
    dataset.transferInit();
    check(dataset.write(stream, syntax, EET_ExplicitLength, nullptr), "encode");
    dataset.transferEnd();
    void* data = nullptr;
    offile_off_t length = 0;
    stream.flushBuffer(data, length);
    bytes.resize(static_cast<std::size_t>(length));
    return bytes;
}

}  // namespace gantry::sim
