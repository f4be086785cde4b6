#include "server/judging/judge_thread.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "server/domain/finding/verdict.hpp"
#include "server/ingest/rebuild.hpp"
#include "server/judging/rule_files.hpp"
#include "server/store/read_findings.hpp"
#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

namespace {

constexpr std::int64_t day = 86'400'000;
constexpr std::int64_t now = TestAgent::start_ms + 30 * day;

Declaration filing(const std::string& id, std::int64_t to_ms, const std::string& more = "") {
    Declaration out;
    out.event = paper::filed_event;
    out.actor = "Lin Wei";
    out.reason = "because the test says so";
    out.paper = paper::PaperFiling{
        "permit", id,
        fmt::format(R"({{"from":1000,"holder":"h-1","kind":"radiation_safety","no":"{}"{},"to":{}}})", id, more,
                    to_ms)};
    return out;
}

// A collector with a judge that runs when a test says so.
struct Court {
    Court() {
        const ingest::RegisterEntry entry{.id = agent.dev,
                                          .record_key = agent.key.public_key(),
                                          .modality = "CT",
                                          .org = "h-1",
                                          .tz = "Asia/Shanghai"};
        REQUIRE(collector.add({entry}).has_value());
        Declaration in_use;
        in_use.event = "baseline.declared";
        in_use.subject = "ct-1";
        in_use.actor = "Lin Wei";
        in_use.reason = "because the test says so";
        in_use.at_ms = TestAgent::start_ms - 400 * day;
        in_use.data = {{"state", std::string{"IN_USE"}}};
        REQUIRE(std::holds_alternative<ingest::Committed>(collector.declare(in_use)));
    }
    std::size_t judge_at(std::int64_t now_ms) { return judge.judge_due(now_ms); }
    bool submit(const std::string& device, std::vector<FactLeaf> facts) {
        for (const FactLeaf& fact : facts) told += fact.fact + " " + std::get<std::string>(fact.more.at("rule")) + "; ";
        std::promise<void> committed;
        if (!collector.collector->submit(
                ingest::VerdictRequest{device, std::move(facts), {}, [&] { committed.set_value(); }}))
            return false;
        committed.get_future().wait();
        return true;
    }
    std::optional<store::FindingRow> finding(const std::string& rule) {
        store::StoreReader reader{collector.database()};
        for (const store::FindingRow& row : store::judged_findings(reader, 1))
            if (row.rule == rule) return row;
        return std::nullopt;
    }
    std::size_t told_of(const std::string& what) const {
        std::size_t count = 0;
        for (std::size_t at = told.find(what); at != std::string::npos; at = told.find(what, at + 1)) ++count;
        return count;
    }

    TestCollector collector;
    TestAgent agent{"ct-1"};
    std::string told;
    judging::JudgeThread judge{
        {.database = collector.database()},
        judging::read_rules(GANTRY_SOURCE_DIR "/config/rules").pack,
        [this](const std::string& device, std::vector<FactLeaf> facts) { return submit(device, std::move(facts)); }};
};

}  // namespace

TEST_CASE("judge: a permit that runs out is found once, and its renewal withdraws it; the log accounts for all of it") {
    Court court;
    REQUIRE(std::holds_alternative<ingest::Committed>(court.collector.declare(filing("P-1", now + 40 * day))));
    CHECK(court.judge_at(now) == 1);
    CHECK_FALSE(court.finding("V05"));
    const auto coming = court.judge.due_board().entries({});
    REQUIRE(coming.size() == 2);
    CHECK(coming[0].due.kind == due::Kind::permit_renewal);
    CHECK(coming[0].due.at_ms == now + 10 * day);
    CHECK(court.judge.due_board()
              .entries({.device = "ct-1", .org = "h-1", .site = {}, .until_ms = now + 11 * day})
              .size() == 1);
    CHECK(court.judge.due_board().entries({.device = {}, .org = "h-2", .site = {}}).empty());

    // No leaf comes: the deadline itself is what is new.
    court.judge_at(now + 5 * day);
    CHECK_FALSE(court.finding("V05"));
    CHECK(court.judge_at(now + 11 * day) == 1);
    REQUIRE(court.finding("V05"));
    CHECK(court.finding("V05")->open);
    CHECK(court.finding("V05")->stage == "suspected");
    court.judge_at(now + 12 * day);
    court.judge_at(now + 12 * day + 20'000);
    CHECK(court.told_of("finding.found V05") == 1);

    const auto filed = fmt::format(R"(,"renewal_filed_at":{})", now + 9 * day);
    REQUIRE(std::holds_alternative<ingest::Committed>(court.collector.declare(filing("P-1", now + 40 * day, filed))));
    CHECK(court.judge_at(now + 12 * day + 21'000) == 1);  // a paper does not wait
    CHECK(court.finding("V05")->stage == "withdrawn");
    CHECK_FALSE(court.finding("V05")->open);

    const TempDir scratch;
    const auto report = ingest::rebuild(court.collector.database(), scratch.path());
    CAPTURE(report->difference.value_or(""));
    CHECK_FALSE(report->difference.has_value());
}

TEST_CASE("judge: what a lost verdict said is said again") {
    Court court;
    bool taken = false;
    judging::JudgeThread forgetful{{.database = court.collector.database()},
                                   judging::read_rules(GANTRY_SOURCE_DIR "/config/rules").pack,
                                   [&](const std::string& device, std::vector<FactLeaf> facts) {
                                       return taken && court.submit(device, std::move(facts));
                                   }};
    REQUIRE(std::holds_alternative<ingest::Committed>(court.collector.declare(filing("P-1", now + 20 * day))));
    forgetful.judge_due(now);
    CHECK_FALSE(court.finding("V05"));
    taken = true;
    forgetful.judge_due(now + 1);
    CHECK(court.finding("V05"));
}

TEST_CASE("judge: on its own thread it sees a paper within seconds, and stops at once") {
    Court court;
    judging::JudgeThread running{
        {.database = court.collector.database(), .now_ms = [] { return now; }, .look_every_ms = 10},
        judging::read_rules(GANTRY_SOURCE_DIR "/config/rules").pack,
        [&](const std::string& device, std::vector<FactLeaf> facts) { return court.submit(device, std::move(facts)); }};
    running.start();
    REQUIRE(std::holds_alternative<ingest::Committed>(court.collector.declare(filing("P-1", now + 20 * day))));
    for (int i = 0; i < 1000 && !court.finding("V05"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    running.stop();
    CHECK(court.finding("V05"));
    CHECK(running.judged() > 0);
}
