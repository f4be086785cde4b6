#include "tests/unit/rules/case_builder.hpp"

using namespace gantry;
using namespace gantry::rules;
using namespace gantry::rules::test;

namespace {

Builder in_use() {
    Builder b;
    b.state(day0 - 400 * day, State::in_use).now(day0);
    return b;
}

}  // namespace

TEST_CASE("V11: a test must cover the major part before patients") {
    const auto at = day0 - 20 * day;
    const struct {
        const char* what;
        bool major;
        std::int64_t test_after_ms;
        std::vector<std::string> covers;
        std::size_t want;
    } rows[] = {
        {"minor part", false, forever_ms, {}, 0},
        {"no test", true, forever_ms, {}, 1},
        {"test of all before use", true, hour, {}, 0},
        {"test of another part", true, hour, {"detector"}, 1},
        {"test of the part", true, hour, {"detector", "tube"}, 0},
        {"test as the hour of use begins", true, 5 * day, {}, 0},
        {"test as the hour of use ends", true, 5 * day + hour, {}, 1},
        {"test before", true, -hour, {}, 1},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Builder b = in_use();
        b.moment(at, "part.replaced",
                 row.major ? R"({"part":"tube","major":true})" : R"({"part":"tube","major":false})");
        b.use(at + 5 * day);
        if (row.test_after_ms != forever_ms) b.test(at + row.test_after_ms).covers = row.covers;
        CHECK(count(b, "V11") == row.want);
    }
    Builder b = in_use();
    b.declare(at, "part.replaced", {{"part", std::string{"tube"}}, {"major", true}});
    b.use(at + 5 * day);
    CHECK(count(b, "V11", "tube@2025-12-12") == 1);
    b.declare(at + hour, "qc.passed");
    CHECK(count(b, "V11") == 0);
    b.test(at + 2 * hour).covers = {"detector"};  // the report of that declaration
    CHECK(count(b, "V11") == 1);
}

TEST_CASE("V15: not in the register, or under another serial") {
    Builder b = in_use();
    b.c.registered_ms = 0;
    b.use(day0 - day);
    CHECK(count(b, "V15") == 0);
    CHECK(b.judged().next_due_ms == day0 + 1);
    CHECK(count(b.now(day0 + 1), "V15", "register") == 1);
    b.c.registered_ms = day0;
    b.c.papers.sheet.serial = "S1";
    b.moment(day0 - 30 * hour, "identity", R"({"serial":"S1"})");
    CHECK(count(b, "V15") == 0);
    b.moment(day0 - 24 * hour, "identity", R"({"serial":"S2"})");
    CHECK(count(b.now(day0), "V15") == 0);
    CHECK(count(b.now(day0 + 1), "V15", "serial:S2") == 1);
    b.moment(day0 - hour, "identity", R"({"serial":"S1"})");
    CHECK(count(b, "V15") == 0);
}

TEST_CASE("V16: use under a stop-use recall after the notice must have arrived") {
    Builder b = in_use();
    paper::Recall recall;
    recall.id = "r1";
    recall.recall_class = 2;
    recall.action = paper::RecallAction::stop_use;
    recall.maker = "M";
    recall.serial_from = "9";
    recall.serial_to = "20";
    recall.notice_ms = day0 - 10 * day;
    b.c.papers.recalls = {recall};
    b.use(day0 - 7 * day - hour);
    b.c.papers.sheet.maker = "M";
    b.c.papers.sheet.serial = "0010";
    CHECK(count(b, "V16") == 0);  // the last hour of three days
    b.use(day0 - 7 * day);
    CHECK(of(b.judged(), "V16").at(0).count == 4);
    for (const auto& [serial, want] :
         {std::pair{"8", 0u}, std::pair{"9", 1u}, std::pair{"20", 1u}, std::pair{"21", 0u}, std::pair{"", 0u}}) {
        b.c.papers.sheet.serial = serial;
        CHECK(count(b, "V16") == want);
    }
    b.c.papers.recalls[0].devices = {"ct-0001"};
    CHECK(count(b, "V16") == 1);
    paper::RecallAnswer answer;
    answer.recall = "r1";
    answer.device = "ct-0001";
    answer.closed_ms = day0 - 7 * day;
    b.c.papers.recall_answers = {answer};
    CHECK(count(b, "V16") == 0);
    b.c.papers.recall_answers[0].closed_ms = day0 - 7 * day + hour;
    CHECK(count(b, "V16") == 1);
    b.c.papers.recalls[0].action = paper::RecallAction::correct;
    CHECK(count(b, "V16") == 0);
}

TEST_CASE("V17: beyond the labelled life") {
    Builder b = in_use();
    b.c.papers.sheet.labelled_life_days = 3'650;
    CHECK(count(b, "V17") == 0);  // manufacture not known
    b.c.papers.sheet.manufactured_ms = day0 - 3'650 * day;
    CHECK(count(b, "V17") == 0);
    CHECK(count(b.now(day0 + 1), "V17") == 1);
    CHECK(of(b.judged(), "V17").at(0).measured == "3651 d");
    b.c.papers.sheet.life_extended_to_ms = day0 + 1;
    CHECK(count(b, "V17") == 0);
    b.c.papers.sheet.life_extended_to_ms = {};
    b.state(day0, State::decommissioned);
    CHECK(count(b, "V17") == 0);
}

TEST_CASE("V18: protocols while partly down") {
    Builder b = in_use();
    b.use(day0 - 5 * day);
    b.event(day0 - 5 * day + 1).proto_group = "cardiac";
    b.declare(day0 - 6 * day, "fault.reported", {{"severity", std::string{"partial"}}});
    CHECK(count(b, "V18") == 0);  // not told what is allowed
    b.c.declared.back().data["allowed"] = std::string{"head,chest"};
    CHECK(of(b.judged(), "V18").at(0).measured == "cardiac");
    const auto wanted = wanted_hours(b.c, packs());
    CHECK(std::ranges::find(wanted, day0 - 5 * day) != wanted.end());
    b.c.uses[0].proto_group = "chest";
    CHECK(count(b, "V18") == 0);
    b.c.uses[0].proto_group = "cardiac";
    b.declare(day0 - 5 * day + 1, "repair.completed");
    CHECK(count(b, "V18") == 0);
    b.c.declared.back().at_ms += 1;
    CHECK(count(b, "V18") == 1);
}

TEST_CASE("V19: the counter grows more than the exposures told") {
    const auto judged = [](std::int64_t grown_s, std::int64_t told_s, bool service, std::int64_t unknown) {
        Builder b = in_use();
        const auto at = day0 - 3 * day;
        b.moment(at, "counter", R"({"tube_id":"A","scan_ms":1000000})");
        b.moment(at + day, "counter",
                 "{\"tube_id\":\"A\",\"scan_ms\":" + std::to_string(1'000'000 + grown_s * 1'000) + "}");
        auto& hour_row = b.use(at + 5 * hour);
        hour_row.exposure_ms = told_s * 1'000;
        hour_row.unknown_duration = unknown;
        if (service) b.moment(at + hour, "service.session", R"({"phase":"start","access":"local"})");
        return of(b.judged(), "V19");
    };
    CHECK(judged(160, 100, false, 0).empty());
    CHECK(judged(161, 100, false, 0).size() == 1);
    CHECK(judged(161, 100, false, 0).at(0).measured == "61 s not told");
    CHECK(judged(161, 100, false, 1).empty());
    CHECK(judged(161, 100, true, 0).empty());
    CHECK(judged(2'100, 2'000, false, 0).empty());
    CHECK(judged(2'101, 2'000, false, 0).size() == 1);

    // A clock set back by three hours: exposures of the morning are told before the first counter.
    Builder stepped = in_use();
    const auto at = day0 - 3 * day;
    stepped.moment(at, "counter", R"({"tube_id":"A","scan_ms":1000000})");
    stepped.moment(at + day, "counter", R"({"tube_id":"A","scan_ms":1900000})");
    CHECK(count(stepped, "V19") == 1);
    stepped.c.moments.insert(stepped.c.moments.begin() + 1,
                             {at + hour, ++stepped.leaf, "clock", R"({"step_ms":-10800000})"});
    CHECK(count(stepped, "V19") == 0);
}

TEST_CASE("V20: unusual use while closed") {
    const auto judged = [](std::int64_t exposures, std::int64_t at_ms, bool declared) {
        Builder b = in_use();
        for (int week = 8; week > 0; --week) b.use(at_ms - week * 7 * day, 0);
        b.use(at_ms, exposures);
        if (declared) b.c.papers.hours = {paper::OpeningHours{}};
        return of(b.judged(), "V20").size();
    };
    const auto night = day0 - 3 * day + 15 * hour;  // 23:00 in Shanghai
    const auto noon = day0 - 3 * day + 4 * hour;    // Monday 12:00
    CHECK(judged(3, night, true) == 0);
    CHECK(judged(4, night, true) == 1);
    CHECK(judged(4, night, false) == 0);
    CHECK(judged(4, noon, true) == 0);
}
