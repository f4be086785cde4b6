#include "tests/unit/rules/case_builder.hpp"

using namespace gantry;
using namespace gantry::rules;
using namespace gantry::rules::test;
using paper::TestKind;

namespace {

Builder in_use_since(std::int64_t at_ms, std::int64_t now_ms = day0) {
    Builder b;
    b.state(at_ms, State::in_use).now(now_ms);
    return b;
}

paper::Schedule& plan(Builder& b, std::int64_t every_days, std::int64_t from_ms) {
    paper::Schedule schedule;
    schedule.id = "s" + std::to_string(b.c.papers.schedules.size() + 1);
    schedule.every_days = every_days;
    schedule.from_ms = from_ms;
    b.c.papers.schedules.push_back(schedule);
    return b.c.papers.schedules.back();
}

}  // namespace

TEST_CASE("V21: the yearly test") {
    const struct {
        const char* what;
        std::int64_t test_ago_ms;
        bool passed;
        TestKind kind;
        std::size_t want;
    } rows[] = {
        {"in time", 364 * day, true, TestKind::status, 0},
        {"on the due moment", 365 * day, true, TestKind::status, 0},
        {"a moment late", 365 * day + 1, true, TestKind::acceptance, 1},
        {"a failed test does not count", 10 * day, false, TestKind::status, 1},
        {"a constancy test does not count", 10 * day, true, TestKind::constancy, 1},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Builder b = in_use_since(day0 - 400 * day);
        b.test(day0 - row.test_ago_ms, row.kind, row.passed);
        CHECK(count(b, "V21") == row.want);
    }
}

TEST_CASE("V21: counts from the first day of service, past lateness stays, out of service it does not run") {
    Builder unknown = in_use_since(day0 - 366 * day);
    const auto found = of(unknown.judged(), "V21").at(0);
    CHECK(found.measured == "366 d");
    CHECK(found.limit == "365 d");
    CHECK(found.severity == Severity::high);
    CHECK(found.from_ms == day0 - day);
    CHECK(found.to_ms == forever_ms);
    unknown.test(day0 - hour);
    CHECK(of(unknown.judged(), "V21").at(0).to_ms == day0 - hour);

    Builder idle = in_use_since(day0 - 500 * day);
    idle.state(day0 - 300 * day, State::idle);
    CHECK(count(idle, "V21") == 0);

    Builder early = in_use_since(day0 - 10 * day);
    early.test(day0 - 370 * day, TestKind::acceptance);
    CHECK(of(early.judged(), "V21").at(0).from_ms == day0 - 5 * day);
    CHECK(in_use_since(day0 - 10 * day).judged().next_due_ms <= day0 + 355 * day + 1);
}

TEST_CASE("V21: critical when patients are exposed more than thirty days past due") {
    Builder b = in_use_since(day0 - 400 * day);  // due 35 days ago
    b.use(day0 - 6 * day);
    CHECK(of(b.judged(), "V21").at(0).severity == Severity::high);
    b.use(day0 - 4 * day);
    CHECK(of(b.judged(), "V21").at(0).severity == Severity::critical);
}

TEST_CASE("V25: maintenance by calendar with grace") {
    const struct {
        const char* what;
        std::int64_t ago_ms;
        std::optional<std::int64_t> grace_days;
        std::size_t want;
        Severity severity = Severity::medium;
    } rows[] = {
        {"due today", 100 * day, {}, 0},
        {"last day of grace", 110 * day, {}, 0},
        {"past grace", 110 * day + 1, {}, 1},
        {"own grace", 110 * day + 1, 20, 0},
        {"no grace", 100 * day + 1, 0, 1},
        {"half an interval late", 150 * day, {}, 1},
        {"more than half an interval late", 150 * day + 1, {}, 1, Severity::high},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Builder b = in_use_since(day0 - 200 * day);
        plan(b, 100, day0 - row.ago_ms).grace_days = row.grace_days;
        const auto found = of(b.judged(), "V25");
        REQUIRE(found.size() == row.want);
        if (row.want == 1) CHECK(found[0].severity == row.severity);
    }
}

TEST_CASE("V25: what fulfils a schedule, counters, and the default interval") {
    Builder b = in_use_since(day0 - 200 * day);
    plan(b, 100, day0 - 200 * day);
    CHECK(of(b.judged(), "V25").at(0).limit == "100 d + 10 d");
    b.order(day0 - 101 * day, day0 - 100 * day);
    CHECK(count(b, "V25") == 0);
    b.c.papers.work_orders[0].outcome = "not_resolved";
    CHECK(count(b, "V25") == 1);
    b.c.papers.work_orders[0].outcome = "resolved";
    plan(b, 50, day0 - 200 * day);
    CHECK(count(b, "V25") == 2);  // of two schedules, an order must name its own
    b.c.papers.work_orders[0].schedule = "s1";
    CHECK(count(b, "V25") == 1);

    Builder counter = in_use_since(day0 - 200 * day);
    paper::Schedule& by_exams = plan(counter, 3'000, day0 - 200 * day);
    by_exams.every_exams = 10;
    by_exams.grace_days = 5;
    counter.use(day0 - 20 * day, 9);
    CHECK(count(counter, "V25") == 0);
    counter.use(day0 - 5 * day, 1);
    CHECK(count(counter, "V25") == 0);  // due an hour later, and five days of grace
    counter.now(day0 + hour);
    CHECK(count(counter, "V25") == 0);
    counter.now(day0 + hour + 1);
    CHECK(count(counter, "V25") == 1);

    CHECK(count(in_use_since(day0 - 100 * day), "V25") == 0);
    CHECK(count(in_use_since(day0 - 101 * day), "V25") == 1);
    Builder other = in_use_since(day0 - 101 * day);
    other.c.modality = other.c.papers.sheet.modality = "MRI";
    CHECK(count(other, "V25") == 0);
}

TEST_CASE("V25: several schedules of one device, by calendar, by each counter, and whichever comes first") {
    const struct {
        const char* what;
        std::optional<std::int64_t> days, scan_ms, exams, mas;
        std::size_t want;
    } rows[] = {
        {"calendar passed", 100, {}, {}, {}, 1},       {"calendar to come", 400, {}, {}, {}, 0},
        {"scan time passed", {}, 40'000, {}, {}, 1},   {"scan time to come", {}, 40'001, {}, {}, 0},
        {"exams passed", {}, {}, 20, {}, 1},           {"exams to come", {}, {}, 21, {}, 0},
        {"charge passed", {}, {}, {}, 5'000, 1},       {"charge to come", {}, {}, {}, 5'001, 0},
        {"calendar first", 100, 40'001, 21, 5'001, 1}, {"scan time first", 400, 40'000, 21, 5'001, 1},
        {"exams first", 400, 40'001, 20, 5'001, 1},    {"charge first", 400, 40'001, 21, 5'000, 1},
        {"none yet", 400, 40'001, 21, 5'001, 0},
    };
    Builder all = in_use_since(day0 - 200 * day);
    std::size_t want = 0;
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Builder b = in_use_since(day0 - 200 * day);
        for (Builder* each : {&b, &all}) {
            paper::Schedule& schedule = plan(*each, 1, day0 - 200 * day);
            schedule.id = row.what;
            schedule.every_days = row.days;
            schedule.every_scan_ms = row.scan_ms;
            schedule.every_exams = row.exams;
            schedule.every_mas = row.mas;
            schedule.grace_days = 0;
            if (each == &all && &row != &rows[0]) continue;
            for (const std::int64_t at : {day0 - 60 * day, day0 - 50 * day}) {
                UseHour& hour_of_use = each->use(at);
                hour_of_use.exams = 10;
                hour_of_use.exposure_ms = 20'000;
                hour_of_use.charge_ua_ms = 2'500'000'000;
            }
        }
        CHECK(count(b, "V25") == row.want);
        want += row.want;
    }
    CHECK(count(all, "V25") == want);  // each on its own
}

namespace {

paper::TestItem item(std::string name, bool pass = true, bool mandatory = true) {
    paper::TestItem out;
    out.item = std::move(name);
    out.pass = pass;
    out.mandatory = mandatory;
    return out;
}

}  // namespace

TEST_CASE("V22: constancy by table, by the test itself and by schedule") {
    const auto at_due = [](std::int64_t age_ms) {
        Builder b = in_use_since(day0 - 200 * day);
        for (const char* name : {"water_hu", "noise", "uniformity", "positioning", "ctdi_w"})
            b.test(day0 - age_ms, TestKind::constancy).items = {item(name, false)};
        return b;
    };
    CHECK(of(at_due(31 * day).judged(), "V22").size() == 4);  // late before their first test; the dose is yearly
    const auto now_late = [](const Builder& b) {
        return std::ranges::count_if(of(b.judged(), "V22"), [](const Found& f) { return f.to_ms == forever_ms; });
    };
    CHECK(now_late(at_due(31 * day)) == 0);
    CHECK(now_late(at_due(31 * day + 1)) == 4);
    Builder own = at_due(31 * day + 1);
    for (auto& test : own.c.papers.tests) test.interval_days = 40;
    CHECK(now_late(own) == 0);
    paper::Schedule schedule;
    schedule.id = "s1";
    schedule.work = "constancy";
    schedule.item = "noise";
    schedule.every_days = 20;
    own.c.papers.schedules = {schedule};
    CHECK(now_late(own) == 1);
    Builder other = in_use_since(day0 - 200 * day);
    other.c.modality = other.c.papers.sheet.modality = "DR";
    CHECK(count(other, "V22") == 0);
}

TEST_CASE("V23: site protection") {
    for (const auto& [age_ms, want] : {std::pair{365 * day, 0u}, std::pair{365 * day + 1, 1u}}) {
        Builder b = in_use_since(day0 - 100 * day);
        b.test(day0 - age_ms, TestKind::site_protection);
        CHECK(count(b, "V23") == want);
    }
    CHECK(count(in_use_since(day0 - 100 * day), "V23") == 0);
}

TEST_CASE("V24: use between a failed item and its pass") {
    const auto at = day0 - 50 * day;
    const struct {
        const char* what;
        std::vector<paper::TestItem> failed;
        std::int64_t pass_after_ms;
        std::vector<paper::TestItem> passed;
        TestKind kind;
        std::size_t want;
    } rows[] = {
        {"never passed", {item("noise", false)}, forever_ms, {}, TestKind::status, 1},
        {"passed before use", {item("noise", false)}, hour, {item("noise")}, TestKind::constancy, 0},
        {"another item passed", {item("noise", false)}, hour, {item("water_hu")}, TestKind::constancy, 1},
        {"whole status test passed", {item("noise", false)}, hour, {item("water_hu")}, TestKind::status, 0},
        {"passed as the hour of use begins", {item("noise", false)}, day, {item("noise")}, TestKind::constancy, 0},
        {"passed as the hour of use ends", {item("noise", false)}, day + hour, {item("noise")}, TestKind::constancy, 1},
        {"not told which item", {}, forever_ms, {}, TestKind::status, 1},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Builder b = in_use_since(day0 - 100 * day);
        b.test(at, TestKind::status, false).items = row.failed;
        if (row.pass_after_ms != forever_ms) b.test(at + row.pass_after_ms, row.kind).items = row.passed;
        b.use(at + day);
        CHECK(count(b, "V24") == row.want);
    }
    Builder optional = in_use_since(day0 - 100 * day);
    optional.test(at).items = {item("light", false, false)};
    optional.use(at + day);
    CHECK(count(optional, "V24") == 0);
    Builder declared = in_use_since(day0 - 100 * day);
    declared.declare(at, "status_test.failed");
    declared.use(at + day);
    CHECK(of(declared.judged(), "V24").at(0).severity == Severity::critical);
}
