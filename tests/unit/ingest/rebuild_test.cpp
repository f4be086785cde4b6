#include <doctest/doctest.h>

#include <random>

#include "common/io/sqlite.hpp"
#include "server/ingest/rebuild.hpp"
#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

namespace {

std::optional<std::string> difference_of(const TestCollector& collector) {
    const TempDir scratch;
    return ingest::rebuild(collector.database(), scratch.path()).value().difference;
}

// Random life of some devices: late and doubled exposures, faults, services, coverage, restarts, forks, lost ranges,
// poisoned records.
class Traffic {
public:
    Traffic(TestCollector& collector, unsigned seed) : collector_{collector}, random_{seed} {
        for (const char* id : {"ct-1", "ct-2", "ct-3", "unassigned-site-1"})
            agents_.emplace_back(id, static_cast<std::uint8_t>(agents_.size() + 1));
        for (const TestAgent& agent : agents_) REQUIRE(collector_.add(agent).has_value());
        for (const char* id : {"ct-1", "ct-2"})
            declare(id, "baseline.declared", TestAgent::start_ms - 4'000'000'000, Role::hm,
                    {{"state", std::string{"IN_USE"}}});
    }

    void step() {
        TestAgent& agent = agents_[below(agents_.size())];
        const std::uint64_t from = agent.epoch().records.size();
        if (below(4) == 0) return declare_some(agent.dev.text());
        switch (below(12)) {
            case 0:
                agent.open("start");
                break;
            case 1:
                return fork(agent);
            case 2:
                return lose(agent);
            case 3:
                return poison(agent);
            default:
                write_some(agent);
                break;
        }
        if (agent.epoch().records.size() < from) return send(agent, 1);
        send(agent, below(4) == 0 && from > 2 ? from - 1 : from + 1);
        if (below(5) == 0) send(agent, 1);  // all of it again
    }
    void finish() {
        for (TestAgent& agent : agents_) {
            collector_.offer(agent, agent.hello("end"));
            REQUIRE(collector_.transport
                        ->wait_for<StateReply>(agent.dev, [](const StateReply& state) { return state.nonce == "end"; })
                        .has_value());
        }
    }

private:
    std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random_); }
    std::int64_t some_time() { return TestAgent::start_ms - static_cast<std::int64_t>(below(4'000'000'000)); }

    void declare(const std::string& device, const std::string& event, std::int64_t at_ms, Role role, DataMap data) {
        Declaration declared;
        declared.event = event;
        declared.subject = device;
        declared.actor = "test";
        declared.role = role;
        declared.reason = "because the test says so";
        declared.evidence = {std::string(64, 'a')};
        declared.at_ms = at_ms;
        declared.data = std::move(data);
        const auto result = collector_.declare(std::move(declared));
        if (const auto* committed = std::get_if<ingest::Committed>(&result)) leaves_.push_back(committed->log_index);
    }
    // Told late as a rule, and some of it corrected.
    void declare_some(const std::string& device) {
        const DataMap data{{"severity", std::string{below(2) ? "hard" : "partial"}},
                           {"reason_code", std::string{"works"}},
                           {"work_order", std::string{"W-1"}},
                           {"order_no", std::string{"O-1"}},
                           {"function_check", true},
                           {"isolated", true},
                           {"part", std::string{"tube"}},
                           {"new_serial", std::string{"T-2"}},
                           {"major", below(2) == 0},
                           {"checklist_complete", true},
                           {"action", std::string{below(2) ? "withdraw" : "retime"}},
                           {"event_id", static_cast<std::int64_t>(leaves_[below(leaves_.size())])}};
        struct Said {
            const char* event;
            Role role;
        };
        constexpr Said said[] = {
            {"pm.started", Role::svc},       {"pm.completed", Role::svc},  {"fault.reported", Role::rad},
            {"repair.completed", Role::svc}, {"part.replaced", Role::svc}, {"suspend", Role::hm},
            {"idle.declared", Role::hm},     {"seal.order", Role::reg_e},  {"correction", Role::hm},
            {"correction", Role::svc},       {"correction", Role::reg_e},  {"lost.reported", Role::hm}};
        const Said& one = said[below(std::size(said))];
        declare(device, one.event, some_time(), one.role, data);
    }

    void write_one(TestAgent& agent) {
        const std::int64_t at =
            below(3) == 0 ? some_time() : TestAgent::start_ms + static_cast<std::int64_t>(below(7'200'000));
        switch (below(7)) {
            case 0:
                agent.append("fault.raised", R"({"code":"E17","severity":"partial","subsystem":"tube"})", at,
                             Source::log);
                break;
            case 1:
                agent.append("fault.cleared", R"({"code":"E17"})", at, Source::log);
                break;
            case 2:
                agent.append("service.session", R"({"phase":"start","access":"local"})", at, Source::log);
                break;
            case 3:
                agent.append("power.off", "{}", at, Source::log);
                break;
            case 4:
                agent.append("coverage",
                             R"({"hour":)" + std::to_string(at - at % 3'600'000) + R"(,"map":"0ff000000000000"})", at,
                             Source::agent);
                break;
            default:
                agent.expose(below(60), at);
                break;
        }
    }
    void write_some(TestAgent& agent) {
        for (std::size_t i = below(12) + 1; i > 0; --i) write_one(agent);
    }
    void send(TestAgent& agent, std::uint64_t first) {
        const std::uint64_t last = std::min<std::uint64_t>(agent.epoch().records.size(), first + 255);
        if (first <= last) collector_.offer(agent, agent.frame(first, last));
    }
    // A copy goes on beside: same epoch, or an epoch of its own after the same end.
    void fork(TestAgent& agent) {
        TestAgent other = agent;
        if (below(2) == 0) {
            other.branch_off('b');
            other.open("start");
        }
        write_some(other);
        send(other, 1);
        write_some(agent);
        send(agent, 1);
        agent.open("rollback");
        send(agent, 1);
    }
    void lose(TestAgent& agent) {
        const std::uint64_t from = agent.epoch().records.size() + 1;
        write_some(agent);
        const std::uint64_t to = agent.epoch().records.size();
        collector_.offer(agent, agent.lost(agent.epoch(), from, to));
        write_some(agent);
        send(agent, to + 1);
    }
    void poison(TestAgent& agent) {
        const std::uint64_t first = agent.epoch().records.size() + 1;
        agent.append("power.on", R"({"surprise":1})");
        write_one(agent);
        send(agent, first);
        collector_.offer(agent, agent.frame(first, first + 1, first));
    }

    TestCollector& collector_;
    std::mt19937 random_;
    std::vector<TestAgent> agents_;
    std::vector<std::uint64_t> leaves_;  // of declarations
};

}  // namespace

TEST_CASE("rebuild: folding the stored log again gives the same tables, byte for byte") {
    std::uint64_t steps = 0, contradictions = 0, withdrawn = 0;
    for (const unsigned seed : {1U, 2U, 3U}) {
        CAPTURE(seed);
        TestCollector collector;
        Traffic traffic{collector, seed};
        for (int i = 0; i < 150; ++i) {
            traffic.step();
            if (i == 70) collector.restart();
        }
        traffic.finish();
        // The traffic must have met what is hard, or the test shows nothing.
        CHECK(rows_in(collector.database(), "finding WHERE rule = 'identity_conflict'") > 0);
        CHECK(rows_in(collector.database(), "finding WHERE rule = 'records_lost'") > 0);
        CHECK(rows_in(collector.database(), "finding WHERE rule = 'poisoned'") > 0);
        CHECK(rows_in(collector.database(), "hour") > 50);
        CHECK(rows_in(collector.database(), "unassigned") > 0);
        CHECK(rows_in(collector.database(), "tile_hash") > 0);
        steps += rows_in(collector.database(), "interval WHERE lane = 0");
        contradictions += rows_in(collector.database(), "finding WHERE rule = 'V13' OR rule = 'V12'");
        withdrawn += rows_in(collector.database(), "finding WHERE stage = 'withdrawn'");
        CHECK_FALSE(difference_of(collector).has_value());  // beside the running collector
        collector.collector->stop();
        const auto difference = difference_of(collector);
        CAPTURE(difference.value_or(""));
        CHECK_FALSE(difference.has_value());
    }
    CHECK(steps > 12);
    CHECK(contradictions > 3);
    CHECK(withdrawn > 0);
}

TEST_CASE("rebuild: a change by hand in any folded table or leaf is found and named") {
    TestCollector collector;
    Traffic traffic{collector, 7};
    for (int i = 0; i < 60; ++i) traffic.step();
    traffic.finish();
    collector.collector->stop();
    REQUIRE_FALSE(difference_of(collector).has_value());
    struct Attack {
        const char* sql;
        const char* undo;
        const char* names;
    };
    for (const Attack& attack : {
             Attack{"UPDATE hour SET exposures = exposures + 1 WHERE dev_no = 1",
                    "UPDATE hour SET exposures = exposures - 1 WHERE dev_no = 1", "hour.exposures"},
             Attack{"UPDATE device_fold SET fold = replace(fold, '\"records\":', '\"records\": ')",
                    "UPDATE device_fold SET fold = replace(fold, '\"records\": ', '\"records\":')", "device_fold.fold"},
             Attack{"UPDATE epoch SET high = high + 1 WHERE epoch_no = 1",
                    "UPDATE epoch SET high = high - 1 WHERE epoch_no = 1", "epoch.high"},
             Attack{"UPDATE log_state SET last_recv_ms = last_recv_ms + 1",
                    "UPDATE log_state SET last_recv_ms = last_recv_ms - 1", "log_state.last_recv_ms"},
             Attack{"DROP TRIGGER leaf_keeps_bytes; UPDATE leaf SET recv_ms = recv_ms + 1 WHERE idx = 9",
                    "UPDATE leaf SET recv_ms = recv_ms - 1 WHERE idx = 9", ""},
             Attack{"UPDATE leaf SET seq = seq + 1 WHERE idx = (SELECT max(idx) FROM leaf WHERE type = 1)",
                    "UPDATE leaf SET seq = seq - 1 WHERE idx = (SELECT max(idx) FROM leaf WHERE type = 1)", ""},
         }) {
        CAPTURE(attack.sql);
        sql::Database shell{collector.database(), 0x2};
        shell.exec(attack.sql);
        const auto difference = difference_of(collector);
        REQUIRE(difference.has_value());
        CAPTURE(*difference);
        CHECK(difference->find(attack.names) != std::string::npos);
        shell.exec(attack.undo);
        CHECK_FALSE(difference_of(collector).has_value());
    }
}
