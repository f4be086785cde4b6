#include "agent/dicom/mpps.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "agent/dicom/dataset.hpp"
#include "agent/dicom/service.hpp"
#include "tests/unit/dicom/dose_report_builder.hpp"
#include "tests/unit/dicom/fixture.hpp"

using namespace gantry;
using namespace gantry::dicom;
using namespace gantry::dicom::testing;

namespace {

struct Scene {
    Bench bench;
    Host host{bench.zone, bench.site, bench.pseudonyms};
    Service service{host, bench.pipeline};

    Answer create(const FakeStep& step, std::string_view uid = "1.2.3.1") {
        return service.create_step(uid, mpps_create(step), explicit_little_syntax, "CT_1");
    }
    Answer set(const FakeStep& step, std::string_view uid = "1.2.3.1") {
        return service.set_step(uid, mpps_set(step), explicit_little_syntax, "CT_1");
    }
    boost::json::object body(std::size_t at) {
        return boost::json::parse(bench.target.lines.at(at)).at("body").as_object();
    }
};

FakeStep ending(const std::string& status) {
    FakeStep step;
    step.status = status;
    step.time = "174500";
    return step;
}

}  // namespace

TEST_CASE("mpps: an examination from its start to its end") {
    Scene scene;
    REQUIRE(scene.create({}).status == 0);
    FakeStep middle;
    middle.status = "IN PROGRESS";
    CHECK(scene.set(middle).status == 0);
    CHECK(scene.bench.target.lines.size() == 1);
    FakeStep end = ending("COMPLETED");
    end.series = 3;
    end.exposure_times_ms = {"", "6986", "7218", "15745"};
    end.comment = "SECRET Series DLP=196.0\nTotal DLP=1102.4";
    REQUIRE(scene.set(end).status == 0);
    REQUIRE(scene.bench.target.lines.size() == 2);

    const auto start = scene.body(0);
    CHECK(start.at("proto_group").as_string() == "head");
    CHECK(start.at("age_band").as_string() == "18-64");
    CHECK(start.at("purpose").as_string() == "unknown");
    const auto done = scene.body(1);
    CHECK(done.at("exam_h") == start.at("exam_h"));
    CHECK(done.at("status").as_string() == "completed");
    CHECK(done.at("series").as_int64() == 3);
    CHECK(done.at("duration_ms").as_int64() == 25 * 60 * 1000);
    CHECK(done.at("exposures").as_int64() == 4);
    CHECK(done.at("exposure_ms").as_int64() == 29'949);
    CHECK(done.at("dlp_ugy_cm").as_int64() == 1'102'400);
    CHECK_FALSE(done.contains("reason"));
    for (const std::string& line : scene.bench.target.lines) {
        const auto object = boost::json::parse(line).as_object();
        const auto checked =
            schema().check(std::string{object.at("type").as_string()}, boost::json::serialize(object.at("body")));
        CHECK_MESSAGE(checked.has_value(), (checked ? "" : checked.error().message));
        CHECK(line.find("SECRET") == std::string::npos);
        CHECK(line.find("1960") == std::string::npos);
    }
}

TEST_CASE("mpps: the exposures of the dose report share the examination's pseudonym") {
    Scene scene;
    REQUIRE(scene.create({}).status == 0);
    FakeReport report;
    report.acquisitions = {acquisition("1.2.3.2")};
    REQUIRE(scene.service.store(dicom_dataset(report), explicit_little_syntax, "CT_1").status == 0);
    CHECK(scene.body(0).at("exam_h") == scene.body(2).at("exam_h"));
}

TEST_CASE("mpps: after the end nothing more may be set") {
    for (const char* status : {"COMPLETED", "DISCONTINUED"}) {
        CAPTURE(status);
        Scene scene;
        REQUIRE(scene.create({}).status == 0);
        REQUIRE(scene.set(ending(status)).status == 0);
        const Answer late = scene.set(ending("COMPLETED"));
        CHECK(late.status == 0x0110);
        CHECK(late.error_id == 0xa710);
        CHECK(late.comment == "Performed Procedure Step Object may no longer be updated");
        CHECK(scene.bench.target.lines.size() == 2);
    }
}

TEST_CASE("mpps: why an examination was discontinued") {
    struct Row {
        std::string code;
        std::string_view want;
    };
    for (const Row& row : {Row{"110501", "equipment_failure"}, Row{"110516", "equipment_change"},
                           Row{"110505", "patient_refused"}, Row{"110507", "no_show"}, Row{"110513", "unspecified"},
                           Row{"110514", "wrong_worklist"}, Row{"99", "other"}}) {
        CAPTURE(row.code);
        Scene scene;
        REQUIRE(scene.create({}).status == 0);
        FakeStep end = ending("DISCONTINUED");
        end.reason = row.code;
        REQUIRE(scene.set(end).status == 0);
        CHECK(scene.body(1).at("reason").as_string() == row.want);
    }
}

TEST_CASE("mpps: refusals") {
    Scene scene;
    CHECK(scene.set(ending("COMPLETED")).status == 0x0112);
    CHECK(scene.create(ending("COMPLETED")).status == 0x0106);
    FakeStep nameless;
    nameless.study_uid.clear();
    CHECK(scene.create(nameless).status == 0x0120);
    CHECK(scene.bench.target.lines.empty());
    REQUIRE(scene.create({}).status == 0);
    CHECK(scene.create({}).status == 0x0111);
    CHECK(scene.set(ending("BANANA")).status == 0x0106);
    CHECK(scene.service.set_step("1.2.3.1", Bytes{1, 2, 3}, explicit_little_syntax, "CT_1").status == 0x0110);
    CHECK(scene.service.create_step("1.2.3.9", Bytes{}, explicit_little_syntax, "CT_1").status == 0x0110);
}

TEST_CASE("mpps: while the intake is away the scanner is told to come again") {
    Scene scene;
    scene.bench.target.accept_max = 0;
    CHECK(scene.create({}).status == 0x0213);
    scene.bench.target.accept_max = 1;
    CHECK(scene.create({}).status == 0);
    CHECK(scene.set(ending("COMPLETED")).status == 0x0213);
    scene.bench.target.accept_max = 1;
    CHECK(scene.set(ending("COMPLETED")).status == 0);
    CHECK(scene.bench.target.lines.size() == 2);
    CHECK(scene.set(ending("COMPLETED")).status == 0x0110);
}

TEST_CASE("mpps: the storage answers say whether sending again helps") {
    Scene scene;
    FakeReport report;
    report.acquisitions = {acquisition("1.2.3.2")};
    scene.bench.target.accept_max = 0;
    CHECK(scene.service.store(dicom_dataset(report), explicit_little_syntax, "CT_1").status == 0xa700);
    scene.bench.target.failure = {Errc::schema, "no"};
    CHECK(scene.service.store(dicom_dataset(report), explicit_little_syntax, "CT_1").status == 0xc000);
    scene.bench.target.accept_max = 100;
    CHECK(scene.service.store(dicom_dataset(report), explicit_little_syntax, "CT_1").status == 0);
    report.projection = true;
    CHECK(scene.service.store(dicom_dataset(report), explicit_little_syntax, "CT_1").status == 0xa900);
    CHECK(scene.service.store(Bytes{1, 2, 3}, explicit_little_syntax, "CT_1").status == 0xc000);
}

TEST_CASE("mpps: the total in a comment on radiation dose") {
    CHECK(total_dlp_of_comment("Series DLP=196.0 Total DLP=1102.4") == 1'102'400);
    CHECK(total_dlp_of_comment("TotalDLP: 12") == 12'000);
    CHECK_FALSE(total_dlp_of_comment("DLP=196.0").has_value());
    CHECK_FALSE(total_dlp_of_comment("Total DLP = unknown").has_value());
    CHECK_FALSE(total_dlp_of_comment("").has_value());
}
