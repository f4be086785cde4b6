#include "agent/dicom/rdsr.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/dicom/charset.hpp"
#include "agent/dicom/codes.hpp"
#include "agent/dicom/content_item.hpp"
#include "agent/dicom/dataset.hpp"
#include "agent/dicom/limits.hpp"
#include "agent/dicom/plausibility.hpp"

namespace gantry::dicom {
namespace {

// Concept names (DCM) of TID 10011 to 10014.
namespace concepts {
constexpr std::string_view dose_report = "113701";
constexpr std::string_view procedure_reported = "121058";
constexpr std::string_view observer_maker = "121014";
constexpr std::string_view observer_model = "121015";
constexpr std::string_view observer_serial = "121016";
constexpr std::string_view start = "113809";
constexpr std::string_view end = "113810";
constexpr std::string_view study_uid = "110180";
constexpr std::string_view scope = "113705";
constexpr std::string_view accumulated = "113811";
constexpr std::string_view projection_accumulated = "113702";
constexpr std::string_view projection_event = "113706";
constexpr std::string_view dlp_total = "113813";
constexpr std::string_view acquisition = "113819";
constexpr std::string_view protocol = "125203";
constexpr std::string_view target_region = "123014";
constexpr std::string_view acquisition_type = "113820";
constexpr std::string_view event_uid = "113769";
constexpr std::string_view datetime_started = "111526";
constexpr std::string_view parameters = "113822";
constexpr std::string_view exposure_time = "113824";
constexpr std::string_view length = "113825";
constexpr std::string_view collimation_single = "113826";
constexpr std::string_view collimation_total = "113827";
constexpr std::string_view pitch = "113828";
constexpr std::string_view source = "113831";
constexpr std::string_view source_id = "113832";
constexpr std::string_view kvp = "113733";
constexpr std::string_view ma_max = "113833";
constexpr std::string_view ma_mean = "113734";
constexpr std::string_view rotation = "113834";
constexpr std::string_view dose = "113829";
constexpr std::string_view ctdivol = "113830";
constexpr std::string_view phantom = "113835";
constexpr std::string_view dlp = "113838";
constexpr std::string_view ssde = "113930";
constexpr std::string_view alert = "113900";
constexpr std::string_view device_role = "113876";
constexpr std::string_view role_maker = "113878";
constexpr std::string_view role_model = "113879";
constexpr std::string_view role_serial = "113880";
}  // namespace concepts

// The schema's limits of the values.
constexpr std::int64_t dlp_max = 1'000'000'000;
constexpr std::int64_t dose_max = 100'000'000;
constexpr std::int64_t length_max = 10'000'000;
constexpr std::int64_t collimation_max = 1'000'000;
constexpr std::int64_t pitch_max = 100'000;
constexpr std::int64_t voltage_max = 500'000;
constexpr std::int64_t current_max = 10'000'000;
constexpr std::int64_t rotation_max = 3'600'000;
constexpr std::int64_t reported_max = (std::int64_t{1} << 53) - 1;
constexpr std::size_t token_max = 64;

class Reader {
public:
    Reader(DcmDataset& dataset, const ParseContext& context)
        : dataset_{dataset},
          context_{context},
          root_{dataset},
          charset_{values_at(dataset, DCM_SpecificCharacterSet)},
          offset_{text_at(dataset, DCM_TimezoneOffsetFromUTC)} {}

    Result<DoseReport> read() {
        if (auto ct = is_ct_dose_report(); !ct) return ct.error();
        const auto acquisitions = root_.children(concepts::acquisition);
        if (acquisitions.size() > limits::events_max) {
            return Error{Errc::too_large, fmt::format("dose report: got {} events, want at most {}",
                                                      acquisitions.size(), limits::events_max)};
        }
        read_identity(acquisitions);
        read_report();
        int n = 0;
        std::map<std::string, bool, std::less<>> seen;
        for (const ContentItem& acquisition : acquisitions) {
            Exposure exposure = read_exposure(acquisition, ++n);
            if (seen.emplace(exposure.event_h, true).second) report_.exposures.push_back(std::move(exposure));
        }
        return std::move(report_);
    }

private:
    Result<void> is_ct_dose_report() const {
        const auto refuse = [](std::string_view why) {
            return Error{Errc::refused, fmt::format("not a CT dose report: {}", why)};
        };
        const CodeText title = root_.concept_name();
        if (title.value.empty()) return refuse("no structured report (no document title)");
        if (title.value != concepts::dose_report)
            return refuse("the document title is not X-Ray Radiation Dose Report (113701)");
        if (root_.child(concepts::projection_accumulated) || root_.child(concepts::projection_event)) {
            return refuse("it reports projection X-ray dose (113702 or 113706)");
        }
        const auto procedure = root_.child(concepts::procedure_reported);
        if (procedure && !procedure->code().value.empty() && !means_ct_procedure(procedure->code().view())) {
            return refuse("the procedure reported is not computed tomography");
        }
        if (!root_.child(concepts::accumulated) && !root_.child(concepts::acquisition)) {
            return refuse("no CT accumulated dose (113811) and no CT acquisition (113819)");
        }
        return {};
    }

    std::string decode(std::string_view bytes, Problems& problems) const {
        bool repaired = false;
        std::string text = decode_text(bytes, charset_, repaired);
        if (repaired) problems.add(Problem::charset_repaired);
        return text;
    }

    std::string token(std::string_view bytes, Problems& problems) const {
        bool repaired = false;
        std::string out = to_token(decode(bytes, problems), token_max, repaired);
        if (repaired) problems.add(Problem::charset_repaired);
        return out;
    }

    std::string token_child(std::string_view concept_value) {
        const auto item = root_.child(concept_value);
        return item ? token(item->text(), report_.problems) : std::string{};
    }

    // The observer is the report's own statement of which device it speaks for, so it comes first. The header may
    // describe a console or server that wrote the object. Device roles repeat per event and often hold a maker's
    // internal number.
    void read_identity(const std::vector<ContentItem>& acquisitions) {
        DeviceIdentity& device = report_.device;
        device = header_identity(dataset_, report_.problems);
        const std::string maker = token_child(concepts::observer_maker);
        const std::string model = token_child(concepts::observer_model);
        if (!maker.empty()) device.maker = maker;
        if (!model.empty()) device.model = model;
        device.serial_observer = token_child(concepts::observer_serial);
        for (const ContentItem& acquisition : acquisitions) {
            for (const ContentItem& role : acquisition.children(concepts::device_role)) read_role(role);
        }
        const std::string role = device.serial_roles.empty() ? std::string{} : device.serial_roles.front();
        device.serial = role;
        device.basis = role.empty() ? SerialBasis::none : SerialBasis::role;
        if (!device.serial_header.empty()) {
            device.serial = device.serial_header;
            device.basis = SerialBasis::header;
        }
        if (!device.serial_observer.empty()) {
            device.serial = device.serial_observer;
            device.basis = SerialBasis::observer;
        }
        if (device.serial.empty()) report_.problems.add(Problem::serial_missing);
        const auto differs = [&](const std::string& other) { return !other.empty() && other != device.serial; };
        if (differs(device.serial_header) || std::ranges::any_of(device.serial_roles, differs)) {
            report_.problems.add(Problem::serial_conflict);
        }
    }

    void read_role(const ContentItem& role) {
        constexpr std::size_t roles_max = 8;
        DeviceIdentity& device = report_.device;
        const auto text = [&](std::string_view concept_value) {
            const auto item = role.child(concept_value);
            return item ? token(item->text(), report_.problems) : std::string{};
        };
        if (device.maker.empty()) device.maker = text(concepts::role_maker);
        if (device.model.empty()) device.model = text(concepts::role_model);
        const std::string serial = text(concepts::role_serial);
        const bool known = std::ranges::find(device.serial_roles, serial) != device.serial_roles.end();
        if (!serial.empty() && !known && device.serial_roles.size() < roles_max) device.serial_roles.push_back(serial);
    }

    std::optional<std::int64_t> time_child(std::string_view concept_value) {
        const auto item = root_.child(concept_value);
        if (!item) return std::nullopt;
        return parse_datetime(item->datetime(), offset_, context_.zone, report_.problems);
    }

    void read_report() {
        std::string study = text_at(dataset_, DCM_StudyInstanceUID);
        if (study.empty()) {
            const auto scope = root_.child(concepts::scope);
            const auto inner = scope ? scope->child(concepts::study_uid) : std::nullopt;
            if (inner) study = inner->uid();
        }
        if (!study.empty()) report_.exam_h = context_.pseudonyms.uid(study);
        report_.report_h = context_.pseudonyms.named("report", text_at(dataset_, DCM_SOPInstanceUID));
        report_.start_ms = time_child(concepts::start);
        report_.end_ms = time_child(concepts::end);
        if (!report_.start_ms) report_.problems.add(Problem::time_missing);
        if (const auto totals = root_.child(concepts::accumulated)) {
            report_.dlp_total_ugy_cm =
                totals->number(concepts::dlp_total, Quantity::dlp_ugy_cm, dlp_max, report_.problems);
        }
        Problems ignored;  // a repaired name changes nothing that leaves
        report_.purpose = context_.site.purpose_of(decode(text_at(dataset_, DCM_PatientID), ignored),
                                                   decode(text_at(dataset_, DCM_PatientName), ignored));
    }

    Exposure read_exposure(const ContentItem& acquisition, int n) {
        Exposure out;
        out.n = n;
        if (const auto type = acquisition.child(concepts::acquisition_type))
            out.acq = acquisition_type(type->code().view());
        if (out.acq == "unknown") out.problems.add(Problem::acq_unknown);
        if (const auto region = acquisition.child(concepts::target_region)) {
            const CodeText code = region->code();
            if (!code.value.empty()) out.region = region_of(code.view());
        }
        if (const auto protocol = acquisition.child(concepts::protocol)) {
            out.proto_group = context_.site.proto_group_of(decode(protocol->text(), out.problems));
        }
        read_time(acquisition, out);
        if (const auto parameters = acquisition.child(concepts::parameters)) read_parameters(*parameters, out);
        if (const auto dose = acquisition.child(concepts::dose)) read_dose(*dose, out);
        if (out.sources.empty()) out.problems.add(Problem::sources_missing);
        if (!out.duration_ms && !out.duration_reported_ms) out.problems.add(Problem::duration_missing);
        name_event(acquisition, out);
        return out;
    }

    // CT reports seldom date their events: then an exposure is placed at the start of irradiation, which a cumulative
    // report keeps, so the order in which reports arrive changes nothing.
    void read_time(const ContentItem& acquisition, Exposure& out) {
        if (const auto started = acquisition.child(concepts::datetime_started)) {
            out.at_ms = parse_datetime(started->datetime(), offset_, context_.zone, out.problems);
        }
        if (!out.at_ms) {
            out.at_ms = report_.start_ms;
            Problems time;
            for (const Problem problem : {Problem::no_zone, Problem::tz_ambiguous, Problem::time_missing})
                time.add(problem);
            out.problems.add(report_.problems.only(time));
        }
    }

    void read_parameters(const ContentItem& parameters, Exposure& out) {
        const auto number = [&](std::string_view concept_value, Quantity quantity, std::int64_t max) {
            return parameters.number(concept_value, quantity, max, out.problems);
        };
        out.length_um = number(concepts::length, Quantity::length_um, length_max);
        out.collimation_single_um = number(concepts::collimation_single, Quantity::length_um, collimation_max);
        out.collimation_total_um = number(concepts::collimation_total, Quantity::length_um, collimation_max);
        out.pitch_milli = number(concepts::pitch, Quantity::ratio_milli, pitch_max);
        for (const ContentItem& source : parameters.children(concepts::source)) read_source(source, out);
        const auto duration_ms = number(concepts::exposure_time, Quantity::time_ms, reported_max);
        if (!duration_ms) return;
        ExposureEvidence evidence{std::nullopt, out.length_um, out.pitch_milli, out.collimation_total_um, std::nullopt};
        if (report_.start_ms && report_.end_ms) evidence.window_ms = *report_.end_ms - *report_.start_ms;
        if (!out.sources.empty()) evidence.rotation_ms = out.sources.front().rot_ms;
        if (duration_implausible(*duration_ms, evidence)) {
            out.duration_reported_ms = duration_ms;
            out.problems.add(Problem::duration_implausible);
        } else {
            out.duration_ms = duration_ms;
        }
    }

    // The identification is free text to the standard: only short alphanumeric ones are believed to name a tube.
    void read_source(const ContentItem& source, Exposure& out) {
        if (out.sources.size() == limits::sources_max) {
            out.problems.add(Problem::value_out_of_range);
            return;
        }
        constexpr std::size_t id_max = 8;
        TubeSource tube;
        if (const auto id = source.child(concepts::source_id)) tube.id = id->text();
        const auto plain = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        };
        const bool doubled =
            std::ranges::any_of(out.sources, [&](const TubeSource& other) { return other.id == tube.id; });
        if (tube.id.empty() || tube.id.size() > id_max || doubled || !std::ranges::all_of(tube.id, plain)) {
            tube.id = fmt::format("{}", out.sources.size() + 1);
        }
        tube.kv_v = source.number(concepts::kvp, Quantity::voltage_v, voltage_max, out.problems);
        tube.ma_mean_ua = source.number(concepts::ma_mean, Quantity::current_ua, current_max, out.problems);
        tube.ma_max_ua = source.number(concepts::ma_max, Quantity::current_ua, current_max, out.problems);
        tube.rot_ms = source.number(concepts::rotation, Quantity::time_ms, rotation_max, out.problems);
        out.sources.push_back(std::move(tube));
    }

    void read_dose(const ContentItem& dose, Exposure& out) {
        out.ctdivol_ugy = dose.number(concepts::ctdivol, Quantity::dose_ugy, dose_max, out.problems);
        out.dlp_ugy_cm = dose.number(concepts::dlp, Quantity::dlp_ugy_cm, dlp_max, out.problems);
        out.ssde_ugy = dose.number(concepts::ssde, Quantity::dose_ugy, dose_max, out.problems);
        if (const auto phantom = dose.child(concepts::phantom)) {
            const CodeText code = phantom->code();
            if (!code.value.empty()) out.phantom = phantom_type(code.view());
        }
        if (const auto alert = dose.child(concepts::alert)) out.alert = read_alert(*alert, out.problems);
    }

    // Who confirmed an alert and why stays here; that a reason was given does not.
    static DoseAlert read_alert(const ContentItem& alert, Problems& problems) {
        const auto flag = [&](std::string_view concept_value) -> std::optional<bool> {
            const auto item = alert.child(concept_value);
            if (!item) return std::nullopt;
            const CodeText code = item->code();
            if (means_yes(code.view())) return true;
            if (means_no(code.view())) return false;
            return std::nullopt;
        };
        DoseAlert out;
        out.dlp_configured = flag("113901");
        out.ctdivol_configured = flag("113902");
        out.dlp_alert_ugy_cm = alert.number("113903", Quantity::dlp_ugy_cm, dlp_max, problems);
        out.ctdivol_alert_ugy = alert.number("113904", Quantity::dose_ugy, dose_max, problems);
        out.dlp_estimate_ugy_cm = alert.number("113905", Quantity::dlp_ugy_cm, dlp_max, problems);
        out.ctdivol_estimate_ugy = alert.number("113906", Quantity::dose_ugy, dose_max, problems);
        if (const auto reason = alert.child("113907")) out.reason_given = !reason->text().empty();
        return out;
    }

    // An event without a UID is known by its study, place and numbers: a cumulative report repeats them, a continued
    // one does not.
    void name_event(const ContentItem& acquisition, Exposure& out) {
        const auto uid = acquisition.child(concepts::event_uid);
        const std::string text = uid ? uid->uid() : std::string{};
        if (!text.empty()) {
            out.event_h = context_.pseudonyms.uid(text);
            return;
        }
        out.problems.add(Problem::event_uid_missing);
        const auto plain = [](const std::optional<std::int64_t>& value) { return value.value_or(-1); };
        const std::string study = report_.exam_h.empty() ? report_.report_h : report_.exam_h;
        out.event_h = context_.pseudonyms.named(
            "event", fmt::format("{}|{}|{}|{}|{}|{}|{}", study, out.n, out.acq, plain(out.duration_ms),
                                 plain(out.length_um), plain(out.ctdivol_ugy), plain(out.dlp_ugy_cm)));
    }

    DcmDataset& dataset_;
    const ParseContext& context_;
    ContentItem root_;
    std::string charset_;
    std::string offset_;
    DoseReport report_;
};

}  // namespace

DeviceIdentity header_identity(DcmDataset& dataset, Problems& problems) {
    const std::string charset = values_at(dataset, DCM_SpecificCharacterSet);
    bool repaired = false;
    const auto token = [&](const DcmTagKey& tag) {
        return to_token(decode_text(text_at(dataset, tag), charset, repaired), token_max, repaired);
    };
    DeviceIdentity out;
    out.maker = token(DCM_Manufacturer);
    out.model = token(DCM_ManufacturerModelName);
    out.serial_header = token(DCM_DeviceSerialNumber);
    out.serial = out.serial_header;
    out.basis = out.serial.empty() ? SerialBasis::none : SerialBasis::header;
    if (repaired) problems.add(Problem::charset_repaired);
    bool ignored = false;  // version texts hold anything; only their token form is of use
    out.software = to_token(decode_text(text_at(dataset, DCM_SoftwareVersions), charset, ignored), token_max, ignored);
    return out;
}

Result<DoseReport> parse_dose_report(DcmDataset& dataset, const ParseContext& context) {
    return Reader{dataset, context}.read();
}

Result<DoseReport> parse_dose_report_file(ByteView file, const ParseContext& context) {
    const auto dataset = read_file(file);
    if (!dataset) return dataset.error();
    return parse_dose_report(**dataset, context);
}

Result<DoseReport> parse_dose_report_dataset(ByteView bytes, std::string_view transfer_syntax,
                                             const ParseContext& context) {
    const auto dataset = read_dataset(bytes, transfer_syntax);
    if (!dataset) return dataset.error();
    return parse_dose_report(**dataset, context);
}

}  // namespace gantry::dicom
