#include "server/domain/due/due.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace gantry;
using namespace gantry::due;

namespace {

constexpr std::int64_t day = 86'400'000;
constexpr std::int64_t hour = 3'600'000;
constexpr std::int64_t now = 20'000 * day;

rules::DeviceCase in_use() {
    rules::DeviceCase out;
    out.device = "ct-1";
    out.now_ms = now;
    out.states = {{0, paper::forever_ms, State::in_use, 1}};
    return out;
}

template <class Paper>
Paper with_id(std::string id) {
    Paper out;
    out.id = std::move(id);
    return out;
}

paper::Schedule plan(std::string id, std::optional<std::int64_t> days) {
    auto out = with_id<paper::Schedule>(std::move(id));
    out.name = "quarterly";
    out.every_days = days;
    out.from_ms = now - 100 * day;
    return out;
}

std::string text(const rules::DeviceCase& device) {
    std::string out;
    for (const Due& due : due_list(device))
        out += fmt::format("{} {} {}{}; ", name(due.kind), due.ref, (due.at_ms - now) / day, due.estimated ? "~" : "");
    return out;
}

}  // namespace

TEST_CASE("due: a schedule counts from its start, then from the last visit that was finished") {
    auto device = in_use();
    device.papers.schedules = {plan("S", 90)};
    CHECK(text(device) == "maintenance S -10; ");
    auto visit = with_id<paper::WorkOrder>("W");
    visit.kind = "preventive";
    visit.opened_ms = now - 12 * day;
    device.papers.work_orders = {visit};
    CHECK(text(device) == "work_order W -12; maintenance S -10; ");
    device.papers.work_orders[0].ended_ms = now - 11 * day;
    CHECK(text(device) == "maintenance S 79; ");
    device.papers.work_orders[0].outcome = "not_resolved";
    CHECK(text(device) == "maintenance S -10; ");
    device.papers.work_orders[0].outcome.clear();
    device.papers.work_orders[0].schedule = "other";
    CHECK(text(device) == "maintenance S -10; ");
    device.papers.schedules[0].to_ms = now;
    CHECK(text(device).empty());
}

TEST_CASE("due: a counter is estimated at the pace of the last 28 days, and what comes first counts") {
    auto device = in_use();
    device.papers.schedules = {plan("S", std::nullopt)};
    CHECK(text(device).empty());
    device.papers.schedules[0].every_exams = 1'400;
    CHECK(text(device).empty());  // it stands still: no date can be told
    for (std::int64_t n = 50; n > 0; --n) {
        rules::UseHour use;
        use.hour_ms = now - n * day;
        use.exams = 20;
        use.exposure_ms = hour / 10;
        device.hours.push_back(use);
    }
    CHECK(text(device) == "maintenance S 21~; ");  // 400 left at 20 a day
    device.papers.schedules[0].every_days = 120;
    CHECK(text(device) == "maintenance S 20; ");
    device.papers.schedules[0].every_exams = 1'000;
    CHECK(text(device) == "maintenance S 0~; ");
    device.papers.schedules[0].every_exams.reset();
    device.papers.schedules[0].every_scan_ms = 50 * hour / 10 + hour;
    CHECK(text(device) == "maintenance S 11~; ");
}

TEST_CASE("due: several schedules side by side, each by the first of its calendar and counters") {
    const struct {
        const char* id;
        std::optional<std::int64_t> days, scan_ms, exams, mas;
        const char* want;
    } rows[] = {
        {"calendar", 105, {}, {}, {}, "maintenance calendar 5; "},
        {"scan", {}, 240'000, {}, {}, "maintenance scan 11~; "},
        {"exams", {}, {}, 700, {}, "maintenance exams 21~; "},
        {"charge", {}, {}, {}, 15'500, "maintenance charge 2~; "},
        {"calendar first", 105, 240'000, 700, 20'000, "maintenance calendar first 5; "},
        {"scan first", 150, 240'000, 700, 20'000, "maintenance scan first 11~; "},
        {"exams first", 150, 400'000, 600, 20'000, "maintenance exams first 11~; "},
        {"charge first", 150, 400'000, 700, 15'250, "maintenance charge first 1~; "},
    };
    auto all = in_use();
    std::string together;
    for (const auto& row : rows) {
        CAPTURE(row.id);
        auto device = in_use();
        for (std::int64_t n = 50; n > 0; --n) {
            rules::UseHour use;
            use.hour_ms = now - n * day;
            use.exams = 10;
            use.exposure_ms = 4'000;
            use.charge_ua_ms = 300'000'000;
            device.hours.push_back(use);
        }
        auto schedule = plan(row.id, row.days);
        schedule.every_scan_ms = row.scan_ms;
        schedule.every_exams = row.exams;
        schedule.every_mas = row.mas;
        device.papers.schedules = {schedule};
        CHECK(text(device) == row.want);
        all.hours = device.hours;
        all.papers.schedules.push_back(schedule);
        together += row.want;
    }
    CHECK(text(all).size() == together.size());  // the same lines, in the order of their days
}

TEST_CASE("due: a schedule of tests shortens or lengthens the year") {
    auto device = in_use();
    auto test = with_id<paper::Test>("T");
    test.kind = paper::TestKind::status;
    test.at_ms = now - 100 * day;
    test.passed = true;
    device.papers.tests = {test};
    auto schedule = plan("half a year", 180);
    schedule.work = "status_test";
    device.papers.schedules = {schedule};
    CHECK(text(device) == "status_test half a year 80; ");
    device.papers.schedules[0].work = "site_protection";
    CHECK(text(device) ==
          "site_protection half a year 80; status_test T 265; ");  // never tested: counts from its start
    device.papers.schedules[0].to_ms = now;
    CHECK(text(device) == "status_test T 265; ");
}

TEST_CASE("due: tests come again a year after the last that was passed; none is due that never was") {
    auto device = in_use();
    auto test = with_id<paper::Test>("T");
    test.kind = paper::TestKind::acceptance;
    test.at_ms = now - 300 * day;
    test.passed = true;
    auto failed = with_id<paper::Test>("F");
    failed.kind = paper::TestKind::status;
    failed.at_ms = now - day;
    auto room = with_id<paper::Test>("R");
    room.kind = paper::TestKind::site_protection;
    room.at_ms = now - 400 * day;
    room.passed = true;
    device.papers.tests = {test, failed, room};
    CHECK(text(device) == "site_protection R -35; status_test T 65; ");
}

TEST_CASE("due: permits end, are to be renewed before, and step back behind their successors") {
    auto device = in_use();
    auto permit = with_id<paper::Permit>("P");
    permit.kind = paper::PermitKind::radiation_safety;
    permit.to_ms = now + 40 * day;
    device.papers.permits = {permit};
    CHECK(text(device) == "permit_renewal P 10; permit_end P 40; ");
    device.papers.permits[0].renewal_filed_ms = now - day;
    CHECK(text(device) == "permit_end P 40; ");
    auto next = permit;
    next.id = "Q";
    next.from_ms = permit.to_ms;
    next.to_ms = now + 2'000 * day;
    device.papers.permits.push_back(next);
    CHECK(text(device) == "permit_renewal Q 1970; permit_end Q 2000; ");
    device.papers.permits[1].kind = paper::PermitKind::radiodiagnosis;
    CHECK(text(device) == "permit_end P 40; permit_renewal Q 1970; permit_end Q 2000; ");
    device.papers.permits[0].devices = {"ct-2"};
    CHECK(text(device) == "permit_renewal Q 1970; permit_end Q 2000; ");
}

TEST_CASE("due: recalls, promises, contracts and the labelled life; nothing for a device that is gone") {
    auto device = in_use();
    auto recall = with_id<paper::Recall>("R");
    recall.notice_ms = now - day;
    recall.close_by_ms = now + 30 * day;
    device.papers.recalls = {recall};
    CHECK(text(device) == "recall_answer R 2; recall_close R 30; ");
    auto answer = with_id<paper::RecallAnswer>("A");
    answer.recall = "R";
    answer.device = "ct-1";
    answer.acknowledged_ms = now;
    device.papers.recall_answers = {answer};
    CHECK(text(device) == "recall_close R 30; ");
    device.papers.recall_answers[0].closed_ms = now;
    CHECK(text(device).empty());
    auto promise = with_id<paper::Commitment>("C");
    promise.due_ms = now + 5 * day;
    device.papers.commitments = {promise};
    auto contract = with_id<paper::Contract>("K");
    contract.to_ms = now + 6 * day;
    device.papers.contracts = {contract};
    device.papers.sheet.id = "ct-1";
    device.papers.sheet.manufactured_ms = now - 10 * day;
    device.papers.sheet.labelled_life_days = 17;
    CHECK(text(device) == "commitment C 5; contract_end K 6; service_life ct-1 7; ");
    device.papers.commitments[0].fulfilled_ms = now;
    device.papers.sheet.life_extended_to_ms = now + 9 * day;
    CHECK(text(device) == "contract_end K 6; service_life ct-1 9; ");
    device.states = {{0, paper::forever_ms, State::decommissioned, 1}};
    CHECK(text(device).empty());
}
