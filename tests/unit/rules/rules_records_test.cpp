#include "tests/unit/rules/case_builder.hpp"

using namespace gantry;
using namespace gantry::rules;
using namespace gantry::rules::test;

namespace {

Builder in_use() {
    Builder b;
    b.state(day0 - 10 * day, State::in_use).now(day0);
    return b;
}

}  // namespace

TEST_CASE("V30: a service session needs a work order near") {
    const auto at = day0 - 5 * day;
    for (const auto& [opened, ended, want] :
         {std::tuple{at + 2 * hour, at + 3 * hour, 0u}, std::tuple{at + 2 * hour + 1, at + 3 * hour, 1u},
          std::tuple{at - 9 * hour, at - 2 * hour, 0u}, std::tuple{at - 9 * hour, at - 2 * hour - 1, 1u}}) {
        Builder b = in_use();
        b.moment(at, "service.session", R"({"phase":"start","access":"remote"})");
        b.order(opened, ended, "corrective");
        CHECK(count(b, "V30") == want);
    }
    Builder b = in_use();
    b.moment(at, "audit", R"({"code":110139})");
    b.moment(at + hour, "audit", R"({"code":110141})");
    b.moment(at + 2 * hour, "audit", R"({"code":110113})");
    CHECK(of(b.judged(), "V30").at(0).count == 2);
    b.declare(at, "pm.started", {{"work_order", std::string{"w1"}}});
    CHECK(count(b, "V30") == 0);
}

TEST_CASE("V31: a software change is to be recorded") {
    const auto at = day0 - 3 * day;
    Builder b = in_use();
    b.moment(at - day, "identity", R"({"sw":"1.0"})");
    b.moment(at, "identity", R"({"sw":"1.0"})");
    CHECK(count(b.now(day0 + 1), "V31") == 0);
    b.c.moments.pop_back();
    b.moment(at, "identity", R"({"sw":"1.1"})");
    CHECK(count(b.now(day0), "V31") == 0);  // may still be recorded
    CHECK(b.judged().next_due_ms <= day0 + 1);
    CHECK(of(b.now(day0 + 1).judged(), "V31").at(0).measured == "1.0 to 1.1");
    b.declare(day0, "change.software");
    CHECK(count(b, "V31") == 0);
    b.c.declared.back().at_ms = day0 + 1;
    CHECK(count(b, "V31") == 1);
    b.order(at, {}, "field_change");
    CHECK(count(b, "V31") == 0);
}

TEST_CASE("V32: a tube changed silently") {
    const auto at = day0 - 3 * day;
    Builder b = in_use();
    b.moment(at - day, "counter", R"({"tube_id":"A","tube_serial":"T1","scan_ms":500})");
    b.moment(at, "counter", R"({"tube_id":"A","tube_serial":"T2","scan_ms":0})");
    CHECK(count(b, "V32") == 0);
    CHECK(of(b.now(day0 + 1).judged(), "V32").at(0).measured == "T1 to T2");
    b.declare(day0, "part.replaced", {{"part", std::string{"tube"}}});
    CHECK(count(b, "V32") == 0);
    b.c.declared.back().data["part"] = std::string{"detector"};
    CHECK(count(b, "V32") == 1);
    b.moment(at, "part.replaced", R"({"part":"tube","major":true})");
    CHECK(count(b, "V32") == 0);
    Builder reset = in_use();
    reset.moment(at - day, "counter", R"({"tube_id":"A","scan_ms":500})");
    reset.moment(at, "counter", R"({"tube_id":"A","scan_ms":499})");
    CHECK(count(reset.now(day0 + 1), "V32") == 1);
    Builder same = in_use();
    same.moment(at - day, "counter", R"({"tube_id":"A","tube_serial":"T1","scan_ms":500})");
    same.moment(at, "counter", R"({"tube_id":"A","tube_serial":"T1","scan_ms":500})");
    CHECK(count(same.now(day0 + 1), "V32") == 0);
}

TEST_CASE("V33: documents that belong to the state") {
    Builder b = in_use();
    CHECK(count(b.now(day0 + 20 * day), "V33") == 0);
    CHECK(count(b.now(day0 + 20 * day + 1), "V33") == 4);
    for (const char* kind : {"acceptance_report", "permit_copies", "operator_certificates"}) {
        paper::Document document;
        document.kind = kind;
        b.c.papers.documents.push_back(document);
    }
    CHECK(of(b.judged(), "V33").at(0).key == "document:baseline_file");
    b.state(day0 + 19 * day, State::pm);
    CHECK(count(b, "V33") == 1);
    b.state(day0 + 20 * day, State::in_use);
    CHECK(count(b, "V33") == 1);  // a maintenance visit does not begin the time anew
}

TEST_CASE("V34: adverse events are reported in seven or twenty days") {
    for (const auto& [harm, age_ms, want] :
         {std::tuple{"death", 7 * day, 0u}, std::tuple{"death", 7 * day + 1, 1u}, std::tuple{"serious", 20 * day, 0u},
          std::tuple{"serious", 20 * day + 1, 1u}, std::tuple{"none", 400 * day, 0u}}) {
        CAPTURE(harm);
        Builder b = in_use();
        paper::AdverseEvent event;
        event.id = "e1";
        event.harm = harm;
        event.at_ms = day0 - age_ms;
        b.c.papers.adverse_events = {event};
        CHECK(count(b, "V34") == want);
        b.c.papers.adverse_events[0].reported_ms = event.at_ms + 7 * day;
        CHECK(count(b, "V34") == 0);
    }
}

TEST_CASE("V35: a recall is to be acknowledged and closed") {
    Builder b = in_use();
    b.c.registered_ms = day0 - 300 * day;
    paper::Recall recall;
    recall.id = "r1";
    recall.devices = {"ct-0001"};
    recall.notice_ms = day0 - 3 * day;
    recall.close_by_ms = day0;
    b.c.papers.recalls = {recall};
    CHECK(count(b, "V35") == 0);
    CHECK(count(b.now(day0 + 1), "V35", "acknowledge:r1") == 1);
    CHECK(count(b, "V35", "close:r1") == 1);
    paper::RecallAnswer answer;
    answer.recall = "r1";
    answer.device = "ct-0001";
    answer.acknowledged_ms = day0;
    b.c.papers.recall_answers = {answer};
    CHECK(count(b, "V35") == 1);
    answer.closed_ms = day0;
    b.c.papers.recall_answers = {answer};
    CHECK(count(b, "V35") == 0);
    b.c.papers.recall_answers.clear();
    b.c.papers.recalls[0].devices = {"ct-0002"};
    CHECK(count(b, "V35") == 0);
}

TEST_CASE("V36: three times resolved in thirty days") {
    for (const auto& [third_ms, want] : {std::pair{-10 * day, 1u}, std::pair{-10 * day + 1, 0u}}) {
        Builder b = in_use();
        for (const std::int64_t at : {-40 * day, -20 * day, third_ms})
            b.order(day0 + at, day0 + at + hour, "corrective").fault_code = "E1";
        CHECK(count(b, "V36") == want);
        b.order(day0 - 5 * day, day0 - 4 * day, "corrective").fault_code = "E1";
        CHECK(of(b.judged(), "V36").at(0).count == (want == 1 ? 4 : 3));
        b.c.papers.work_orders[1].outcome = "not_resolved";
        b.c.papers.work_orders[2].fault_code = "E2";
        CHECK(count(b, "V36") == 0);
    }
}
