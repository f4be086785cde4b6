#include "server/judging/case_keeper.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "server/domain/rules/judge.hpp"
#include "server/judging/case_reader.hpp"
#include "server/judging/rule_files.hpp"
#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

namespace {

constexpr std::int64_t hour = 3'600'000;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t base = TestAgent::start_ms - TestAgent::start_ms % day;

// What a kept case and a freshly read one must have in common.
void check_same(const rules::DeviceCase& kept, const rules::DeviceCase& read) {
    CHECK(kept.registered_ms == read.registered_ms);
    CHECK(kept.org == read.org);
    CHECK(kept.states.size() == read.states.size());
    CHECK(kept.declared.size() == read.declared.size());
    CHECK(kept.climate.size() == read.climate.size());
    REQUIRE(kept.moments.size() == read.moments.size());
    for (std::size_t i = 0; i < kept.moments.size(); ++i) {
        CHECK(kept.moments[i].leaf == read.moments[i].leaf);
        CHECK(kept.moments[i].body == read.moments[i].body);
    }
    REQUIRE(kept.hours.size() == read.hours.size());
    for (std::size_t i = 0; i < kept.hours.size(); ++i) {
        CHECK(kept.hours[i].hour_ms == read.hours[i].hour_ms);
        CHECK(kept.hours[i].exams == read.hours[i].exams);
        CHECK(kept.hours[i].exposures == read.hours[i].exposures);
        CHECK(kept.hours[i].covered_minutes == read.hours[i].covered_minutes);
    }
    REQUIRE(kept.uses.size() == read.uses.size());
    for (std::size_t i = 0; i < kept.uses.size(); ++i) {
        CHECK(kept.uses[i].leaf == read.uses[i].leaf);
        CHECK(kept.uses[i].at_ms == read.uses[i].at_ms);
        CHECK(kept.uses[i].exam == read.uses[i].exam);
        CHECK(kept.uses[i].age_band == read.uses[i].age_band);
    }
}

struct Desk {
    Desk() {
        REQUIRE(collector.add(agent).has_value());
        Declaration in_use;
        in_use.event = "baseline.declared";
        in_use.subject = "ct-1";
        in_use.actor = "Lin Wei";
        in_use.reason = "because the test says so";
        in_use.at_ms = base - 400 * day;
        in_use.data = {{"state", std::string{"IN_USE"}}};
        REQUIRE(std::holds_alternative<ingest::Committed>(collector.declare(in_use)));
    }
    void counter(std::int64_t at_ms, const char* serial, int scan_ms) {
        agent.append("counter", fmt::format(R"({{"scan_ms":{},"tube_id":"A","tube_serial":"{}"}})", scan_ms, serial),
                     at_ms, Source::log);
    }
    void start(int exam, const char* age, std::int64_t at_ms) {
        agent.append("usage.exam.start",
                     fmt::format(R"({{"age_band":"{}","exam_h":"{}{}"}})", age, exam, std::string(31, 'a')), at_ms,
                     Source::mpps);
    }
    void shoot(int n, int exam, std::int64_t at_ms) {
        agent.append(
            "usage.exposure",
            fmt::format(R"({{"acq":"spiral","ctdivol_ugy":{},"event_h":"{:016x}{:016x}","exam_h":"{}{}",)"
                        R"("proto_group":"head","purpose":"patient"}})",
                        50'000 + n, 0xabc000000000000ULL + static_cast<unsigned>(n), 0, exam, std::string(31, 'a')),
            at_ms);
    }
    void deliver() {
        const auto all = agent.epoch().records.size();
        REQUIRE(collector.deliver(agent, sent + 1, all));
        sent = all;
    }
    void compare(std::int64_t now_ms) {
        const auto* kept = keeper.refresh(reader, "ct-1", {}, now_ms);
        REQUIRE(kept);
        keeper.fetch(reader, "ct-1", rules::judge(*kept, *pack).wanted);
        const auto read = judging::read_case(reader, "ct-1", {}, *pack, now_ms);
        REQUIRE(read);
        check_same(*kept, *read);
        CHECK(rules::judge(*kept, *pack).found == rules::judge(*read, *pack).found);
    }

    TestCollector collector;
    TestAgent agent{"ct-1"};
    std::uint64_t sent = 0;
    std::shared_ptr<const rules::RulePack> pack = judging::read_rules(GANTRY_SOURCE_DIR "/config/rules").pack;
    store::StoreReader reader{collector.database()};
    judging::CaseKeeper keeper{64 * 1024 * 1024};
};

}  // namespace

TEST_CASE("case keeper: what it keeps is what would be read, whatever comes in whatever order") {
    Desk desk;
    int shot = 0;
    for (int round = 0; round < 12; ++round) {
        const std::int64_t at = base + round * 9 * hour;
        desk.start(round % 10, round % 2 == 0 ? "18-64" : "5-9", at);
        for (int i = 0; i < 6; ++i) desk.shoot(shot++, round % 10, at + i * 20 * 60'000);
        desk.counter(at + hour, "T1", 1'000 * (round + 1));
        desk.counter(at + 2 * hour, "T1", 1'000 * (round + 1) + 500);
        desk.agent.append("power.on", "{}", at, Source::log);
        desk.agent.append("env", R"({"oil_mc":40000})", at + hour, Source::sensor);
        desk.agent.append("coverage", fmt::format(R"({{"hour":{},"map":"fffffffffffffff"}})", at), std::nullopt,
                          Source::agent);
        if (round == 5) desk.shoot(3, 0, base + 60 * 60'000);      // told again
        if (round == 6) desk.shoot(1'000, 0, base + 10 * 60'000);  // told late
        if (round == 7) desk.counter(at + 3 * hour, "T2", 100);    // another tube
        if (round == 8) desk.counter(at + 4 * hour, "T2", 50);     // and it fell
        desk.deliver();
        desk.compare(base + (round + 1) * 9 * hour);
    }
    CHECK(desk.keeper.read_whole() == 1);
    desk.counter(base, "T2", 60);  // about an earlier time: what is kept of counters depends on the order
    desk.deliver();
    desk.compare(base + 110 * hour);
    CHECK(desk.keeper.read_whole() == 2);
    desk.compare(base + 400 * day);  // long after, all has left the window
}

TEST_CASE("case keeper: beyond its bytes it forgets, and reads again") {
    Desk desk;
    TestAgent other{"ct-2", 2};
    REQUIRE(desk.collector.add(other).has_value());
    judging::CaseKeeper small{1};
    for (int i = 0; i < 3; ++i)
        for (const char* device : {"ct-1", "ct-2"}) REQUIRE(small.refresh(desk.reader, device, {}, base));
    CHECK(small.read_whole() == 6);
    CHECK(small.refresh(desk.reader, "ct-9", {}, base) == nullptr);
}
