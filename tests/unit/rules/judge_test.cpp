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
    b.event(day0 + hour / 2 - 1);
    const auto found = of(b.judged(), "V03");
    REQUIRE(found.size() == 1);
    CHECK(found[0].count == 1);
    CHECK(found[0].leaves == std::vector<std::uint64_t>{b.leaf});
}
