#include "tests/unit/rules/case_builder.hpp"

using namespace gantry;
using namespace gantry::rules;
using namespace gantry::rules::test;
using paper::TestKind;

namespace {

Builder in_use() {
    Builder b;
    b.state(day0 - 400 * day, State::in_use).now(day0);
    return b;
}

paper::TestItem value(std::string name, std::int64_t milli) {
    paper::TestItem out;
    out.item = std::move(name);
    out.value_milli = milli;
    out.pass = true;
    return out;
}

}  // namespace

TEST_CASE("V26: maintenance without a session, with patients, or too short") {
    const auto at = day0 - 10 * day;
    Builder b = in_use();
    b.order(at, at + 2 * hour);
    CHECK(count(b, "V26") == 0);  // half of four hours; no session was ever told of
    b.c.papers.work_orders[0].ended_ms = at + 2 * hour - 1;
    CHECK(of(b.judged(), "V26", "short:w1").at(0).limit == "120 min");
    b.c.papers.sheet.pm_normal_ms = 2 * hour;
    CHECK(count(b, "V26") == 0);
    b.use(at);
    CHECK(count(b, "V26", "patients:w1") == 1);
    b.moment(at - 100 * day, "service.session", R"({"phase":"start","access":"local"})");
    b.moment(at - 99 * day, "service.session", R"({"phase":"end","access":"local"})");
    CHECK(count(b, "V26", "session:w1") == 1);
    b.moment(at + hour, "audit", R"({"code":110141})");
    CHECK(count(b, "V26", "session:w1") == 0);

    Builder by_state = in_use();
    by_state.state(at, State::pm).state(at + hour, State::in_use);
    CHECK(count(by_state, "V26", "short:pm@2025-12-22") == 1);
}

TEST_CASE("V27: a test without exposures, with another's report, or one of too many") {
    const auto at = day0 - 10 * day;
    Builder b = in_use();
    b.test(at).report_sha256 = "ab";
    b.c.papers.tests[0].inspector = "i1";
    CHECK(count(b, "V27") == 0);  // not watched
    for (int i = 0; i < 24; ++i) b.use(at + i * hour, 1);
    CHECK(count(b, "V27", "exposures:t1") == 1);
    b.c.hours[0].covered_minutes = 59;
    CHECK(count(b, "V27") == 0);
    b.c.hours[0].covered_minutes = 60;
    b.c.hours[0].exposures += 1;
    CHECK(count(b, "V27") == 0);
    b.c.same_report["ab"] = {"ct-0002"};
    CHECK(count(b, "V27", "report:t1") == 1);
    b.c.inspector_day_tests["i1@2025-12-22"] = 12;
    CHECK(count(b, "V27", "inspector:t1") == 0);
    b.c.inspector_day_tests["i1@2025-12-22"] = 13;
    CHECK(of(b.judged(), "V27", "inspector:t1").at(0).measured == "13 tests a day");
}

TEST_CASE("V28: accreditation and calibration on the day of the test") {
    const auto at = day0 - 10 * day;
    const auto judged = [&](const char* kind, std::int64_t from_ms, std::int64_t to_ms) {
        Builder b = in_use();
        auto& test = b.test(at);
        test.body = "b1";
        test.instruments = {"k1"};
        paper::Certificate certificate;
        certificate.subject = std::string{kind} == "calibration" ? "k1" : "b1";
        certificate.kind = kind;
        certificate.from_ms = from_ms;
        certificate.to_ms = to_ms;
        b.c.papers.certificates = {certificate};
        return of(b.judged(), "V28").size();
    };
    CHECK(judged("accreditation", at, forever_ms) == 0);
    CHECK(judged("accreditation", at + 1, forever_ms) == 1);
    CHECK(judged("accreditation", 0, at) == 1);
    CHECK(judged("accreditation", 0, at + 1) == 0);
    CHECK(judged("calibration", at - 731 * day, forever_ms) == 0);
    CHECK(judged("calibration", at - 731 * day - 1, forever_ms) == 1);
    CHECK(judged("supplier_licence", at, forever_ms) == 0);  // none on file: unknown
}

TEST_CASE("V29: displayed dose against the measured one") {
    for (const auto& [displayed, want] :
         {std::pair{12'000, 0u}, std::pair{12'001, 1u}, std::pair{8'000, 0u}, std::pair{7'999, 1u}}) {
        Builder b = in_use();
        b.test(day0 - day).items = {value("ctdi_vol_displayed", displayed), value("ctdi_vol", 10'000)};
        CHECK(count(b, "V29") == want);
    }
    Builder unknown = in_use();
    unknown.test(day0 - day).items = {value("ctdi_vol_displayed", 99'000)};
    CHECK(count(unknown, "V29") == 0);
}
