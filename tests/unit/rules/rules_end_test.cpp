#include "tests/unit/rules/case_builder.hpp"

using namespace gantry;
using namespace gantry::rules;
using namespace gantry::rules::test;

namespace {

// Became so ten days ago.
Builder became(State state) {
    Builder b;
    b.state(day0 - 400 * day, State::in_use).state(day0 - 10 * day, state).now(day0);
    return b;
}

}  // namespace

TEST_CASE("V53: an unfit device is transferred") {
    const auto at = day0 - 10 * day;
    Builder b = became(State::transferred);
    CHECK(count(b, "V53") == 0);  // nothing is known against it
    b.test(at - 5 * day, paper::TestKind::status, false);
    CHECK(count(b, "V53", "test@2025-12-22") == 1);
    b.test(at - day);
    CHECK(count(b, "V53") == 0);
    b.declare(at, "qc.failed");
    CHECK(count(b, "V53") == 1);
    b.c.declared.back().at_ms = at + 1;
    CHECK(count(b, "V53") == 0);
    b.c.papers.sheet.labelled_life_days = 3'650;
    b.c.papers.sheet.manufactured_ms = at - 3'650 * day;
    CHECK(count(b, "V53") == 0);
    b.c.papers.sheet.manufactured_ms = at - 3'650 * day - 1;
    CHECK(count(b, "V53", "life@2025-12-22") == 1);
    b.c.papers.sheet.manufactured_ms = {};
    paper::Recall recall;
    recall.id = "r1";
    recall.devices = {"ct-0001"};
    recall.notice_ms = at;
    b.c.papers.recalls = {recall};
    CHECK(count(b, "V53", "recall r1@2025-12-22") == 1);
    paper::RecallAnswer answer;
    answer.recall = "r1";
    answer.device = "ct-0001";
    answer.closed_ms = at;
    b.c.papers.recall_answers = {answer};
    CHECK(count(b, "V53") == 0);
}

TEST_CASE("V54: a permit still names a device that is out of use") {
    Builder b = became(State::decommissioned);
    b.permit(paper::PermitKind::radiation_safety, 0).devices = {"ct-0001"};
    CHECK(count(b.now(day0 + 20 * day), "V54") == 0);
    CHECK(count(b.now(day0 + 20 * day + 1), "V54", "permit:p1") == 1);
    b.c.papers.permits[0].cancelled_ms = day0 + 20 * day;
    CHECK(count(b, "V54") == 0);
    b.c.papers.permits[0].cancelled_ms = {};
    b.c.papers.permits[0].devices.clear();
    CHECK(count(b, "V54") == 0);
}

TEST_CASE("V55: proof of wiping and of a disabled beam") {
    Builder b = became(State::disposed);
    CHECK(count(b, "V55") == 2);
    b.declare(day0 - 11 * day, "decommission.approved", {{"data_wiped", true}, {"beam_disabled", false}});
    CHECK(of(b.judged(), "V55").at(0).key == "beam@2025-12-22");
    paper::Document document;
    document.kind = "destruction_certificate";
    document.at_ms = day0 - 10 * day;
    b.c.papers.documents = {document};
    CHECK(count(b, "V55") == 0);
    b.c.papers.documents[0].at_ms += 1;
    CHECK(count(b, "V55") == 1);
    b.c.modality = b.c.papers.sheet.modality = "MRI";
    CHECK(count(b, "V55") == 0);
}

TEST_CASE("V56: what was disposed of appears again") {
    Builder b = became(State::disposed);
    b.c.fold.tubes = {TubeFold{.id = "A", .serial = "T1"}};
    b.c.same_serial["T2"] = {"ct-0002"};
    CHECK(count(b, "V56") == 0);
    b.c.same_serial["T1"] = {"ct-0001"};
    CHECK(count(b, "V56") == 0);
    b.c.same_serial["T1"] = {"ct-0002"};
    CHECK(count(b, "V56", "T1:ct-0002") == 1);
    b.c.states.back().state = State::decommissioned;
    CHECK(count(b, "V56") == 0);
}

TEST_CASE("V57: delivered and not used, or used far less than planned") {
    Builder b;
    b.state(day0 - 180 * day, State::delivered).now(day0);
    CHECK(count(b, "V57") == 0);
    CHECK(b.judged().next_due_ms == day0 + 1);
    CHECK(of(b.now(day0 + 1).judged(), "V57").at(0).measured == "181 d");
    b.state(day0, State::in_use);
    CHECK(count(b, "V57") == 0);

    const auto judged = [](std::int64_t exams_a_day, std::int64_t days_used, std::int64_t covered) {
        Builder used;
        used.state(day0 - 90 * day, State::in_use).now(day0);
        used.c.papers.sheet.planned_exams_per_day = 50;
        for (int d = 0; d < 90; ++d) {
            for (int h = 0; h < 5; ++h)
                used.use(day0 - (90 - d) * day + h * hour, h == 0 && d < days_used ? exams_a_day : 0).covered_minutes =
                    covered;
        }
        return of(used.judged(), "V57").size();
    };
    CHECK(judged(10, 90, 60) == 0);
    CHECK(judged(10, 89, 60) == 1);
    CHECK(judged(10, 89, 57) == 0);  // hardly watched
}
