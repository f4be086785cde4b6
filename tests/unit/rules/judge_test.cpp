#include "server/domain/rules/judge.hpp"

#include <chrono>

#include "tests/unit/rules/case_builder.hpp"

using namespace gantry;
using namespace gantry::rules;
using namespace gantry::rules::test;

TEST_CASE("spans: merged, gaps and states") {
    CHECK(merged({{5, 7}, {1, 3}, {3, 4}, {9, 9}}) == Spans{{1, 4}, {5, 7}});
    CHECK(gaps_between({{5, 7}, {1, 3}}, {0, 10}) == Spans{{0, 1}, {3, 5}, {7, 10}});
    CHECK(gaps_between({{0, forever_ms}}, {3, 10}).empty());
    CHECK(gaps_between({}, {3, 10}) == Spans{{3, 10}});
    CHECK(holds({{1, 4}, {5, 7}}, 5));
    CHECK(!holds({{1, 4}, {5, 7}}, 4));
    CHECK(iso_day(day0 + day - 1) == "2026-01-01");
    CHECK(days_text(365 * day) == "365 d");
    CHECK(days_text(365 * day + 1) == "366 d");
    CHECK(weekday_of(day0) == 3);  // a Thursday
    CHECK(add_days(forever_ms, 1) == forever_ms);
}

TEST_CASE("judge: found is sorted, due is the earliest, an unknown device violates nothing") {
    DeviceCase unknown;
    unknown.now_ms = day0;
    const Judged nothing = judge(unknown, packs());
    for (const Found& found : nothing.found) CHECK(found.rule == "");
    Builder b;
    b.state(day0, State::in_use).now(day0 + 10 * day);
    b.permit(paper::PermitKind::radiation_safety, day0, day0 + 100 * day);
    b.permit(paper::PermitKind::radiodiagnosis, day0);
    const Judged judged = b.judged();
    CHECK(std::ranges::is_sorted(judged.found, [](const Found& x, const Found& y) {
        return std::tie(x.rule, x.key) < std::tie(y.rule, y.key);
    }));
    CHECK(judged.next_due_ms > b.c.now_ms);
    CHECK(judge(b.c, packs()).found == judged.found);
}

TEST_CASE("judge: hours that a limit cuts in two are asked for, and counted from their exposures") {
    Builder b;
    b.state(day0 - 100 * day, State::in_use).now(day0 + 10 * day);
    b.permit(paper::PermitKind::radiation_safety, day0 + hour / 2);
    b.permit(paper::PermitKind::radiodiagnosis, day0 - 1'000 * day);
    b.use(day0, 2);
    CHECK(count(b, "V03") == 0);  // not known on which side they fell
    const auto wanted = wanted_hours(b.c, packs());
    CHECK(std::ranges::find(wanted, day0) != wanted.end());
    b.event(day0 + hour / 2);
    CHECK(count(b, "V03") == 0);
    b.event(day0 + 1).patient = false;
    CHECK(count(b, "V03") == 0);
    b.event(day0 + hour / 2 - 1);
    const auto found = of(b.judged(), "V03");
    REQUIRE(found.size() == 1);
    CHECK(found[0].count == 1);
    CHECK(found[0].leaves == std::vector<std::uint64_t>{b.leaf});
}

TEST_CASE("judge: a shorter interval begins with its own version, and one lateness is found once") {
    const auto version = [](const char* dates, int interval_days) {
        return "[[rule]]\nid = \"V21\"\nfunction = \"status_test_overdue\"\n" + std::string{dates} +
               "severity = \"high\"\nbasis = \"b\"\nbasis_zh = \"据\"\ntitle_en = \"t\"\ntitle_zh = \"题\"\ntext_en = "
               "\"x\"\ntext_zh "
               "= \"文\"\n[rule.parameters]\ninterval_days = " +
               std::to_string(interval_days) + "\ncritical_after_days = 30\nunfiled_grace_days = 30\n";
    };
    const std::vector<PackText> texts{
        {"a.toml", version("version = 1\nvalid_from = \"2006-01-01\"\nvalid_to = \"2026-01-01\"\n", 730) +
                       version("version = 2\nvalid_from = \"2026-01-01\"\n", 365)}};
    const RulePack pack = parse_pack(texts).value();
    const auto judged = [&](std::int64_t test_ago_ms, std::int64_t now_ms) {
        Builder b;
        b.state(day0 - 900 * day, State::in_use).now(now_ms);
        b.test(day0 - test_ago_ms);
        std::vector<Found> late;
        for (const Found& found : judge(b.c, pack).found) {
            if (found.to_ms == forever_ms) late.push_back(found);
        }
        return late;
    };
    CHECK(judged(400 * day, day0 - 1).empty());
    CHECK(judged(400 * day, day0).empty());
    CHECK(judged(400 * day, day0 + 1).at(0).from_ms == day0);
    CHECK(judged(400 * day, day0 + 1).at(0).limit == "365 d");
    const auto twice = judged(800 * day, day0 + 1);
    REQUIRE(twice.size() == 1);
    CHECK(twice[0].from_ms == day0 - 70 * day);
    CHECK(twice[0].limit == "730 d");
}

TEST_CASE("judge: of very many, the latest are kept") {
    Builder b;
    b.state(day0 - 900 * day, State::in_use).now(day0);
    for (std::size_t i = 0; i < found_per_rule_max + 100; ++i)
        b.moment(day0 - day + static_cast<std::int64_t>(i), "clock", R"({"step_ms":90000})");
    const auto found = of(b.judged(), "V49");
    CHECK(found.size() == found_per_rule_max);
    CHECK(std::ranges::min(found, {}, &Found::from_ms).from_ms == day0 - day + 100);
}

TEST_CASE("judge: a body that is no JSON is unknown") {
    Builder b;
    b.state(day0 - 900 * day, State::in_use).now(day0);
    for (const char* type : {"clock", "counter", "identity", "audit", "service.session", "part.replaced", "env"}) {
        for (const char* body : {"", "{", "[]", "7", R"({"step_ms":"x","code":{},"scan_ms":1.5})"})
            b.moment(day0 - day, type, body);
    }
    for (const Found& found : b.judged().found) CHECK(found.leaves.empty());
}

TEST_CASE("judge: fifteen years of hours are judged in little time") {
    Builder b;
    const std::int64_t years = 15 * 365;
    b.state(day0 - years * day, State::in_use).now(day0);
    b.c.papers.hours = {paper::OpeningHours{}};
    b.c.papers.sheet.planned_exams_per_day = 50;
    for (std::int64_t at = day0 - years * day; at < day0; at += hour) {
        UseHour row;
        row.hour_ms = at;
        row.exams = row.exposures = row.patient_exposures = 4;
        row.exposure_ms = 4'000;
        row.covered_minutes = 60;
        row.first_leaf = ++b.leaf;
        row.last_leaf = ++b.leaf;
        b.c.hours.push_back(row);
    }
    for (std::int64_t d = years; d > 0; --d) {
        b.moment(day0 - d * day, "counter",
                 "{\"tube_id\":\"A\",\"tube_serial\":\"T1\",\"scan_ms\":" + std::to_string((years - d) * 96'000) + "}");
        if (d % 7 == 0) {
            paper::TestItem noise;
            noise.item = "noise";
            noise.pass = d % 70 != 0;
            b.test(day0 - d * day, paper::TestKind::constancy, noise.pass).items = {noise};
        }
        if (d % 45 == 0) b.state(day0 - d * day, State::pm).state(day0 - d * day + 5 * hour, State::in_use);
    }
    for (std::int64_t i = 0; i < 90 * 300; ++i) {
        UseEvent use;
        use.at_ms = day0 - 90 * day + i * 288'000;
        use.leaf = ++b.leaf;
        use.proto_group = "chest";
        use.age_band = "18-64";
        use.exam = static_cast<std::uint64_t>(i / 4 + 1);
        use.ctdivol_ugy = 9'000 + i % 100;
        use.dlp_ugy_cm = 300'000;
        b.c.uses.push_back(use);
    }
    const auto start = std::chrono::steady_clock::now();
    const Judged judged = b.judged();
    const auto took = std::chrono::steady_clock::now() - start;
    CHECK(!judged.found.empty());
    CHECK(wanted_hours(b.c, packs()).size() <= wanted_hours_max);
    MESSAGE("judged in ", std::chrono::duration_cast<std::chrono::milliseconds>(took).count(), " ms");
    CHECK(took < std::chrono::seconds{5});  // a quadratic loop over the hours would take minutes
}
