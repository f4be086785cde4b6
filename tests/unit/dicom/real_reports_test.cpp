// Reports of real scanners, kept beside the source tree because they may not be part of it. Their expected values were
// read with two other programs. Numbers, codes, counts and device serials must match; names, texts and UIDs must be
// absent from every output.
#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, always
#include <dcmtk/dcmdata/dctk.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <set>

#include "agent/dicom/dataset.hpp"
#include "tests/unit/dicom/fixture.hpp"

using namespace gantry;
using namespace gantry::dicom;
using namespace gantry::dicom::testing;
namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

const fs::path folder = GANTRY_SOURCE_DIR "/../shared/data/rdsr";

bool absent() {
    if (fs::exists(folder / "expected.json")) return false;
    std::cout << "skipped: no real reports beside the source tree\n";
    return true;
}

json::array expected() { return json::parse(read_text(folder / "expected.json")).as_array(); }

using Scaled = std::optional<std::int64_t>;
Scaled scaled_number(const json::value& value, double factor) {
    if (value.is_null()) return std::nullopt;
    return static_cast<std::int64_t>(std::llround(value.to_number<double>() * factor));
}

std::string_view want_acq(std::string_view code) {
    if (code == "P5-08001") return "spiral";
    if (code == "113804") return "sequenced";
    if (code == "113805") return "localiser";
    if (code == "113806") return "stationary";
    return code == "113807" ? "free" : "unknown";
}

std::string text_or_empty(const json::value& value) {
    return value.is_string() ? std::string{value.as_string()} : std::string{};
}

Result<Counted> feed(Bench& bench, const std::string& file, std::vector<std::string>* report_lines = nullptr) {
    const auto report = bench.parse(as_bytes(read_text(folder / file)));
    if (!report) return report.error();
    const auto counted = bench.pipeline.report(*report, "");
    if (counted && report_lines != nullptr) report_lines->push_back(report_line("f", *report, counted->new_events));
    return counted;
}

void check_exposure(const Exposure& got, const json::object& want) {
    CAPTURE(got.n);
    CHECK(got.n == want.at("n").to_number<int>());
    CHECK(got.acq == want_acq(want.at("acquisition_type_code").as_string()));
    const Scaled duration = scaled_number(want.at("exposure_time"), 1000);
    if (duration == 11'912'000) {
        CHECK(got.duration_reported_ms == duration);
        CHECK_FALSE(got.duration_ms.has_value());
        CHECK(got.problems.has(Problem::duration_implausible));
    } else {
        CHECK(got.duration_ms == duration);
        CHECK_FALSE(got.duration_reported_ms.has_value());
    }
    CHECK(got.problems.has(Problem::duration_missing) == !duration.has_value());
    CHECK(got.length_um == scaled_number(want.at("scanning_length_mm"), 1000));
    CHECK(got.pitch_milli == scaled_number(want.at("pitch_factor"), 1000));
    CHECK(got.collimation_single_um == scaled_number(want.at("nominal_single_collimation_mm"), 1000));
    CHECK(got.collimation_total_um == scaled_number(want.at("nominal_total_collimation_mm"), 1000));
    CHECK(got.ctdivol_ugy == scaled_number(want.at("mean_ctdivol_mGy"), 1000));
    CHECK(got.dlp_ugy_cm == scaled_number(want.at("dlp"), 1000));
    const bool body = text_or_empty(want.at("phantom")).find("Body") != std::string::npos;
    const bool head = text_or_empty(want.at("phantom")).find("Head") != std::string::npos;
    CHECK(got.phantom == (body ? "body32" : head ? "head16" : ""));
    const json::array& sources = want.at("sources").as_array();
    REQUIRE(got.sources.size() == sources.size());
    for (std::size_t at = 0; at < sources.size(); ++at) {
        const json::object& source = sources[at].as_object();
        CHECK(got.sources[at].id == text_or_empty(source.at("id")));
        CHECK(got.sources[at].kv_v == scaled_number(source.at("kvp"), 1000));
        CHECK(got.sources[at].ma_mean_ua == scaled_number(source.at("mean_tube_current_mA"), 1000));
        CHECK(got.sources[at].ma_max_ua == scaled_number(source.at("max_tube_current_mA"), 1000));
        CHECK(got.sources[at].rot_ms == scaled_number(source.at("exposure_time_per_rotation_s"), 1000));
    }
}

// Texts of a data set at any depth that may not leave: everything of these kinds but maker, model, serial and software.
void collect_secrets(DcmItem& item, std::set<std::string>& out) {
    const std::set<DcmTagKey> allowed = {DCM_Manufacturer, DCM_ManufacturerModelName, DCM_DeviceSerialNumber,
                                         DCM_SoftwareVersions};
    const std::set<DcmEVR> kinds = {EVR_PN, EVR_UI, EVR_LO, EVR_SH, EVR_ST, EVR_LT, EVR_UT, EVR_DA, EVR_DT, EVR_AE};
    for (DcmObject* object = item.nextInContainer(nullptr); object != nullptr; object = item.nextInContainer(object)) {
        if (object->getTag() == DCM_MeasurementUnitsCodeSequence) continue;  // "events", "ratio": everybody's words
        if (auto* sequence = dynamic_cast<DcmSequenceOfItems*>(object)) {
            for (unsigned long at = 0; at < sequence->card(); ++at) collect_secrets(*sequence->getItem(at), out);
        } else if (auto* element = dynamic_cast<DcmElement*>(object);
                   element != nullptr && !allowed.contains(element->getTag())) {
            OFString text;
            if (kinds.contains(element->getTag().getEVR()) && element->getOFString(text, 0).good())
                out.insert({text.data(), text.size()});
        }
    }
}

void collect_secrets(const json::value& value, std::set<std::string>& out) {
    static const std::set<std::string_view> keys = {"sop_instance_uid",
                                                    "study_instance_uid",
                                                    "StationName",
                                                    "InstitutionName",
                                                    "device_observer_uid",
                                                    "name",
                                                    "location",
                                                    "acquisition_protocol",
                                                    "irradiation_event_uid",
                                                    "comment",
                                                    "StudyDate",
                                                    "start_of_irradiation",
                                                    "end_of_irradiation"};
    if (value.is_array()) {
        for (const json::value& inner : value.as_array()) collect_secrets(inner, out);
    } else if (value.is_object()) {
        for (const auto& [key, inner] : value.as_object()) {
            if (inner.is_string() && keys.contains(std::string_view{key})) out.insert(std::string{inner.as_string()});
            collect_secrets(inner, out);
        }
    }
}

// The text as it is, in hexadecimal, and in base64 at each of the three places it can have in a group.
std::vector<std::string> disguises(const std::string& text) {
    std::vector<std::string> out = {text, to_hex(as_bytes(text))};
    for (std::size_t shift = 0; shift < 3; ++shift) {
        const std::string coded = base64_encode(as_bytes(std::string(shift, 'x') + text));
        const std::size_t head = shift == 0 ? 0 : shift + 1;
        const std::size_t tail = coded.find('=') == std::string::npos ? coded.size() : coded.find('=') - 1;
        if (tail > head + 5) out.push_back(coded.substr(head, tail - head));
    }
    return out;
}

}  // namespace

TEST_CASE("real reports: every number, code, count and serial is the expected one") {
    if (absent()) return;
    int events = 0;
    for (const json::value& entry : expected()) {
        const json::object& want = entry.as_object();
        const std::string file{want.at("file").as_string()};
        CAPTURE(file);
        const Bench bench;
        const auto report = bench.parse(as_bytes(read_text(folder / file)));
        REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
        const json::array& acquisitions = want.at("acquisitions").as_array();
        REQUIRE(report->exposures.size() == acquisitions.size());
        CHECK(static_cast<double>(report->exposures.size()) ==
              want.at("total_number_of_irradiation_events").to_number<double>());
        CHECK(report->dlp_total_ugy_cm == scaled_number(want.at("ct_dlp_total"), 1000));
        const json::object& header = want.at("header").as_object();
        CHECK(report->device.serial_header ==
              text_or_empty(header.contains("DeviceSerialNumber") ? header.at("DeviceSerialNumber") : json::value{}));
        CHECK(report->device.serial_observer == text_or_empty(want.at("device_observer").at("serial")));
        std::vector<std::string> roles;
        for (const json::value& role : want.at("device_role_serial_numbers_113880").as_array())
            roles.push_back(text_or_empty(role));
        CHECK(report->device.serial_roles == roles);
        CHECK(report->device.maker == text_or_empty(header.at("Manufacturer")));
        CHECK(report->device.model == text_or_empty(header.at("ManufacturerModelName")));
        REQUIRE(report->start_ms.has_value());
        REQUIRE(report->end_ms.has_value());
        CHECK(std::abs(static_cast<double>(*report->end_ms - *report->start_ms) -
                       want.at("irradiation_window_s").to_number<double>() * 1000) <= 1.0);
        for (std::size_t at = 0; at < acquisitions.size(); ++at)
            check_exposure(report->exposures[at], acquisitions[at].as_object());
        events += static_cast<int>(acquisitions.size());
    }
    CHECK(events == 27);
}

TEST_CASE("real reports: which device, by which basis, with which problems") {
    if (absent()) return;
    struct Row {
        const char* file;
        std::string_view serial;
        SerialBasis basis;
        bool conflict;
        bool no_zone;
    };
    for (const Row& row : {Row{"CT-RDSR-Siemens_Flash-TAP-SS.dcm", "00001", SerialBasis::observer, true, false},
                           Row{"CT-RDSR-Toshiba_DoseCheck.dcm", "qwer12345j", SerialBasis::header, false, true},
                           Row{"CT-ESR-GE_Optima.dcm", "", SerialBasis::none, false, true},
                           Row{"CT-RDSR-SpectrumDynamics.dcm", "1234567891234567", SerialBasis::observer, true, true},
                           Row{"CT-RDSR-Philips_BigBore4DCT.dcm", "975310", SerialBasis::observer, false, true}}) {
        CAPTURE(row.file);
        const Bench bench;
        const DoseReport report = bench.parse(as_bytes(read_text(folder / row.file))).value();
        CHECK(report.device.serial == row.serial);
        CHECK(report.device.basis == row.basis);
        CHECK(report.problems.has(Problem::serial_conflict) == row.conflict);
        CHECK(report.problems.has(Problem::serial_missing) == row.serial.empty());
        CHECK(report.problems.has(Problem::no_zone) == row.no_zone);
    }
}

TEST_CASE("real reports: cumulative ones count three events in every order and again when repeated") {
    if (absent()) return;
    std::vector<std::string> order = {"CT-RDSR-Siemens-Multi-1.dcm", "CT-RDSR-Siemens-Multi-2.dcm",
                                      "CT-RDSR-Siemens-Multi-3.dcm"};
    int orders = 0;
    do {
        Bench bench;
        for (const std::string& file : order) REQUIRE(feed(bench, file).has_value());
        REQUIRE(feed(bench, order.front()).has_value());
        std::int64_t duration_ms = 0;
        std::int64_t dlp = 0;
        int exposures = 0;
        for (const std::string& line : bench.target.lines) {
            const json::object object = json::parse(line).as_object();
            if (object.at("type") != "usage.exposure") continue;
            ++exposures;
            duration_ms += object.at("body").at("duration_ms").as_int64();
            dlp += object.at("body").at("dlp_ugy_cm").as_int64();
        }
        CHECK(exposures == 3);
        CHECK(duration_ms == 102'040);
        CHECK(dlp == 236'090);
        ++orders;
    } while (std::ranges::next_permutation(order).found);
    CHECK(orders == 6);
}

TEST_CASE("real reports: no name, text or UID leaves, in any form, and every line is in the schema") {
    if (absent()) return;
    Bench bench;
    std::vector<std::string> output;
    std::set<std::string> secrets = {"Luuk"};
    const json::array all = expected();
    collect_secrets(json::value(all), secrets);
    for (const json::value& entry : all) {
        const std::string file{entry.at("file").as_string()};
        REQUIRE(feed(bench, file, &output).has_value());
        collect_secrets(**read_file(as_bytes(read_text(folder / file))), secrets);
    }
    for (const std::string& line : bench.target.lines) {
        const json::object object = json::parse(line).as_object();
        const auto checked =
            schema().check(std::string{object.at("type").as_string()}, json::serialize(object.at("body")));
        CHECK_MESSAGE(checked.has_value(), (checked ? "" : checked.error().message));
        output.push_back(line);
    }
    // Maker, model and serials also stand in texts of the report's tree; those three may leave.
    for (const json::value& entry : all) {
        const json::object& header = entry.at("header").as_object();
        for (const char* key : {"Manufacturer", "ManufacturerModelName", "DeviceSerialNumber"}) {
            if (header.contains(key)) secrets.erase(text_or_empty(header.at(key)));
        }
        secrets.erase(text_or_empty(entry.at("device_observer").at("serial")));
        for (const json::value& role : entry.at("device_role_serial_numbers_113880").as_array())
            secrets.erase(text_or_empty(role));
    }
    std::size_t searched = 0;
    for (const std::string& secret : secrets) {
        if (secret.size() < 3) continue;
        if (secret.find_first_not_of("0123456789.") == std::string::npos && secret.size() < 8)
            continue;  // as good as any number
        ++searched;
        for (const std::string& form : disguises(secret)) {
            for (const std::string& line : output)
                CHECK_MESSAGE(line.find(form) == std::string::npos, secret << " in " << line);
        }
    }
    CHECK(searched > 200);
}

TEST_CASE("real reports: what is no CT dose report is refused, whatever its class") {
    if (absent()) return;
    int refused = 0;
    for (const auto& entry : fs::directory_iterator{folder / "not-ct-rdsr"}) {
        CAPTURE(entry.path().filename().string());
        const Bench bench;
        const auto report = bench.parse(as_bytes(read_text(entry.path())));
        REQUIRE_FALSE(report.has_value());
        CHECK(report.error().message.find("not a CT dose report") != std::string::npos);
        ++refused;
    }
    CHECK(refused == 6);
}
