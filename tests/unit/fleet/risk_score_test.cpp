#include "server/domain/fleet/risk_score.hpp"

#include <doctest/doctest.h>

using namespace gantry;
using namespace gantry::fleet;

namespace {

constexpr std::int64_t day = 86'400'000;
constexpr std::int64_t now = 1'767'225'600'000;

RiskDevice device(std::string site, std::vector<RiskFinding> findings = {}) {
    RiskDevice out;
    out.device = "ct-" + site;
    out.org = "h1";
    out.site = std::move(site);
    out.findings = std::move(findings);
    return out;
}

}  // namespace

TEST_CASE("W12: a finding weighs by its severity, halves with time, and counts less once it is closed") {
    const struct {
        const char* what;
        RiskFinding finding;
        std::int64_t open, past;
    } rows[] = {
        {"critical, today", {Severity::critical, true, true, now}, 1'000, 0},
        {"one half-life ago", {Severity::critical, true, true, now - 90 * day}, 500, 0},
        {"two half-lives ago", {Severity::high, true, true, now - 180 * day}, 100, 0},
        {"closed today", {Severity::critical, false, true, now}, 0, 250},
        {"dismissed", {Severity::critical, false, false, now}, 0, 0},
        {"informative", {Severity::info, true, true, now}, 0, 0},
        {"from a clock ahead of ours", {Severity::medium, true, true, now + day}, 100, 0},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        const RiskDevice one[] = {device("s", {row.finding})};
        const auto ranked = rank_sites(one, now);
        CHECK(ranked.front().open_findings == row.open);
        CHECK(ranked.front().past_findings == row.past);
    }
}

TEST_CASE("W12: age, silence and missing records add up to their limits, and say so apart") {
    RiskDevice one = device("s");
    one.made_ms = now - 9 * 366 * day;
    one.silent_since_ms = now - 3 * day;
    one.missing_records = 7;
    RiskDevice two = device("s");
    two.silent_since_ms = now - 400 * day;
    two.missing_records = 100'000;
    const RiskDevice both[] = {one, two};
    const auto ranked = rank_sites(both, now);
    REQUIRE(ranked.size() == 1);
    CHECK(ranked.front().devices == 2);
    CHECK(ranked.front().age == 40);
    CHECK(ranked.front().silence == 3 * 50 + 14 * 50);
    CHECK(ranked.front().missing == 7 + 200);
    CHECK(ranked.front().total() == 40 + 850 + 207);
}

TEST_CASE("W12: the site with the most points comes first, equal ones by name") {
    const RiskDevice fleet[] = {device("b"), device("a"), device("z", {{Severity::high, true, true, now}})};
    const auto ranked = rank_sites(fleet, now);
    REQUIRE(ranked.size() == 3);
    CHECK(ranked[0].site == "z");
    CHECK(ranked[1].site == "a");
    CHECK(ranked[2].site == "b");
}
