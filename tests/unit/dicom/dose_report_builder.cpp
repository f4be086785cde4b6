#include "tests/unit/dicom/dose_report_builder.hpp"

#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, always
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dctk.h>

#include <stdexcept>

namespace gantry::dicom::testing {
namespace {

void require(const OFCondition& condition) {
    if (condition.bad()) throw std::runtime_error{condition.text()};
}

void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
    require(item.putAndInsertOFStringArray(tag, OFString{value.data(), value.size()}));
}

void put_unless_empty(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
    if (!value.empty()) put(item, tag, value);
}

DcmItem& add(DcmItem& parent, const DcmTagKey& sequence) {
    DcmItem* item = nullptr;
    require(parent.findOrCreateSequenceItem(sequence, item, -2));  // -2: a new one at the end
    return *item;
}

void put_code(DcmItem& parent, const DcmTagKey& sequence, const std::string& value, const std::string& scheme) {
    DcmItem& code = add(parent, sequence);
    put(code, DCM_CodeValue, value);
    put(code, DCM_CodingSchemeDesignator, scheme);
    put(code, DCM_CodeMeaning, "SECRET meaning");
}

DcmItem& content(DcmItem& parent, const char* type, const std::string& concept_value) {
    DcmItem& item = add(parent, DCM_ContentSequence);
    put(item, DCM_RelationshipType, "CONTAINS");
    put(item, DCM_ValueType, type);
    put_code(item, DCM_ConceptNameCodeSequence, concept_value, "DCM");
    return item;
}

void text_item(DcmItem& parent, const std::string& concept_value, const std::string& text) {
    put(content(parent, "TEXT", concept_value), DCM_TextValue, text);
}

DcmItem& code_item(DcmItem& parent, const std::string& concept_value, const std::string& code,
                   const std::string& scheme) {
    DcmItem& item = content(parent, "CODE", concept_value);
    if (!code.empty()) put_code(item, DCM_ConceptCodeSequence, code, scheme);
    return item;
}

void number_item(DcmItem& parent, const std::string& concept_value, const std::string& value, const std::string& unit) {
    if (value.empty()) return;
    DcmItem& measured = add(content(parent, "NUM", concept_value), DCM_MeasuredValueSequence);
    put(measured, DCM_NumericValue, value);
    put_code(measured, DCM_MeasurementUnitsCodeSequence, unit, "UCUM");
}

void add_acquisition(DcmItem& root, const FakeAcquisition& from) {
    DcmItem& item = content(root, "CONTAINER", "113819");
    if (!from.protocol.empty()) text_item(item, "125203", from.protocol);
    if (!from.region.empty()) code_item(item, "123014", from.region, "SRT");
    code_item(item, "113820", from.type, from.type_scheme);
    if (!from.uid.empty()) put(content(item, "UIDREF", "113769"), DCM_UID, from.uid);
    if (!from.started.empty()) put(content(item, "DATETIME", "111526"), DCM_DateTime, from.started);
    DcmItem& parameters = content(item, "CONTAINER", "113822");
    number_item(parameters, "113824", from.exposure_time, from.time_unit);
    number_item(parameters, "113825", from.length, "mm");
    number_item(parameters, "113826", from.single_collimation, "mm");
    number_item(parameters, "113827", from.total_collimation, "mm");
    number_item(parameters, "113828", from.pitch, "{ratio}");
    for (const FakeTube& tube : from.tubes) {
        DcmItem& source = content(parameters, "CONTAINER", "113831");
        text_item(source, "113832", tube.id);
        number_item(source, "113733", tube.kvp, "kV");
        number_item(source, "113833", tube.ma_max, "mA");
        number_item(source, "113734", tube.ma_mean, "mA");
        number_item(source, "113834", tube.rotation, "s");
    }
    if (!from.dlp.empty() || !from.ctdivol.empty()) {
        DcmItem& dose = content(item, "CONTAINER", "113829");
        number_item(dose, "113830", from.ctdivol, "mGy");
        code_item(dose, "113835", "113691", "DCM");
        number_item(dose, "113838", from.dlp, from.dlp_unit);
        if (from.alert) {
            DcmItem& alert = content(dose, "CONTAINER", "113900");
            code_item(alert, "113901", "R-0038D", "SRT");
            code_item(alert, "113902", "R-00339", "SRT");
            number_item(alert, "113903", "100.00", "mGy.cm");
            text_item(alert, "113907", "SECRET reason");
            put(content(alert, "PNAME", "113870"), DCM_PersonName, "SECRET^Person");
        }
    }
    text_item(item, "121106", "SECRET comment");
    if (!from.role_serial.empty()) {
        DcmItem& role = code_item(item, "113876", "113859", "DCM");
        text_item(role, "113880", from.role_serial);
    }
}

void fill(DcmDataset& dataset, const FakeReport& from) {
    put_unless_empty(dataset, DCM_SpecificCharacterSet, from.charset);
    put(dataset, DCM_SOPClassUID, from.sop_class);
    put(dataset, DCM_SOPInstanceUID, from.sop_uid);
    put(dataset, DCM_Modality, "SR");
    put(dataset, DCM_StudyDate, "20240105");
    put(dataset, DCM_AccessionNumber, "SECRET-ACC");
    put(dataset, DCM_InstitutionName, "SECRET Hospital");
    put(dataset, DCM_StationName, "SECRET-STN");
    put(dataset, DCM_ReferringPhysicianName, "SECRET^Doctor");
    put(dataset, DCM_StudyDescription, "SECRET study");
    put_unless_empty(dataset, DCM_TimezoneOffsetFromUTC, from.timezone);
    put_unless_empty(dataset, DCM_Manufacturer, from.maker);
    put_unless_empty(dataset, DCM_ManufacturerModelName, from.model);
    put_unless_empty(dataset, DCM_DeviceSerialNumber, from.header_serial);
    put_unless_empty(dataset, DCM_SoftwareVersions, from.software);
    put(dataset, DCM_PatientName, from.patient_name);
    put(dataset, DCM_PatientID, from.patient_id);
    put(dataset, DCM_StudyInstanceUID, from.study_uid);
    put(dataset, DCM_SeriesInstanceUID, "1.2.3.5555.3");
    put(dataset, DCM_ValueType, "CONTAINER");
    put_code(dataset, DCM_ConceptNameCodeSequence, from.title, "DCM");
    code_item(dataset, "121058", from.procedure, "SRT");
    if (from.observer_serial) {
        text_item(dataset, "121013", "SECRET observer");
        text_item(dataset, "121016", *from.observer_serial);
        text_item(dataset, "121017", "SECRET room");
    }
    if (!from.start.empty()) put(content(dataset, "DATETIME", "113809"), DCM_DateTime, from.start);
    if (!from.end.empty()) put(content(dataset, "DATETIME", "113810"), DCM_DateTime, from.end);
    if (from.projection) {
        content(dataset, "CONTAINER", "113702");
        content(dataset, "CONTAINER", "113706");
        return;
    }
    DcmItem& totals = content(dataset, "CONTAINER", "113811");
    number_item(totals, "113812", std::to_string(from.acquisitions.size()), "{events}");
    number_item(totals, "113813", from.dlp_total, "mGycm");
    for (const FakeAcquisition& one : from.acquisitions) add_acquisition(dataset, one);
}

E_TransferSyntax dcmtk_syntax(Syntax syntax) {
    switch (syntax) {
        case Syntax::explicit_little:
            return EXS_LittleEndianExplicit;
        case Syntax::implicit_little:
            return EXS_LittleEndianImplicit;
        case Syntax::explicit_big:
            return EXS_BigEndianExplicit;
    }
    return EXS_LittleEndianExplicit;
}

template <class Write>
Bytes written(Write write) {
    std::vector<char> buffer(8 * 1024 * 1024);
    DcmOutputBufferStream stream{buffer.data(), static_cast<offile_off_t>(buffer.size())};
    require(write(stream));
    void* data = nullptr;
    offile_off_t size = 0;
    stream.flushBuffer(data, size);
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    return {bytes, bytes + size};
}

Bytes bytes_of(DcmDataset& dataset) {
    dataset.transferInit();
    return written([&](DcmOutputStream& out) {
        return dataset.write(out, EXS_LittleEndianExplicit, EET_ExplicitLength, nullptr);
    });
}

}  // namespace

FakeAcquisition acquisition(const std::string& uid) {
    FakeAcquisition out;
    out.uid = uid;
    return out;
}

FakeAcquisition scout(const std::string& uid) {
    FakeAcquisition out = acquisition(uid);
    out.type = "113805";
    out.type_scheme = "DCM";
    out.exposure_time = "5.6";
    out.pitch.clear();
    out.ctdivol.clear();
    out.dlp.clear();
    out.tubes.front().rotation.clear();
    return out;
}

Bytes dicom_file(const FakeReport& report, Syntax syntax, bool undefined_lengths) {
    DcmFileFormat file;
    fill(*file.getDataset(), report);
    const E_TransferSyntax xfer = dcmtk_syntax(syntax);
    require(file.validateMetaInfo(xfer));
    file.transferInit();
    return written([&](DcmOutputStream& out) {
        return file.write(out, xfer, undefined_lengths ? EET_UndefinedLength : EET_ExplicitLength, nullptr,
                          EGL_recalcGL, EPD_noChange);
    });
}

Bytes dicom_dataset(const FakeReport& report) {
    DcmDataset dataset;
    fill(dataset, report);
    return bytes_of(dataset);
}

Bytes mpps_create(const FakeStep& step) {
    DcmDataset dataset;
    DcmItem& scheduled = add(dataset, DCM_ScheduledStepAttributesSequence);
    put(scheduled, DCM_AccessionNumber, "SECRET-ACC");
    put_unless_empty(scheduled, DCM_StudyInstanceUID, step.study_uid);
    put(dataset, DCM_PatientName, "SECRET^NAME");
    put(dataset, DCM_PatientID, step.patient_id);
    put_unless_empty(dataset, DCM_PatientBirthDate, step.birth_date);
    put(dataset, DCM_PerformedProcedureStepStatus, step.status);
    put(dataset, DCM_PerformedProcedureStepStartDate, step.date);
    put(dataset, DCM_PerformedProcedureStepStartTime, step.time);
    put(dataset, DCM_PerformedProcedureStepDescription, step.protocol);
    return bytes_of(dataset);
}

Bytes mpps_set(const FakeStep& step) {
    DcmDataset dataset;
    put_unless_empty(dataset, DCM_PerformedProcedureStepStatus, step.status);
    put_unless_empty(dataset, DCM_PerformedProcedureStepEndDate, step.date);
    put_unless_empty(dataset, DCM_PerformedProcedureStepEndTime, step.time);
    if (!step.reason.empty()) {
        put_code(dataset, DCM_PerformedProcedureStepDiscontinuationReasonCodeSequence, step.reason, "DCM");
    }
    for (int at = 0; at < step.series; ++at)
        put(add(dataset, DCM_PerformedSeriesSequence), DCM_ProtocolName, "SECRET series");
    for (const std::string& time : step.exposure_times_ms) {
        DcmItem& exposure = add(dataset, DCM_RETIRED_ExposureDoseSequence);
        put(exposure, DCM_KVP, "120");
        put_unless_empty(exposure, DCM_ExposureTime, time);
        put(exposure, DCM_XRayTubeCurrentInuA, "165044.374");
    }
    put_unless_empty(dataset, DCM_CommentsOnRadiationDose, step.comment);
    return bytes_of(dataset);
}

}  // namespace gantry::dicom::testing
