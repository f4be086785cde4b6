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

TEST_CASE("V46: not seen for a day, high from three") {
    const struct {
        std::int64_t silent_ms;
        std::size_t want;
        Severity severity = Severity::medium;
    } rows[] = {{24 * hour, 0}, {24 * hour + 1, 1}, {72 * hour - 1, 1}, {72 * hour, 1, Severity::high}};
    for (const auto& row : rows) {
        Builder b = in_use();
        b.c.last_seen_ms = day0 - row.silent_ms;
        const auto found = of(b.judged(), "V46");
        REQUIRE(found.size() == row.want);
        if (row.want == 1) CHECK(found[0].severity == row.severity);
        b.c.fold.powered_off = true;
        CHECK(count(b, "V46") == 0);
    }
    Builder due = in_use();
    CHECK(due.judged().next_due_ms == day0 + 24 * hour + 1);
    due.state(day0 - 10 * day, State::suspended);
    CHECK(count(due.now(day0), "V46") == 0);
}

TEST_CASE("V46: past silences, and hours within opening hours") {
    Builder b = in_use();
    const auto morning = day0 - 10 * day + 2 * hour;  // Monday 10:00 in Shanghai
    b.use(morning - 2 * hour, 0);
    b.use(morning + 23 * hour, 0);
    CHECK(count(b, "V46") == 0);  // exactly a day between; no opening hours declared
    b.c.hours[0].hour_ms -= hour;
    CHECK(of(b.judged(), "V46").at(0).measured == "25 h");
    b.moment(morning - 2 * hour, "power.off", "{}");
    CHECK(count(b, "V46") == 0);
    Builder open = in_use();
    open.c.papers.hours = {paper::OpeningHours{}};
    open.use(morning, 1);
    open.use(morning + hour, 1).covered_minutes = 45;
    CHECK(count(open, "V46") == 0);
    open.c.hours[1].covered_minutes = 44;
    CHECK(of(open.judged(), "V46").at(0).measured == "16 min of an hour");
    open.c.hours[1].covered_minutes = 60;
    open.use(morning + 4 * hour, 1);
    CHECK(of(open.judged(), "V46").at(0).count == 2);  // two hours of nothing
    open.c.offsets.clear();
    CHECK(count(open, "V46") == 0);
}

TEST_CASE("V47: audit recording stopped") {
    Builder b = in_use();
    b.moment(day0 - day, "audit", R"({"code":110132})");
    CHECK(count(b, "V47") == 0);
    b.moment(day0 - day, "audit", R"({"code":110133})");
    b.moment(day0 - day + 1, "audit", R"({"code":110133})");
    CHECK(of(b.judged(), "V47").at(0).count == 2);
}

TEST_CASE("V48: gaps are to be filled in seven days") {
    Builder b = in_use();
    b.c.gaps = {{day0 - 7 * day, 5, 12, false, {}}};
    CHECK(count(b, "V48") == 0);
    CHECK(of(b.now(day0 + 1).judged(), "V48").at(0).measured == "12 records missing");
    b.c.gaps[0].filled_ms = day0;
    CHECK(count(b, "V48") == 0);
    b.c.gaps[0].filled_ms = day0 + 1;
    CHECK(count(b, "V48") == 1);
    Builder chain = in_use();
    chain.c.gaps = {{day0, 5, 0, true, {}}};
    CHECK(count(chain, "V48", "chain:5") == 1);
    Builder told = in_use();
    told.moment(day0 - 8 * day, "gap_declared", R"({"count":3,"from":1,"to":2,"reason":"full"})");
    CHECK(count(told, "V48") == 1);
}

TEST_CASE("V49: steps of the clock") {
    const auto judged = [](std::int64_t step_ms) {
        Builder b = in_use();
        b.moment(day0 - day, "clock", "{\"step_ms\":" + std::to_string(step_ms) + "}");
        return of(b.judged(), "V49");
    };
    CHECK(judged(60'000).empty());
    CHECK(judged(60'001).at(0).severity == Severity::medium);
    CHECK(judged(600'000).at(0).severity == Severity::medium);
    CHECK(judged(600'001).at(0).severity == Severity::high);
    CHECK(judged(-5'000).empty());
    CHECK(judged(-5'001).size() == 1);
    CHECK(judged(-600'001).at(0).severity == Severity::high);
}

TEST_CASE("V50: a counter of one tube goes back") {
    const auto judged = [](const char* first, const char* second) {
        Builder b = in_use();
        b.moment(day0 - 2 * day, "counter", first);
        b.moment(day0 - day, "counter", second);
        return of(b.judged(), "V50").size();
    };
    CHECK(judged(R"({"tube_serial":"T1","mas":100})", R"({"tube_serial":"T1","mas":100})") == 0);
    CHECK(judged(R"({"tube_serial":"T1","mas":100})", R"({"tube_serial":"T1","mas":99})") == 1);
    CHECK(judged(R"({"tube_serial":"T1","mas":100})", R"({"tube_serial":"T2","mas":99})") == 0);
    CHECK(judged(R"({"mas":100})", R"({"mas":99})") == 0);
    CHECK(judged(R"({"tube_serial":"T1","exams":9,"scan_ms":7})", R"({"tube_serial":"T1","exams":8,"scan_ms":6})") ==
          2);
    // By a clock that is behind: told later, about an earlier time, and higher. Nothing went back.
    Builder behind = in_use();
    behind.moment(day0 - 2 * day, "counter", R"({"tube_serial":"T1","scan_ms":100})");
    behind.moment(day0 - 2 * day + hour, "counter", R"({"tube_serial":"T1","scan_ms":110})");
    behind.c.moments.insert(behind.c.moments.begin() + 1, {day0 - 2 * day + hour / 2, ++behind.leaf, "counter",
                                                           R"({"tube_serial":"T1","scan_ms":120})"});
    CHECK(count(behind, "V50") == 0);
}

TEST_CASE("V51: one identity at two places") {
    Builder b = in_use();
    b.c.papers.sheet.serial = "S1";
    b.c.same_serial["S2"] = {"ct-0002"};
    b.c.same_serial["S1"] = {"ct-0001"};
    CHECK(count(b, "V51") == 0);
    b.c.same_serial["S1"] = {"ct-0001", "ct-0002"};
    CHECK(count(b, "V51", "serial:ct-0002") == 1);
    b.c.papers.sheet.predecessor = "ct-0002";
    CHECK(count(b, "V51") == 0);
    b.c.fold.identity_alarm = true;
    CHECK(count(b, "V51", "key") == 1);
}

TEST_CASE("V52: declared counts against observed ones") {
    const auto judged = [](std::int64_t declared, std::int64_t seen, std::int64_t covered_minutes) {
        Builder b = in_use();
        paper::DeclaredCount month;
        month.id = "c1";
        month.device = "ct-0001";
        month.from_ms = day0 - 2 * day;
        month.to_ms = day0 - day;
        month.exams = declared;
        b.c.papers.counts = {month};
        for (int i = 0; i < 24; ++i)
            b.use(day0 - 2 * day + i * hour, i == 0 ? seen : 0).covered_minutes = covered_minutes;
        return of(b.judged(), "V52").size();
    };
    CHECK(judged(400, 420, 60) == 0);
    CHECK(judged(400, 421, 60) == 1);
    CHECK(judged(100, 110, 60) == 0);
    CHECK(judged(100, 111, 60) == 1);
    CHECK(judged(100, 111, 0) == 1);  // more than declared is more, watched or not
    CHECK(judged(111, 100, 54) == 1);
    CHECK(judged(111, 100, 53) == 0);

    // Examinations of test objects are no patients: 430 seen, of which up to 30 may be of test objects.
    const auto with_tests = [](std::int64_t declared, std::int64_t test_exposures) {
        Builder b = in_use();
        paper::DeclaredCount month;
        month.id = "c1";
        month.device = "ct-0001";
        month.from_ms = day0 - 2 * day;
        month.to_ms = day0 - day;
        month.exams = declared;
        b.c.papers.counts = {month};
        UseHour& hour_row = b.use(day0 - 2 * day, 430);
        hour_row.exposures = 430 + test_exposures;
        for (int i = 1; i < 24; ++i) b.use(day0 - 2 * day + i * hour, 0);
        return of(b.judged(), "V52").size();
    };
    CHECK(with_tests(400, 0) == 1);
    CHECK(with_tests(400, 30) == 0);
    CHECK(with_tests(370, 30) == 1);
    CHECK(with_tests(460, 30) == 1);
}
