#include <doctest/doctest.h>

#include "server/ingest/rebuild.hpp"
#include "server/store/read_papers.hpp"
#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

namespace {

Declaration filing(const std::string& kind, const std::string& id, const std::string& body,
                   const std::string& device = {}) {
    Declaration out;
    out.event = body.empty() ? paper::withdrawn_event : paper::filed_event;
    out.subject = device;
    out.actor = "Lin Wei";
    out.role = Role::hm;
    out.reason = "because the test says so";
    out.paper = paper::PaperFiling{kind, id, body};
    return out;
}

std::uint64_t index_of(const ingest::CommandResult& result) {
    const auto* committed = std::get_if<ingest::Committed>(&result);
    REQUIRE(committed);
    return committed->log_index;
}

std::string ids(const std::vector<store::PaperRow>& rows) {
    std::string out;
    for (const store::PaperRow& row : rows) out += row.kind + " " + row.id + ";";
    return out;
}

}  // namespace

TEST_CASE("papers: filed, superseded, withdrawn and found by whom they concern; the log accounts for all of it") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    const ingest::RegisterEntry entry{
        .id = agent.dev, .record_key = agent.key.public_key(), .modality = "CT", .org = "h-1", .site = "east"};
    REQUIRE(collector.add({entry}).has_value());
    const auto first = index_of(
        collector.declare(filing("permit", "P-1", R"({"from":1,"holder":"h-1","kind":"radiation_safety","no":"7"})")));
    index_of(
        collector.declare(filing("permit", "P-2", R"({"from":1,"holder":"h-2","kind":"radiation_safety","no":"8"})")));
    index_of(collector.declare(
        filing("opening_hours", "O-1", R"({"from":1,"from_minute":1,"site":"east","to_minute":2,"weekdays":1})")));
    index_of(collector.declare(
        filing("recall", "R-1", R"({"action":"correct","model":"X","notice_at":1,"recall_class":2})")));
    index_of(collector.declare(
        filing("test", "T-1", R"({"at":1,"body":"lab","device":"ct-1","kind":"status","passed":true})", "ct-1")));
    index_of(collector.declare(filing("certificate", "C-1", R"({"from":1,"kind":"accreditation","subject":"lab"})")));
    index_of(
        collector.declare(filing("certificate", "C-2", R"({"from":1,"kind":"accreditation","subject":"other-lab"})")));

    store::StoreReader reader{collector.database()};
    CHECK(ids(store::papers_of_device(reader, "ct-1", "h-1", "east")) ==
          "test T-1;recall R-1;permit P-1;opening_hours O-1;certificate C-1;");
    CHECK(ids(store::papers_of_device(reader, "ct-2", "", "")) == "recall R-1;");
    // The test stands in its device's own history; what names no single device does not.
    CHECK(reader.history(reader.device("ct-1")->row.dev_no, std::nullopt, "", 10).leaves.size() == 2);

    const auto second = index_of(
        collector.declare(filing("permit", "P-1", R"({"from":2,"holder":"h-2","kind":"radiation_safety","no":"7"})")));
    CHECK(ids(store::papers_of_device(reader, "ct-1", "h-1", "")) == "test T-1;recall R-1;certificate C-1;");
    const auto versions = store::paper_versions(reader, "permit", "P-1", 10);
    REQUIRE(versions.size() == 2);
    CHECK(versions[0].leaf == second);
    CHECK(versions[1].leaf == first);
    CHECK(versions[1].actor == "Lin Wei");

    index_of(collector.declare(filing("recall", "R-1", "")));
    CHECK(ids(store::papers_of_device(reader, "ct-2", "", "")).empty());
    CHECK(store::paper_versions(reader, "recall", "R-1", 10).front().body.empty());
    CHECK(ids(store::papers_page(reader, "", "", "", 3)) == "certificate C-1;certificate C-2;opening_hours O-1;");
    CHECK(ids(store::papers_page(reader, "", "opening_hours", "O-1", 9)) == "permit P-1;permit P-2;test T-1;");

    const TempDir scratch;
    const auto report = ingest::rebuild(collector.database(), scratch.path());
    CAPTURE(report->difference.value_or(""));
    CHECK_FALSE(report->difference.has_value());
}

TEST_CASE("papers: what cannot be is refused and leaves nothing in the log") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    store::StoreReader reader{collector.database()};
    const auto size = reader.log_state()->size;
    const auto code = [&](const Declaration& declared) {
        const auto result = collector.declare(declared);
        const auto* error = std::get_if<Error>(&result);
        return error ? error->code : Errc::io;
    };
    CHECK(code(filing("permit", "P-9", "")) == Errc::not_found);
    CHECK(code(filing("test", "T-1", R"({"device":"ct-9"})", "ct-9")) == Errc::not_found);
    CHECK(code(filing("contract", "K-1", R"({"devices":["ct-1","ct-9"]})")) == Errc::not_found);
    CHECK(code(filing("document", "D-1", "[]")) == Errc::malformed);
    CHECK(code(filing("document", "D-1", R"({"title":")" + std::string(65'500, 'x') + R"("})")) == Errc::too_large);
    CHECK(reader.log_state()->size == size);
}
