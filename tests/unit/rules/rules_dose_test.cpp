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

// `n` adult head exposures, one an hour, of one dose.
void heads(Builder& b, int n, std::int64_t ctdivol_ugy, std::int64_t dlp_ugy_cm) {
    for (int i = 0; i < n; ++i) {
        UseEvent& use = b.event(day0 - day * 20 + i * hour);
        use.proto_group = "head";
        use.age_band = "18-64";
        use.exam = static_cast<std::uint64_t>(i + 1);
        use.ctdivol_ugy = ctdivol_ugy;
        use.dlp_ugy_cm = dlp_ugy_cm;
    }
}

}  // namespace

TEST_CASE("dose: the hours of the window are asked for, and the judgement says how far back it looked") {
    Builder b = in_use();
    b.use(day0 - 92 * day - hour);
    b.use(day0 - 92 * day);
    const auto wanted = wanted_hours(b.c, packs());
    CHECK(std::ranges::find(wanted, day0 - 92 * day) != wanted.end());
    CHECK(std::ranges::find(wanted, day0 - 92 * day - hour) == wanted.end());
    CHECK(b.judged().judged_from_ms.at("V39") == day0 - 92 * day);
}

TEST_CASE("V37: an alert passed needs a reason") {
    Builder b = in_use();
    b.event(day0 - day).alert_passed = false;
    b.event(day0 - day + 1).alert_passed = true;
    b.c.uses[1].alert_reason = true;
    CHECK(count(b, "V37") == 0);
    b.c.uses[1].alert_reason = false;
    b.event(day0 - day + 2).alert_passed = true;
    const auto found = of(b.judged(), "V37").at(0);
    CHECK(found.key == "2025-12-31");
    CHECK(found.count == 2);
    CHECK(found.leaves.size() == 2);
    CHECK(!found.suspected);
}

TEST_CASE("V38: dose check off after it was on") {
    Builder b = in_use();
    b.event(day0 - 5 * day).alert_configured = false;
    CHECK(count(b, "V38") == 0);  // never was on
    b.event(day0 - 4 * day).alert_configured = true;
    b.event(day0 - 3 * day);
    CHECK(count(b, "V38") == 0);
    b.event(day0 - 2 * day).alert_configured = false;
    CHECK(count(b, "V38", "off@2025-12-30") == 1);
}

TEST_CASE("V39: median above the reference level") {
    const auto judged = [](int n, std::int64_t ctdivol, std::int64_t dlp) {
        Builder b = in_use();
        heads(b, n, ctdivol, dlp);
        return of(b.judged(), "V39");
    };
    CHECK(judged(20, 60'000, 860'000).empty());
    CHECK(judged(19, 60'001, 860'001).empty());
    const auto both = judged(20, 60'001, 860'001);
    REQUIRE(both.size() == 2);
    CHECK(both[0].key == "ctdivol:head");
    CHECK(both[0].limit == "60.0 mGy");
    CHECK(both[1].key == "dlp:head");
    Builder children = in_use();
    heads(children, 30, 90'000, 90'000);
    for (UseEvent& use : children.c.uses) use.age_band = "5-9";
    CHECK(count(children, "V39") == 0);
    for (UseEvent& use : children.c.uses) use.age_band = "";
    CHECK(count(children, "V39") == 0);
    Builder phases = in_use();  // another phase is no higher level: the highest scan of an examination counts
    heads(phases, 40, 1'000, 500'000);
    for (std::size_t i = 0; i < phases.c.uses.size(); ++i) phases.c.uses[i].exam = i / 2 + 1;
    CHECK(count(phases, "V39") == 0);
    for (std::size_t i = 0; i < phases.c.uses.size(); i += 2) phases.c.uses[i].dlp_ugy_cm = 860'001;
    CHECK(count(phases, "V39", "dlp:head") == 1);
    CHECK(of(phases.judged(), "V39").at(0).count == 20);
}

TEST_CASE("V40: low dose while noise fails") {
    Builder b = in_use();
    heads(b, 20, 39'999, 1);
    CHECK(count(b, "V40") == 0);
    paper::TestItem noise;
    noise.item = "noise";
    b.test(day0 - day, paper::TestKind::constancy, false).items = {noise};
    CHECK(count(b, "V40") == 1);
    for (UseEvent& use : b.c.uses) use.ctdivol_ugy = 40'000;
    CHECK(count(b, "V40") == 0);
}

TEST_CASE("V41: one examination far above") {
    for (const auto& [dlp, want] : {std::pair{2'580'000, 0u}, std::pair{2'580'001, 1u}}) {
        Builder b = in_use();
        heads(b, 1, 1'000, dlp);
        CHECK(count(b, "V41") == want);
    }
    Builder usual = in_use();  // so usual here that it is within the device's own P99.5
    heads(usual, 200, 1'000, 3'000'000);
    CHECK(count(usual, "V41") == 0);
    usual.c.uses[7].dlp_ugy_cm = 3'000'001;
    CHECK(count(usual, "V41") == 1);
}

TEST_CASE("V42: children") {
    const auto judged = [](const char* age, const char* phantom, std::int64_t ctdivol) {
        Builder b = in_use();
        UseEvent& use = b.event(day0 - day);
        use.proto_group = "head";
        use.age_band = age;
        use.phantom = phantom;
        use.ctdivol_ugy = ctdivol;
        return of(b.judged(), "V42").size();
    };
    CHECK(judged("5-9", "head16", 28'000) == 0);
    CHECK(judged("5-9", "head16", 28'001) == 1);
    CHECK(judged("10-14", "head16", 28'001) == 0);
    CHECK(judged("0", "body32", 1'000) == 1);
    CHECK(judged("15-17", "body32", 90'000) == 0);
    CHECK(judged("", "body32", 90'000) == 0);
}

TEST_CASE("V43: more exposures than planned") {
    for (const auto& [n, want] : {std::pair{4, 0u}, std::pair{5, 1u}}) {
        Builder b = in_use();
        heads(b, n + 1, 1'000, 1);
        for (UseEvent& use : b.c.uses) use.exam = 14;
        b.c.uses[0].localiser = true;
        CHECK(count(b, "V43") == want);
    }
}

TEST_CASE("V44: screening of children") {
    Builder b = in_use();
    UseEvent& use = b.event(day0 - day);
    use.proto_group = "chest";
    use.age_band = "1-4";
    CHECK(count(b, "V44") == 0);
    b.c.uses[0].screening = true;
    CHECK(count(b, "V44") == 1);
    b.c.uses[0].age_band = "15-17";
    CHECK(count(b, "V44") == 0);
    b.c.modality = b.c.papers.sheet.modality = "MAMMO";
    CHECK(count(b, "V44") == 1);
}

TEST_CASE("V45: positive rate of a quarter") {
    const auto judged = [](std::int64_t reported, std::optional<std::int64_t> positive) {
        Builder b = in_use();
        for (int i = 0; i < 2; ++i) {
            paper::DeclaredCount half;
            half.from_ms = day0 - (60 - 30 * i) * day;
            half.to_ms = half.from_ms + 30 * day;
            half.reported = reported / 2;
            if (positive) half.positive = *positive / 2;
            b.c.papers.counts.push_back(half);
        }
        return of(b.judged(), "V45");
    };
    CHECK(judged(200, 120).empty());
    CHECK(judged(198, 20).empty());
    CHECK(judged(200, {}).empty());
    CHECK(judged(200, 118).at(0).measured == "59.0 %");
    CHECK(judged(200, 118).at(0).key == "2025-Q4");
}
