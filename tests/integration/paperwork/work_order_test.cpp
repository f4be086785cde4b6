// A work order from the alarm to its closure, as a hospital lives it: the scanner tells a fault, a person opens an
// order, parts and time and sign-off are filed under the same id, and what the rules make of it follows.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "tests/support/desk.hpp"
#include "tests/support/line_client.hpp"
#include "tests/support/wait.hpp"

using namespace gantry::testing;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;

constexpr std::int64_t minute = 60'000, hour = 60 * minute, day = 24 * hour;

class Ward : public Desk {
public:
    Ward() {
        if (gantry({"register", "device", "ct-1", "--modality", "CT", "--tz", "UTC", "--org", "h-1"}).exit != Exit{})
            throw std::runtime_error{"not registered"};
    }

    json::object file(const std::string& kind, const std::string& id, json::object body) const {
        return post("/api/v1/papers", {{"kind", kind},
                                       {"id", id},
                                       {"body", std::move(body)},
                                       {"reason", "as the day went"},
                                       {"actor", "Lin Wei"},
                                       {"role", "HM"}});
    }
    json::object declare(const std::string& event, const std::string& role, json::object data,
                         std::int64_t ago_ms) const {
        return post("/api/v1/devices/ct-1/declarations", {{"event", event},
                                                          {"at", time_from_now(-ago_ms)},
                                                          {"reason", "as the day went"},
                                                          {"actor", "Lin Wei"},
                                                          {"role", role},
                                                          {"data", std::move(data)}});
    }
    std::string state() const { return get("/api/v1/devices/ct-1").at("state").as_string().c_str(); }
    json::array findings(const std::string& rule) const {
        return get("/api/v1/findings?device=ct-1&rule=" + rule).at("items").as_array();
    }
    json::array due(const std::string& kind) const {
        json::array out;
        const json::value page = get("/api/v1/due?device=ct-1");
        for (const json::value& item : page.at("items").as_array())
            if (item.at("kind").as_string() == kind) out.push_back(item);
        return out;
    }
};

std::string refusal(const json::object& answer) {
    const json::value* detail = answer.if_contains("detail");
    return fmt::format("{} {}", answer.at("http_status").as_int64(), detail ? detail->as_string().c_str() : "");
}

}  // namespace

TEST_CASE("a work order goes from the alarm to its closure under one id") {
    Ward ward;
    Agent agent{ward.dir / "agent", "ct-1", ward.broker_url(), ward.collector.provisioning()};
    REQUIRE(ward.gantry({"register", "device", "ct-1", "--modality", "CT", "--tz", "UTC", "--org", "h-1",
                         "--record-key", agent.record_key()})
                .exit == Exit{});
    REQUIRE(ward.declare("baseline.declared", "HM", {{"state", "IN_USE"}}, 100 * day).at("http_status") == 201);

    agent.start();
    auto adapter = LineClient::connect(agent.intake());
    REQUIRE(adapter.has_value());
    const auto promised = adapter->ask(
        R"({"src":"log","type":"fault.raised","body":{"code":"E-4410","severity":"hard","subsystem":"tube"}})");
    REQUIRE(promised.has_value());
    REQUIRE_MESSAGE(promised->starts_with("ok "), *promised);
    json::array faults;
    REQUIRE(wait_until(
        [&] {
            faults = ward.get("/api/v1/devices/ct-1").at("faults").as_array();
            return !faults.empty();
        },
        30s));
    const std::int64_t alarm = faults[0].at("log_index").as_int64();

    json::object order{{"device", "ct-1"},       {"kind", "corrective"},    {"title", "no high voltage"},
                       {"priority", "stop"},     {"opened_by", "p-7"},      {"opened_at", time_from_now(-5 * hour)},
                       {"fault_code", "E-4410"}, {"alarm_log_index", alarm}};
    REQUIRE_MESSAGE(ward.file("work_order", "WO-1", order).at("http_status") == 201,
                    refusal(ward.file("work_order", "WO-1", order)));
    REQUIRE(ward.declare("fault.reported", "RAD", {{"severity", "hard"}, {"fault_code", "E-4410"}}, 5 * hour)
                .at("http_status") == 201);
    CHECK(ward.state() == "FAULT");
    CHECK(wait_until([&] { return ward.due("work_order").size() == 1; }, 30s));

    order["responded_at"] = time_from_now(-4 * hour);
    order["diagnosed_at"] = time_from_now(-3 * hour);
    order["cause"] = "tube arcs";
    REQUIRE(ward.file("work_order", "WO-1", order).at("http_status") == 201);
    order["parts_at"] = time_from_now(-150 * minute);
    order["started_at"] = time_from_now(-2 * hour);
    order["parts"] = json::array{json::object{{"part", "tube"},
                                              {"part_no", "MX-200"},
                                              {"old_serial", "T-1"},
                                              {"new_serial", "T-2"},
                                              {"old_scan_ms", 812'000'000},
                                              {"old_mas", 190'000'000},
                                              {"old_exams", 61'000},
                                              {"major", true},
                                              {"cost_cny", 900'000}}};
    REQUIRE(ward.file("work_order", "WO-1", order).at("http_status") == 201);

    // What cannot be is refused with what was got and wanted, and leaves the order as it was.
    json::object wrong = order;
    wrong["closed_at"] = time_from_now(0);
    CHECK(refusal(ward.file("work_order", "WO-1", wrong)).find("422 ") == 0);
    wrong = order;
    wrong["ended_at"] = time_from_now(-3 * hour);
    CHECK(refusal(ward.file("work_order", "WO-1", wrong)).find("ended_at") != std::string::npos);
    wrong = order;
    wrong["parts"].as_array()[0].as_object()["new_serial"] = "T-1";
    CHECK(refusal(ward.file("work_order", "WO-1", wrong)).find("new_serial") != std::string::npos);

    order["ended_at"] = time_from_now(-hour);
    order["outcome"] = "resolved";
    order["work_done"] = "tube replaced, conditioned";
    order["checklist"] = json::array{
        json::object{{"item", "tube conditioned"}, {"done", true}, {"pass", true}},
        json::object{
            {"item", "water CT number"}, {"done", true}, {"pass", true}, {"value", "0.4 HU"}, {"note", "after 2 h"}}};
    order["labour_minutes"] = 120;
    order["travel_minutes"] = 90;
    order["down_minutes"] = 240;
    order["labour_cost_cny"] = 6'000;
    order["cost_cny"] = 906'000;
    order["engineer"] = "e-3";
    REQUIRE(ward.file("work_order", "WO-1", order).at("http_status") == 201);
    // A major part leads to a test before use, not back into it.
    REQUIRE(ward.declare("part.replaced", "SVC",
                         {{"part", "tube"}, {"old_serial", "T-1"}, {"new_serial", "T-2"}, {"major", true}}, 90 * minute)
                .at("http_status") == 201);
    const json::object repaired =
        ward.declare("repair.completed", "SVC", {{"work_order", "WO-1"}, {"function_check", "passed"}}, hour + minute);
    REQUIRE_MESSAGE(repaired.at("http_status") == 201, refusal(repaired));
    CHECK(ward.state() == "RETEST");

    order["signed_off_at"] = time_from_now(-30 * minute);
    order["signed_by"] = "p-1";
    order["closed_at"] = time_from_now(0);
    REQUIRE(ward.file("work_order", "WO-1", order).at("http_status") == 201);
    const json::value filed = ward.get("/api/v1/papers/work_order/WO-1");
    const json::array& versions = filed.at("versions").as_array();
    REQUIRE(versions.size() == 5);
    CHECK(versions[0].at("body").at("parts").at(0).at("old_scan_ms").as_int64() == 812'000'000);
    CHECK(versions[0].at("body").at("checklist").at(1).at("value").as_string() == "0.4 HU");
    CHECK(versions[0].at("body").at("alarm_log_index").as_int64() == alarm);
    CHECK(!versions[4].at("body").as_object().contains("responded_at"));
    CHECK(wait_until([&] { return ward.due("work_order").empty(); }, 30s));
}

TEST_CASE("the same fault three times in a month is found, with the orders that made it") {
    Ward ward;
    REQUIRE(ward.declare("baseline.declared", "HM", {{"state", "IN_USE"}}, 100 * day).at("http_status") == 201);
    json::array orders;
    for (const int n : {1, 2, 3}) {
        const std::int64_t ago = (25 - 8 * n) * day;
        const json::object filed = ward.file("work_order", fmt::format("WO-{}", n),
                                             {{"device", "ct-1"},
                                              {"kind", "corrective"},
                                              {"fault_code", "E-7"},
                                              {"opened_at", time_from_now(-ago)},
                                              {"started_at", time_from_now(-ago + hour)},
                                              {"ended_at", time_from_now(-ago + 2 * hour)},
                                              {"outcome", "resolved"}});
        REQUIRE(filed.at("http_status") == 201);
        orders.push_back(filed.at("log_index"));
    }
    json::array found;
    REQUIRE(wait_until([&] { return !(found = ward.findings("V36")).empty(); }, 60s));
    CHECK(found[0].at("measured").as_string() == "3 times");
    const std::string path =
        fmt::format("/api/v1/devices/ct-1/findings/V36/{}", found[0].at("key").as_string().c_str());
    const json::value seen = ward.get(path);
    json::array records;
    for (const json::value& record : seen.at("records").as_array()) records.push_back(record.at("log_index"));
    CHECK(records == orders);
    const Ran again =
        ward.gantry({"judge", "--device", "ct-1", "--rule", "V36", "--key", found[0].at("key").as_string().c_str()});
    CHECK(again.out.find("3 times") != std::string::npos);
    const json::value listed = ward.asked({"findings", "--rule", "V36"});
    CHECK(listed.at(0).at("reproduce") == seen.at("reproduce"));

    // The hospital answers; only an authority may close a violation.
    const json::object data{{"rule", "V36"}, {"key", found[0].at("key")}};
    CHECK(ward.declare("finding.closed", "HM", data, 0).at("http_status") == 409);
    REQUIRE(ward.declare("finding.answered", "HM", data, 0).at("http_status") == 201);
    REQUIRE(ward.declare("finding.closed", "REG-H", data, 0).at("http_status") == 201);
    const json::value closed = ward.get(path);
    CHECK(closed.at("stage").as_string() == "closed");
    CHECK(closed.at("steps").as_array().size() == 2);
    CHECK(closed.at("actions").at(0).at("event").as_string() == "finding.reopened");
}

TEST_CASE("a visit that its schedule asked for is found overdue, and the order that fulfils it withdraws the finding") {
    Ward ward;
    REQUIRE(ward.declare("baseline.declared", "HM", {{"state", "IN_USE"}}, 200 * day).at("http_status") == 201);
    REQUIRE(ward.file("schedule", "PM-Q",
                      {{"device", "ct-1"},
                       {"name", "quarterly"},
                       {"work", "pm"},
                       {"every_days", 90},
                       {"every_exams", 100'000},
                       {"from", time_from_now(-120 * day)}})
                .at("http_status") == 201);
    json::array found;
    REQUIRE(wait_until([&] { return !(found = ward.findings("V25&open=true")).empty(); }, 60s));
    CHECK(found[0].at("key").as_string().starts_with("PM-Q@"));
    REQUIRE(wait_until([&] { return ward.due("maintenance").size() == 1; }, 30s));
    CHECK(ward.due("maintenance")[0].at("overdue").as_bool());
    // It was done in time, and is filed late.
    REQUIRE(ward.file("work_order", "WO-9",
                      {{"device", "ct-1"},
                       {"kind", "preventive"},
                       {"schedule", "PM-Q"},
                       {"opened_at", time_from_now(-31 * day)},
                       {"started_at", time_from_now(-31 * day)},
                       {"ended_at", time_from_now(-31 * day + 5 * hour)},
                       {"outcome", "resolved"}})
                .at("http_status") == 201);
    CHECK(wait_until([&] { return ward.findings("V25&open=true").empty(); }, 60s));
    CHECK(ward.findings("V25&stage=withdrawn").size() == 1);
    CHECK(wait_until(
        [&] { return !ward.due("maintenance").empty() && !ward.due("maintenance")[0].at("overdue").as_bool(); }, 30s));
    const Ran rebuilt = ward.gantry({"rebuild", "--check"});
    CHECK_MESSAGE(rebuilt.exit == Exit{}, rebuilt.err);
}
