#include <doctest/doctest.h>

#include "server/domain/finding/finding_life.hpp"
#include "server/domain/finding/verdict.hpp"
#include "server/ingest/rebuild.hpp"
#include "server/store/read_findings.hpp"
#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

namespace {

FactLeaf fact(const std::string& key, std::uint64_t count) {
    finding::FoundFact what;
    what.rule_version = 3;
    what.found.rule = "V21";
    what.found.key = key;
    what.found.severity = Severity::high;
    what.found.from_ms = 1'000;
    what.found.to_ms = 2'000;
    what.found.count = count;
    what.found.leaves = {4, 5};
    what.found.measured = "412 d";
    what.found.limit = "365 d";
    return finding::fact_of("ct-1", what);
}

void tell(TestCollector& collector, FactLeaf what) {
    std::promise<void> committed;
    REQUIRE(collector.collector->submit(
        ingest::VerdictRequest{"ct-1", {std::move(what)}, {}, [&] { committed.set_value(); }}));
    committed.get_future().wait();
}

ingest::CommandResult step(TestCollector& collector, const std::string& event, Role role, DataMap data) {
    Declaration declared;
    declared.event = event;
    declared.subject = "ct-1";
    declared.actor = "Lin Wei";
    declared.role = role;
    declared.reason = "because the test says so";
    declared.data = std::move(data);
    return collector.declare(declared);
}

Errc code(const ingest::CommandResult& result) {
    const auto* error = std::get_if<Error>(&result);
    return error ? error->code : Errc::io;
}

}  // namespace

TEST_CASE(
    "findings: what the rules say enters the log, people answer it, evidence withdraws it, and a rebuild agrees") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    const DataMap which{{"rule", std::string{"V21"}}, {"key", std::string{"status"}}};
    CHECK(code(step(collector, "finding.answered", Role::hm, which)) == Errc::not_found);
    tell(collector, fact("status", 1));

    store::StoreReader reader{collector.database()};
    const auto row = [&] { return store::finding(reader, 1, "V21", "status").value(); };
    CHECK(row().open);
    CHECK(row().stage == "suspected");
    CHECK(row().rule_version == 3);
    CHECK(row().measured == "412 d");
    CHECK(row().leaves == "4,5");
    CHECK(row().first_leaf == 4);
    CHECK(store::open_findings(reader)[3] == 1);

    CHECK(code(step(collector, "finding.confirmed", Role::hm, which)) == Errc::conflict);  // the authority's to say
    CHECK(code(step(collector, "finding.closed", Role::reg_h, which)) == Errc::conflict);  // nobody answered yet
    CHECK(code(step(collector, "finding.answered", Role::hm, {})) == Errc::schema);
    CHECK(code(step(collector, "finding.assigned", Role::hm, which)) == Errc::schema);
    DataMap to_whom = which;
    to_whom["to"] = std::string{"Chen Bo"};
    CHECK(std::holds_alternative<ingest::Committed>(step(collector, "finding.assigned", Role::hm, to_whom)));
    CHECK(std::holds_alternative<ingest::Committed>(step(collector, "finding.answered", Role::hm, which)));
    CHECK(row().stage == "answered");
    CHECK(row().owner == "Chen Bo");

    tell(collector, fact("status", 8));  // it lasts: what people said stays said
    CHECK(row().count == 8);
    CHECK(row().stage == "answered");
    CHECK(std::holds_alternative<ingest::Committed>(step(collector, "finding.dismissed", Role::reg_h, which)));
    CHECK_FALSE(row().open);
    tell(collector, fact("status", 16));
    CHECK_FALSE(row().open);

    tell(collector, fact("other", 1));
    tell(collector,
         {std::string{finding::withdrawn_fact},
          "ct-1",
          {{"rule", std::string{"V21"}}, {"key", std::string{"other"}}, {"why", std::string{"a test came in"}}}});
    CHECK(store::finding(reader, 1, "V21", "other")->stage == "withdrawn");
    tell(collector, fact("other", 1));  // the evidence turned again
    CHECK(store::finding(reader, 1, "V21", "other")->stage == "suspected");
    const auto steps = store::finding_steps(reader, 1, "V21", "status");
    REQUIRE(steps.size() == 3);
    CHECK(steps[0].action == "assigned");
    CHECK(steps[2].role == "REG-H");

    const TempDir scratch;
    const auto report = ingest::rebuild(collector.database(), scratch.path());
    CAPTURE(report->difference.value_or(""));
    CHECK_FALSE(report->difference.has_value());
}
