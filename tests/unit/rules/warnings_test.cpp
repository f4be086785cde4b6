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

TEST_CASE("W01: tube wear by share and by days left") {
    const auto judged = [](std::int64_t used_s, std::int64_t a_day_s) {
        Builder b = in_use();
        b.c.papers.sheet.tube_rated_scan_ms = 100'000'000;
        TubeFold tube{.id = "A", .serial = "T1"};
        tube.shown_at_ms = day0 - hour;
        tube.shown_scan_ms = used_s * 1'000;
        b.c.fold.tubes = {tube};
        for (int d = 40; d > 0 && a_day_s > 0; --d) b.use(day0 - d * day).exposure_ms = a_day_s * 1'000;
        return of(b.judged(), "W01");
    };
    CHECK(judged(85'000, 0).empty());
    CHECK(judged(85'001, 0).size() == 1);
    CHECK(judged(55'000, 1'000).empty());  // 45 days left
    CHECK(judged(55'001, 1'000).at(0).measured == "55.0 % used, 45 d left");
    CHECK(judged(10'000, 1'000).empty());
    Builder unknown = in_use();
    unknown.c.fold.tubes = {TubeFold{.id = "A", .exposure_ms = 99'000'000'000}};
    CHECK(count(unknown, "W01") == 0);  // rated life not known
    unknown.c.papers.sheet.tube_rated_scan_ms = 100'000'000;
    CHECK(count(unknown, "W01") == 1);
    unknown.moment(day0 - day, "part.replaced", R"({"part":"tube","major":true})");
    CHECK(count(unknown, "W01") == 0);  // a new one
}

TEST_CASE("W02: arcs against the first three months") {
    const auto judged = [](int arcs_a_week) {
        Builder b = in_use();
        std::int64_t arcs = 0;
        for (int week = 0; week < 30; ++week) {
            arcs += week <= 12 ? 2 : arcs_a_week;
            b.moment(day0 - (210 - week * 7) * day, "counter",
                     "{\"tube_serial\":\"T1\",\"arcs\":" + std::to_string(arcs) +
                         ",\"scan_ms\":" + std::to_string(week * 7'000'000) + "}");
        }
        return of(b.judged(), "W02").size();
    };
    CHECK(judged(2) == 0);
    CHECK(judged(8) > 0);
}

TEST_CASE("W03: faults closer and closer together") {
    const auto judged = [](std::initializer_list<int> days_ago) {
        Builder b = in_use();
        for (const int ago : days_ago)
            b.state(day0 - ago * day, State::fault).state(day0 - ago * day + hour, State::in_use);
        return of(b.judged(), "W03").size();
    };
    CHECK(judged({300, 220, 150, 80, 10}) == 0);
    CHECK(judged({90, 40, 20, 10, 5}) == 1);
    CHECK(judged({20, 10, 5}) == 0);
    CHECK(judged({360, 350, 340, 300}) == 0);

    // A device that came into the register with a long past: of its faults only those since then are known.
    Builder adopted = in_use();
    adopted.c.registered_ms = day0 - 60 * day;
    for (const int ago : {50, 38, 25, 12})
        adopted.state(day0 - ago * day, State::fault).state(day0 - ago * day + hour, State::in_use);
    CHECK(count(adopted, "W03") == 0);
}

TEST_CASE("W04: dose rises by more than a tenth") {
    const auto judged = [](std::int64_t later_ugy, int later) {
        Builder b = in_use();
        for (int i = 0; i < 50 + later; ++i) {
            UseEvent& use = b.event(day0 - 80 * day + i * hour);
            use.proto_group = "head";
            use.ctdivol_ugy = i < 50 ? 50'000 + (i % 5) * 500 : later_ugy + (i % 5) * 500;
        }
        return of(b.judged(), "W04").size();
    };
    CHECK(judged(50'000, 60) == 0);
    CHECK(judged(54'000, 60) == 0);
    CHECK(judged(57'000, 60) == 1);
    CHECK(judged(57'000, 49) == 0);

    // Doses that scatter as chests do: a mean of fifty that lies 13 % higher may be chance, one 50 % higher is not.
    const auto scattered = [](double factor) {
        Builder b = in_use();
        for (int i = 0; i < 300; ++i) {
            UseEvent& use = b.event(day0 - 80 * day + i * hour);
            use.proto_group = "chest";
            constexpr int scatter[] = {40, 65, 90, 100, 120, 150, 240};
            use.ctdivol_ugy = static_cast<std::int64_t>(scatter[i % 7] * 100 * (i < 230 ? 1.0 : factor));
        }
        return of(b.judged(), "W04").size();
    };
    CHECK(scattered(1.13) == 0);
    CHECK(scattered(1.5) == 1);

    // The scans of one examination are one value.
    Builder scans = in_use();
    for (int i = 0; i < 120; ++i) {
        UseEvent& use = scans.event(day0 - 80 * day + i * hour);
        use.proto_group = "head";
        use.exam = static_cast<std::uint64_t>(i / 2 + 1);
        use.ctdivol_ugy = i < 60 ? 50'000 + (i % 5) * 500 : 60'000;
    }
    CHECK(count(scans, "W04") == 0);
}

TEST_CASE("W05: a test value drifts to its limit") {
    const auto judged = [](std::int64_t a_month_milli, int months, std::optional<std::int64_t> limit) {
        Builder b = in_use();
        for (int m = months - 1; m >= 0; --m) {
            paper::TestItem item;
            item.item = "water_hu";
            item.value_milli = 4'000 - m * a_month_milli;
            item.limit_high_milli = limit;
            item.pass = true;
            b.test(day0 - m * 30 * day, paper::TestKind::constancy).items = {item};
        }
        return of(b.judged(), "W05");
    };
    CHECK(judged(1'000, 3, 6'000).empty());  // sixty days
    CHECK(judged(1'010, 3, 6'000).at(0).measured == "59 d to the limit");
    CHECK(judged(1'010, 2, 6'000).empty());
    CHECK(judged(-1'010, 3, 6'000).empty());
    CHECK(judged(1'010, 3, {}).empty());
}

TEST_CASE("W06: warmer than the load explains") {
    const auto judged = [](int warm_days) {
        Builder b = in_use();
        for (int d = 45; d > 0; --d) {
            b.use(day0 - d * day).exposure_ms = (d % 7) * 1'000;
            const int oil = 40'000 + (d % 7) * 100 + (d % 3) * 10 + (d <= warm_days ? 5'000 : 0);
            b.c.climate.push_back({day0 - d * day + 1, oil, std::nullopt});
        }
        return of(b.judged(), "W06", "oil_mc").size();
    };
    CHECK(judged(0) == 0);
    CHECK(judged(2) == 0);
    CHECK(judged(3) == 1);
}

TEST_CASE("W08: calendar") {
    const struct {
        std::int64_t left_ms;
        std::size_t want;
        Severity severity = Severity::info;
        const char* limit = "";
    } rows[] = {
        {90 * day + 1, 0},
        {90 * day, 1, Severity::info, "90 d left"},
        {60 * day, 1, Severity::info, "60 d left"},
        {30 * day, 1, Severity::low, "30 d left"},
        {7 * day, 1, Severity::medium, "7 d left"},
        {0, 0},
    };
    for (const auto& row : rows) {
        CAPTURE(row.limit);
        Builder b = in_use();
        b.permit(paper::PermitKind::radiation_safety, 0, day0 + row.left_ms);
        const auto found = of(b.judged(), "W08");
        REQUIRE(found.size() == row.want);
        if (row.want == 0) continue;
        CHECK(found[0].severity == row.severity);
        CHECK(found[0].limit == row.limit);
        b.c.papers.permits[0].renewal_filed_ms = day0;
        CHECK(count(b, "W08") == 0);
    }
    Builder b = in_use();
    b.test(day0 - 300 * day);
    CHECK(of(b.judged(), "W08", "status_test").at(0).measured == "65 d left");
    CHECK(b.judged().next_due_ms <= day0 + 5 * day);
    b.state(day0 - day, State::disposed);
    CHECK(count(b, "W08") == 0);
}

TEST_CASE("W09: examinations come near the capacity") {
    const auto judged = [](std::int64_t first, std::int64_t last, int days_known) {
        Builder b = in_use();
        b.c.papers.sheet.capacity_exams_per_day = 100;
        for (int d = days_known; d > 0; --d) {
            const std::int64_t exams = first + (last - first) * (days_known - d) / days_known;
            b.use(day0 - d * day + 5 * hour, weekday_of(day0 - d * day) < 5 ? exams : 0);
        }
        return of(b.judged(), "W09").size();
    };
    CHECK(judged(80, 80, 120) == 0);
    CHECK(judged(95, 95, 120) == 1);
    CHECK(judged(50, 80, 120) == 1);
    CHECK(judged(95, 95, 55) == 0);
}

TEST_CASE("W10: half of the month's down time before its middle") {
    // A month of 744 covered hours: 2 % are 893 minutes, half of them 446.4.
    const auto judged = [](std::int64_t fault_from_ms, std::int64_t down_ms) {
        Builder b = in_use();
        b.c.offsets = {{0, 0}};
        paper::Contract contract;
        contract.id = "k1";
        contract.devices = {"ct-0001"};
        b.c.papers.contracts = {contract};
        b.state(fault_from_ms, State::fault).state(fault_from_ms + down_ms, State::in_use);
        b.now(day0 + 20 * day);
        return of(b.judged(), "W10");
    };
    CHECK(judged(day0 + 3 * day, 26'784'000).empty());
    CHECK(judged(day0 + 3 * day, 26'784'001).at(0).measured == "446 min down");
    CHECK(judged(day0 + 16 * day, 3 * day).empty());
    CHECK(judged(day0 - 3 * day, 3 * day).empty());
}
