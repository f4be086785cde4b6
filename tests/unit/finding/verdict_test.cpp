#include "server/domain/finding/verdict.hpp"

#include <doctest/doctest.h>

using namespace gantry;
using namespace gantry::finding;

namespace {

constexpr std::int64_t day = 86'400'000;

rules::Found found(std::string rule, std::string key, std::uint64_t count = 4) {
    rules::Found out;
    out.rule = std::move(rule);
    out.key = std::move(key);
    out.severity = Severity::high;
    out.from_ms = 10 * day;
    out.to_ms = 12 * day;
    out.count = count;
    return out;
}

Known known(std::string rule, std::string key) {
    return {std::move(rule), std::move(key), Severity::high, true, 10 * day, 12 * day, 4, false};
}

std::string text(const std::vector<FactLeaf>& facts) {
    std::string out;
    for (const FactLeaf& fact : facts)
        out += (fact.fact == found_fact ? "+" : "-") + std::get<std::string>(fact.more.at("rule")) +
               std::get<std::string>(fact.more.at("key")) + " ";
    return out;
}

std::string run(std::vector<Known> before, std::vector<rules::Found> now,
                std::map<std::string, std::int64_t> from = {}) {
    rules::Judged judged;
    judged.found = std::move(now);
    judged.judged_from_ms = std::move(from);
    return text(verdicts("ct-1", before, judged, rules::RulePack{}));
}

}  // namespace

TEST_CASE("verdict: only differences are told") {
    CHECK(run({}, {}).empty());
    CHECK(run({}, {found("V01", "a"), found("V02", "a")}) == "+V01a +V02a ");
    CHECK(run({known("V01", "a"), known("V02", "a")}, {found("V01", "a"), found("V02", "a")}).empty());
    CHECK(run({known("V01", "a"), known("V01", "c"), known("V09", "a")}, {found("V01", "b"), found("V01", "c")}) ==
          "-V01a +V01b -V09a ");
}

TEST_CASE("verdict: what lasts is told again when it has grown, not each time") {
    struct Row {
        const char* what;
        void (*change)(rules::Found&);
        bool told;
    };
    for (const Row& row : {Row{"one record more", [](rules::Found& f) { f.count = 5; }, false},
                           Row{"one less than twice", [](rules::Found& f) { f.count = 7; }, false},
                           Row{"twice the records", [](rules::Found& f) { f.count = 8; }, true},
                           Row{"six days more", [](rules::Found& f) { f.to_ms += 7 * day - 1; }, false},
                           Row{"a week more", [](rules::Found& f) { f.to_ms += 7 * day; }, true},
                           Row{"it has no end", [](rules::Found& f) { f.to_ms = paper::forever_ms; }, false},
                           Row{"it began earlier", [](rules::Found& f) { f.from_ms -= 1; }, true},
                           Row{"graver", [](rules::Found& f) { f.severity = Severity::critical; }, true},
                           Row{"certain now", [](rules::Found& f) { f.suspected = false; }, true},
                           Row{"other words", [](rules::Found& f) { f.measured = "9 d"; }, false}}) {
        CAPTURE(row.what);
        rules::Found now = found("V01", "a");
        row.change(now);
        CHECK(run({known("V01", "a")}, {now}) == (row.told ? "+V01a " : ""));
    }
}

TEST_CASE("verdict: withdrawn is told once, and what a rule no longer looks at stays") {
    Known gone = known("V01", "a");
    gone.withdrawn = true;
    CHECK(run({gone}, {}).empty());
    CHECK(run({gone}, {found("V01", "a")}) == "+V01a ");
    CHECK(run({known("V37", "a")}, {}, {{"V37", 11 * day}}).empty());
    CHECK(run({known("V37", "a")}, {}, {{"V37", 10 * day}}) == "-V37a ");
}

TEST_CASE("verdict: a fact holds all of a finding, and comes back") {
    rules::Found whole = found("V21", "status");
    whole.leaves = {3, 9, 27};
    whole.measured = "412 d";
    whole.limit = "365 d";
    whole.suspected = false;
    for (const std::int64_t to_ms : {whole.to_ms, paper::forever_ms}) {
        whole.to_ms = to_ms;
        const FactLeaf fact = fact_of("ct-1", {whole, 2});
        const auto again = found_of(parse_fact_leaf(fact_leaf_json(fact)).value());
        REQUIRE(again.has_value());
        CHECK(again->found == whole);
        CHECK(again->rule_version == 2);
    }
    CHECK_FALSE(found_of({"finding.found", "ct-1", {}}).has_value());
    CHECK(leaves_from("").empty());
    CHECK(leaves_from("12,x") == std::vector<std::uint64_t>{12});
}
