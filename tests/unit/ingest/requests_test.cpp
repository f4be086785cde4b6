#include <doctest/doctest.h>

#include "server/ingest/admin_commands.hpp"
#include "server/ingest/rebuild.hpp"
#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

namespace {

Declaration declaration(const std::string& device, const std::string& event) {
    Declaration out;
    out.event = event;
    out.subject = device;
    out.actor = "test";
    out.role = Role::hm;
    out.reason = "because the test says so";
    out.evidence = {std::string(64, 'a')};  // a document, as most guards want one
    return out;
}

const ingest::Committed* committed(const ingest::CommandResult& result) {
    return std::get_if<ingest::Committed>(&result);
}

}  // namespace

TEST_CASE(
    "requests: a declaration that the table allows moves the device and is in the log; another is refused and is not") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    const auto planned = collector.declare(declaration("ct-1", "plan.approved"));
    REQUIRE(committed(planned));
    CHECK(committed(planned)->state == State::planned);
    store::StoreReader reader{collector.database()};
    const auto leaf = reader.leaf(committed(planned)->log_index);
    REQUIRE(leaf.has_value());
    CHECK(leaf->row.type == LeafType::declaration);
    CHECK(parse_declaration_leaf(as_text(leaf->bytes))->declared.event == "plan.approved");
    CHECK(parse_device_fold(reader.device("ct-1")->fold)->life.state == State::planned);

    const auto size = reader.log_state()->size;
    const auto refused = collector.declare(declaration("ct-1", "commissioned"));
    CHECK(std::holds_alternative<Refused>(refused));
    const auto unknown = collector.declare(declaration("ct-9", "plan.approved"));
    REQUIRE(std::holds_alternative<Error>(unknown));
    CHECK(std::get<Error>(unknown).code == Errc::not_found);
    CHECK(reader.log_state()->size == size);
}

TEST_CASE("requests: a record that nobody claimed is assigned once, and counts for its device") {
    TestCollector collector;
    TestAgent stray{"unassigned-site-1", 2};
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    REQUIRE(collector.add(stray).has_value());
    stray.expose(1, TestAgent::start_ms);
    const auto ack = collector.deliver(stray, 1, 2);
    REQUIRE(ack.has_value());
    store::StoreReader reader{collector.database()};
    CHECK(reader.unassigned(0, 10).size() == 1);  // not what the stray agent says of itself

    Declaration order = declaration("ct-1", std::string{unassigned_assigned});
    order.data = {{"device", std::string{"ct-1"}}, {"log_index", static_cast<std::int64_t>(ack->leaf)}};
    REQUIRE(committed(collector.declare(order)));
    CHECK(parse_device_fold(reader.device("ct-1")->fold)->exposures == 1);
    CHECK(reader.unassigned(0, 10).empty());
    CHECK(reader.unassigned_row(ack->leaf)->assigned_to == reader.device("ct-1")->row.dev_no);

    const auto again = collector.declare(order);
    REQUIRE(std::holds_alternative<Error>(again));
    CHECK(std::get<Error>(again).code == Errc::conflict);
    order.data["log_index"] = std::int64_t{0};
    CHECK(std::get<Error>(collector.declare(order)).code == Errc::not_found);

    const TempDir scratch;
    const auto report = ingest::rebuild(collector.database(), scratch.path());
    CAPTURE(report->difference.value_or(""));
    CHECK_FALSE(report->difference.has_value());
}

TEST_CASE("requests: registering again changes what changed, and never a key") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    ingest::RegisterEntry entry{.id = agent.dev, .record_key = agent.key.public_key(), .modality = "CT"};
    CHECK(collector.add({entry})->added == 1);
    CHECK(collector.add({entry})->unchanged == 1);
    entry.site = "site-2";
    CHECK(collector.add({entry})->changed == 1);
    (*entry.record_key)[0] ^= 1;
    CHECK(collector.add({entry}).error().code == Errc::conflict);
    CHECK(rows_in(collector.database(), "device") == 1);
    CHECK(rows_in(collector.database(), "leaf WHERE dev_no = 1") == 2);
    collector.restart();
    (*entry.record_key)[0] ^= 1;
    CHECK(collector.add({entry})->unchanged == 1);
    ingest::RegisterEntry without = entry;
    without.record_key.reset();
    CHECK(collector.add({without})->unchanged == 1);      // what is not told stays
    REQUIRE(collector.deliver(agent, 1, 1).has_value());  // the key is known again
}

TEST_CASE("requests: a device without a key is in the register, and its records wait for the key") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    CHECK(collector.add({ingest::RegisterEntry{.id = agent.dev, .record_key = {}, .modality = "CT"}})->added == 1);
    const auto frame = agent.frame(1, 1);
    collector.offer(agent, frame);
    const auto refusal = collector.transport->wait_for<Refusal>(agent.dev, [](const Refusal&) { return true; });
    REQUIRE(refusal.has_value());
    CHECK(refusal->code == "unknown_key");
    CHECK(rows_in(collector.database(), "leaf WHERE dev_no = 1") == 1);
    collector.restart();  // the register says the same after a start
    CHECK(collector.add(agent)->changed == 1);
    REQUIRE(collector.deliver(agent, 1, 1).has_value());
    collector.collector->stop();
    std::filesystem::create_directory(collector.dir / "scratch");
    const auto report = ingest::rebuild(collector.database(), collector.dir / "scratch");
    REQUIRE(report.has_value());
    CHECK_FALSE(report->difference.has_value());
}

TEST_CASE("requests: rows of a table enter as a whole or not at all") {
    TestCollector collector;
    const auto id = DeviceId::parse("ct-1").value();
    ingest::ImportRow row{
        .entry = ingest::RegisterEntry{.id = id, .record_key = {}, .modality = "CT"}, .sheet = {}, .baseline = {}};
    row.sheet.emplace();
    row.sheet->event = paper::filed_event;
    row.sheet->subject = "ct-1";
    row.sheet->actor = "Lin Wei";
    row.sheet->reason = "imported from the register";
    row.sheet->paper = paper::PaperFiling{"device_sheet", "ct-1", R"({"modality":"CT"})"};
    row.baseline.emplace();
    row.baseline->event = "baseline.declared";
    row.baseline->subject = "ct-1";
    row.baseline->actor = "Lin Wei";
    row.baseline->reason = "imported from the register";
    row.baseline->data = {{"state", std::string{"IN_USE"}}};
    ingest::ImportRow refused = row;
    refused.entry->id = DeviceId::parse("ct-2").value();
    refused.sheet.reset();
    refused.baseline->subject = "ct-2";
    refused.baseline->data = {{"state", std::string{"NOWHERE"}}};
    const auto done = collector.import({row, refused});
    REQUIRE(done.has_value());
    CHECK((*done)[0].error == "");
    CHECK((*done)[0].state == State::in_use);
    CHECK((*done)[1].error != "");
    CHECK(rows_in(collector.database(), "device") == 1);
    CHECK(rows_in(collector.database(), "paper") == 1);
    CHECK(rows_in(collector.database(), "leaf WHERE dev_no = 1") == 3);
    const auto again = collector.import({row});
    CHECK((*again)[0].error != "");  // a life begins once
}

TEST_CASE("requests: the admin socket's lines say what is wrong") {
    TestCollector collector;
    const std::string key(64, '0');
    struct Row {
        std::string line, want;
    };
    for (
        const Row& row : {
            Row{"nonsense", R"("code":"malformed")"},
            Row{R"({"cmd":"fly"})", "want register, declare, assign, import, document, paper or status"},
            Row{R"({"cmd":"register"})", "devices: want a list"},
            Row{R"({"cmd":"register","devices":[{}]})", "devices[0]: "},
            Row{R"({"cmd":"register","devices":[{"id":"ct-1"}]})", R"("ok":true,"added":1)"},
            Row{R"({"cmd":"register","devices":[{"id":"ct-1","record_key":")" + key + R"("}]})",
                R"("ok":true,"added":0,"changed":1)"},
            Row{R"({"cmd":"declare","device":"ct-1","event":"plan.approved","reason":"short","actor":"me"})",
                "want at least 10"},
            Row{R"({"cmd":"declare","device":"ct-1","event":"plan.approved","reason":"the board agreed","actor":"me","role":"KING"})",
                "role: got KING"},
            Row{R"({"cmd":"declare","device":"ct-1","event":"plan.approved","reason":"the board agreed","actor":"me"})",
                R"("guard":"need_statement")"},
            Row{R"({"cmd":"declare","device":"ct-1","event":"plan.approved","reason":"the board agreed","actor":"me","evidence":[")" +
                    key + R"("]})",
                R"("state":"PLANNED")"},
            Row{R"({"cmd":"declare","device":"ct-1","event":"commissioned","reason":"the board agreed","actor":"me"})",
                R"("code":"guard")"},
            Row{R"({"cmd":"status"})", R"("log_size":)"},
        }) {
        CAPTURE(row.line);
        const std::string answer = ingest::answer_admin(*collector.collector, row.line);
        CAPTURE(answer);
        CHECK(answer.find(row.want) != std::string::npos);
    }
}
