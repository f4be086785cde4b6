#include "agent/dicom/rdsr.hpp"

#include <doctest/doctest.h>

#include "tests/unit/dicom/dose_report_builder.hpp"
#include "tests/unit/dicom/fixture.hpp"

using namespace gantry;
using namespace gantry::dicom;
using namespace gantry::dicom::testing;

namespace {

DoseReport parsed(const FakeReport& report, const Bench& bench = {}) {
    auto out = bench.parse(dicom_file(report));
    REQUIRE_MESSAGE(out.has_value(), (out ? "" : out.error().message));
    return std::move(*out);
}

FakeReport with(std::vector<FakeAcquisition> acquisitions) {
    FakeReport report;
    report.acquisitions = std::move(acquisitions);
    return report;
}

}  // namespace

TEST_CASE("rdsr: values arrive scaled and coded") {
    FakeAcquisition one = acquisition("1.2.3.1");
    one.alert = true;
    const DoseReport report = parsed(with({one}));
    REQUIRE(report.exposures.size() == 1);
    const Exposure& exposure = report.exposures.front();
    CHECK(exposure.acq == "spiral");
    CHECK(exposure.n == 1);
    CHECK(exposure.duration_ms == 7490);
    CHECK(exposure.length_um == 487'000);
    CHECK(exposure.pitch_milli == 813);
    CHECK(exposure.collimation_single_um == 5'000);
    CHECK(exposure.collimation_total_um == 40'000);
    CHECK(exposure.ctdivol_ugy == 5'300);
    CHECK(exposure.dlp_ugy_cm == 251'200);
    CHECK(exposure.phantom == "body32");
    CHECK(exposure.region == "chest");
    CHECK(exposure.proto_group == "chest");
    REQUIRE(exposure.sources.size() == 1);
    CHECK(exposure.sources[0].id == "A");
    CHECK(exposure.sources[0].kv_v == 120'000);
    CHECK(exposure.sources[0].ma_mean_ua == 150'000);
    CHECK(exposure.sources[0].ma_max_ua == 200'000);
    CHECK(exposure.sources[0].rot_ms == 500);
    REQUIRE(exposure.alert.has_value());
    CHECK(exposure.alert->dlp_configured == true);
    CHECK(exposure.alert->ctdivol_configured == false);
    CHECK(exposure.alert->dlp_alert_ugy_cm == 100'000);
    CHECK(exposure.alert->reason_given == true);
    CHECK(report.dlp_total_ugy_cm == 251'200);
    CHECK(exposure.at_ms == report.start_ms);
    CHECK(report.start_ms == 1704475263083);
}

TEST_CASE("rdsr: acquisition types in the schemes that makers use") {
    struct Row {
        std::string_view code;
        std::string_view scheme;
        std::string_view want;
    };
    for (const Row& row :
         {Row{"113804", "DCM", "sequenced"}, Row{"P5-08001", "SRT", "spiral"}, Row{"116152004", "SCT", "spiral"},
          Row{"113805", "DCM", "localiser"}, Row{"113806", "DCM", "stationary"}, Row{"113807", "DCM", "free"},
          Row{"99999", "99ACME", "unknown"}}) {
        CAPTURE(row.code);
        FakeAcquisition one = acquisition("1.2.3.1");
        one.type = row.code;
        one.type_scheme = row.scheme;
        const DoseReport report = parsed(with({one}));
        CHECK(report.exposures.front().acq == row.want);
        CHECK(report.exposures.front().problems.has(Problem::acq_unknown) == (row.want == "unknown"));
    }
}

TEST_CASE("rdsr: what a report does not say is absent, never zero") {
    FakeAcquisition bare = acquisition("1.2.3.1");
    bare.exposure_time.clear();
    bare.length.clear();
    bare.pitch.clear();
    bare.tubes.clear();
    bare.single_collimation.clear();
    bare.total_collimation = "0";  // a zero that is written stays one
    const DoseReport report = parsed(with({bare, scout("1.2.3.2")}));
    const Exposure& exposure = report.exposures[0];
    CHECK_FALSE(exposure.duration_ms.has_value());
    CHECK_FALSE(exposure.length_um.has_value());
    CHECK_FALSE(exposure.pitch_milli.has_value());
    CHECK_FALSE(exposure.collimation_single_um.has_value());
    CHECK(exposure.collimation_total_um == 0);
    CHECK(exposure.sources.empty());
    CHECK(exposure.problems.has(Problem::duration_missing));
    CHECK(exposure.problems.has(Problem::sources_missing));
    const std::string line = exposure_observation(report, exposure, std::nullopt).line;
    CHECK(line.find("duration_ms") == std::string::npos);
    CHECK(line.find("kvp_v") == std::string::npos);
    CHECK(line.find("\"sources\":[]") != std::string::npos);
    const Exposure& localiser = report.exposures[1];
    CHECK(localiser.acq == "localiser");
    CHECK_FALSE(localiser.ctdivol_ugy.has_value());
    CHECK_FALSE(localiser.dlp_ugy_cm.has_value());
    CHECK_FALSE(localiser.sources[0].rot_ms.has_value());
    CHECK_FALSE(localiser.problems.has(Problem::duration_missing));
}

TEST_CASE("rdsr: two tubes are two sources, each with its own numbers") {
    FakeAcquisition dual = acquisition("1.2.3.1");
    dual.tubes = {{"A", "100", "200", "300", "0.28"}, {"B", "140", "90", "120", "0.28"}};
    const DoseReport report = parsed(with({dual}));
    const auto& sources = report.exposures.front().sources;
    REQUIRE(sources.size() == 2);
    CHECK(sources[0].id == "A");
    CHECK(sources[1].id == "B");
    CHECK(sources[0].kv_v == 100'000);
    CHECK(sources[1].kv_v == 140'000);
    CHECK(sources[0].ma_mean_ua == 200'000);
    CHECK(sources[1].ma_mean_ua == 90'000);
    CHECK(exposure_observation(report, report.exposures.front(), std::nullopt).line.find("\"kvp_v\":140000") !=
          std::string::npos);
}

TEST_CASE("rdsr: a tube's name never carries words, and two tubes never share one") {
    FakeAcquisition dual = acquisition("1.2.3.1");
    dual.tubes = {FakeTube{}, FakeTube{}, FakeTube{}, FakeTube{}, FakeTube{}};
    dual.tubes[0].id = "SECRET of Dr. X";
    dual.tubes[1].id = "";
    dual.tubes[2].id = "A";
    dual.tubes[3].id = "A";
    const DoseReport report = parsed(with({dual}));
    const auto& sources = report.exposures.front().sources;
    REQUIRE(sources.size() == 4);
    CHECK(sources[0].id == "1");
    CHECK(sources[1].id == "2");
    CHECK(sources[2].id == "A");
    CHECK(sources[3].id == "4");
    CHECK(report.exposures.front().problems.has(Problem::value_out_of_range));  // the fifth
}

TEST_CASE("rdsr: an absurd exposure time is set aside and its event kept") {
    FakeAcquisition absurd = acquisition("1.2.3.1");
    absurd.exposure_time = "11912";
    absurd.length = "212";
    absurd.pitch = "0.042";
    absurd.total_collimation = "24";
    const DoseReport report = parsed(with({absurd}));
    const Exposure& exposure = report.exposures.front();
    CHECK_FALSE(exposure.duration_ms.has_value());
    CHECK(exposure.duration_reported_ms == 11'912'000);
    CHECK(exposure.problems.has(Problem::duration_implausible));
    CHECK_FALSE(exposure.problems.has(Problem::duration_missing));
    CHECK(exposure.dlp_ugy_cm == 251'200);
}

TEST_CASE("rdsr: a sum of exposures beyond the window is no proof against any of them") {
    FakeReport report = with({});
    report.start = "20201013153632";
    report.end = "20201013153635";
    for (int at = 1; at <= 5; ++at) report.acquisitions.push_back(acquisition("1.2.3." + std::to_string(at)));
    for (const Exposure& exposure : parsed(report).exposures) {
        CHECK(exposure.duration_ms == 7490);
        CHECK_FALSE(exposure.problems.has(Problem::duration_implausible));
    }
}

TEST_CASE("rdsr: which serial names the device") {
    struct Row {
        std::string_view why;
        std::optional<std::string> observer;
        std::string header;
        std::string role;
        std::string_view serial;
        SerialBasis basis;
        bool conflict;
    };
    for (const Row& row : {
             Row{"all differ: the observer", "00001", "SN000000", "73491", "00001", SerialBasis::observer, true},
             Row{"no observer: the header", std::nullopt, "qwer", "qwer", "qwer", SerialBasis::header, false},
             Row{"only the role", std::nullopt, "", "73491", "73491", SerialBasis::role, false},
             Row{"header and role differ", std::nullopt, "A1", "B2", "A1", SerialBasis::header, true},
             Row{"all the same", "X", "X", "X", "X", SerialBasis::observer, false},
             Row{"none", std::nullopt, "", "", "", SerialBasis::none, false},
         }) {
        CAPTURE(row.why);
        FakeReport fake = with({acquisition("1.2.3.1")});
        fake.observer_serial = row.observer;
        fake.header_serial = row.header;
        fake.acquisitions.front().role_serial = row.role;
        const DoseReport report = parsed(fake);
        CHECK(report.device.serial == row.serial);
        CHECK(report.device.basis == row.basis);
        CHECK(report.problems.has(Problem::serial_conflict) == row.conflict);
        CHECK(report.problems.has(Problem::serial_missing) == row.serial.empty());
    }
}

TEST_CASE("rdsr: equal numbers with different UIDs are two events, one UID twice is one") {
    const DoseReport report = parsed(with({acquisition("1.2.3.1"), acquisition("1.2.3.2"), acquisition("1.2.3.1")}));
    CHECK(report.exposures.size() == 2);
}

TEST_CASE("rdsr: events without a UID are counted by study, place and numbers") {
    const DoseReport first = parsed(with({acquisition("")}));
    const DoseReport cumulative = parsed(with({acquisition(""), acquisition("")}));
    CHECK(first.exposures[0].problems.has(Problem::event_uid_missing));
    REQUIRE(cumulative.exposures.size() == 2);
    CHECK(first.exposures[0].event_h == cumulative.exposures[0].event_h);
    CHECK(cumulative.exposures[0].event_h != cumulative.exposures[1].event_h);
}

TEST_CASE("rdsr: other reports and classes") {
    struct Row {
        std::string_view why;
        void (*change)(FakeReport&);
        bool ct;
    };
    for (const Row& row : {
             Row{"Enhanced SR", [](FakeReport& r) { r.sop_class = "1.2.840.10008.5.1.4.1.1.88.22"; }, true},
             Row{"Comprehensive SR", [](FakeReport& r) { r.sop_class = "1.2.840.10008.5.1.4.1.1.88.33"; }, true},
             Row{"procedure in SNOMED CT", [](FakeReport& r) { r.procedure = "77477000"; }, true},
             Row{"procedure left empty", [](FakeReport& r) { r.procedure = ""; }, true},
             Row{"another title", [](FakeReport& r) { r.title = "121071"; }, false},
             Row{"projection X-ray, same class and title", [](FakeReport& r) { r.projection = true; }, false},
             Row{"mammography by its procedure", [](FakeReport& r) { r.procedure = "P5-40010"; }, false},
         }) {
        CAPTURE(row.why);
        FakeReport fake = with({acquisition("1.2.3.1")});
        row.change(fake);
        const Bench bench;
        const auto report = bench.parse(dicom_file(fake));
        CHECK(report.has_value() == row.ct);
        if (!row.ct) {
            CHECK(report.error().code == Errc::refused);
            CHECK(report.error().message.find("not a CT dose report") == 0);
            CHECK(report.error().message.find("SECRET") == std::string::npos);
        }
    }
}

TEST_CASE("rdsr: an event's own time, else the start of irradiation, else none") {
    FakeReport fake = with({acquisition("1.2.3.1"), acquisition("1.2.3.2")});
    fake.acquisitions[1].started = "20240105172200";
    fake.timezone = "+0800";
    const DoseReport report = parsed(fake);
    CHECK(report.exposures[0].at_ms == 1704446463083);
    CHECK(report.exposures[1].at_ms == 1704446520000);
    CHECK_FALSE(report.all_problems().has(Problem::no_zone));
    fake.start.clear();
    fake.end.clear();
    const DoseReport timeless = parsed(fake);
    CHECK_FALSE(timeless.exposures[0].at_ms.has_value());
    CHECK(timeless.exposures[0].problems.has(Problem::time_missing));
}

TEST_CASE("rdsr: character sets") {
    struct Row {
        std::string charset;
        std::string maker;
        std::string protocol;
        std::string_view want_maker;
        std::string_view want_group;
    };
    for (const Row& row : {
             Row{"ISO_IR 192", "ACME", "胸部平扫", "ACME", "chest"},
             Row{"GB18030", "ACME", "\xd0\xd8\xb2\xbf", "ACME", "chest"},
             Row{"ISO_IR 100", "ACM\xc9",
                 "Sch\xe4"
                 "del Brain",
                 "ACM_", "head"},
             Row{"", "ACM\xc9", "t\xe6st", "ACM_", "other"},
             Row{"ISO_IR 100", "ACME", "\xe8\x85\xb9\xe9\x83\xa8", "ACME", "abdomen"},
         }) {
        CAPTURE(row.charset);
        FakeReport fake = with({acquisition("1.2.3.1")});
        fake.charset = row.charset;
        fake.maker = row.maker;
        fake.acquisitions.front().protocol = row.protocol;
        const DoseReport report = parsed(fake);
        CHECK(report.device.maker == row.want_maker);
        CHECK(report.exposures.front().proto_group == row.want_group);
        if (row.want_maker == "ACM_") CHECK(report.problems.has(Problem::charset_repaired));
    }
}

TEST_CASE("rdsr: units and values out of bounds") {
    FakeAcquisition odd = acquisition("1.2.3.1");
    odd.dlp_unit = "furlong";
    odd.length = "-5";
    odd.tubes.front().kvp = "99999";
    const DoseReport report = parsed(with({odd}));
    const Exposure& exposure = report.exposures.front();
    CHECK_FALSE(exposure.dlp_ugy_cm.has_value());
    CHECK_FALSE(exposure.length_um.has_value());
    CHECK_FALSE(exposure.sources.front().kv_v.has_value());
    CHECK(exposure.problems.has(Problem::unit_unknown));
    CHECK(exposure.problems.has(Problem::value_out_of_range));
}

TEST_CASE("rdsr: purpose comes from the site's patterns") {
    FakeReport fake = with({acquisition("1.2.3.1")});
    fake.patient_name = "MONTHLY_QC^CT";
    CHECK(parsed(fake).purpose.purpose == "unknown");
    Bench bench;
    bench.site =
        SiteConfig::parse("[[test_object]]\nfield = \"patient_name\"\npattern = \"*_qc*\"\n", "site.toml").value();
    CHECK(parsed(fake, bench).purpose.purpose == "phantom");
    fake.patient_name = "SECRET^NAME";
    CHECK(parsed(fake, bench).purpose.purpose == "patient");
    CHECK(parsed(fake, bench).purpose.basis == "pattern");
}
