#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "server/domain/rules/judge.hpp"
#include "server/domain/rules/run.hpp"

// Cases in few words: day 0 is the start of a UTC day in 2026, and times are counted from it.
namespace gantry::rules::test {

inline constexpr std::int64_t hour = 3'600'000;
inline constexpr std::int64_t day = 24 * hour;
inline constexpr std::int64_t day0 = 1'767'225'600'000;  // 2026-01-01T00:00Z

inline RulePack load_packs() {
    std::vector<PackText> packs;
    for (const auto& entry :
         std::filesystem::directory_iterator{std::filesystem::path{GANTRY_SOURCE_DIR} / "config/rules"}) {
        std::ifstream in{entry.path(), std::ios::binary};
        packs.push_back({entry.path().filename().string(), {std::istreambuf_iterator<char>{in}, {}}});
    }
    return parse_pack(packs).value();
}

// The shipped rules; a test that cannot load them fails with the loader's reason.
inline const RulePack& packs() {
    static const RulePack pack = load_packs();
    return pack;
}

struct Builder {
    DeviceCase c;
    std::uint64_t leaf = 100;

    Builder() {
        c.device = "ct-0001";
        c.org = "h1";
        c.site = "s1";
        c.tz = "Asia/Shanghai";
        c.offsets = {{0, 8 * hour}};
        c.modality = c.papers.sheet.modality = "CT";
        c.registered_ms = day0 - 400 * day;  // its papers have been gathered long ago
        now(day0);
    }
    Builder& now(std::int64_t at_ms) {
        c.now_ms = at_ms;
        c.last_seen_ms = std::max(c.last_seen_ms, at_ms);
        return *this;
    }
    // Ends the state before it.
    Builder& state(std::int64_t at_ms, State state) {
        if (!c.states.empty()) c.states.back().to_ms = at_ms;
        c.states.push_back({at_ms, forever_ms, state, ++leaf});
        c.fold.life.state = state;
        c.fold.life.since_ms = at_ms;
        return *this;
    }
    // One hour with patient exposures, watched all the time.
    UseHour& use(std::int64_t at_ms, std::int64_t patients = 4) {
        UseHour row;
        row.hour_ms = at_ms - at_ms % hour;
        row.exams = patients;
        row.exposures = row.patient_exposures = patients;
        row.exposure_ms = patients * 1'000;
        row.covered_minutes = 60;
        row.first_leaf = ++leaf;
        row.last_leaf = ++leaf;
        const auto place = std::ranges::lower_bound(c.hours, row.hour_ms, {}, &UseHour::hour_ms);
        return *c.hours.insert(place, row);
    }
    UseEvent& event(std::int64_t at_ms) {
        UseEvent use;
        use.at_ms = at_ms;
        use.leaf = ++leaf;
        use.purpose_known = true;
        const auto place = std::ranges::upper_bound(c.uses, at_ms, {}, &UseEvent::at_ms);
        return *c.uses.insert(place, use);
    }
    Builder& moment(std::int64_t at_ms, std::string type, std::string body) {
        c.moments.push_back({at_ms, ++leaf, std::move(type), std::move(body)});
        return *this;
    }
    Declared& declare(std::int64_t at_ms, std::string event, DataMap data = {}) {
        Declared d;
        d.at_ms = d.recv_ms = at_ms;
        d.leaf = ++leaf;
        d.event = std::move(event);
        d.data = std::move(data);
        c.declared.push_back(d);
        return c.declared.back();
    }
    paper::Permit& permit(paper::PermitKind kind, std::int64_t from_ms, std::int64_t to_ms = forever_ms) {
        paper::Permit permit;
        permit.id = "p" + std::to_string(c.papers.permits.size() + 1);
        permit.no = "no-" + permit.id;
        permit.leaf = ++leaf;
        permit.kind = kind;
        permit.from_ms = from_ms;
        permit.to_ms = to_ms;
        c.papers.permits.push_back(permit);
        return c.papers.permits.back();
    }
    paper::Test& test(std::int64_t at_ms, paper::TestKind kind = paper::TestKind::status, bool passed = true) {
        paper::Test test;
        test.id = "t" + std::to_string(c.papers.tests.size() + 1);
        test.leaf = ++leaf;
        test.kind = kind;
        test.device = c.device;
        test.at_ms = at_ms;
        test.passed = passed;
        c.papers.tests.push_back(test);
        return c.papers.tests.back();
    }
    paper::WorkOrder& order(std::int64_t from_ms, std::optional<std::int64_t> to_ms, std::string kind = "preventive") {
        paper::WorkOrder order;
        order.id = "w" + std::to_string(c.papers.work_orders.size() + 1);
        order.leaf = ++leaf;
        order.device = c.device;
        order.kind = std::move(kind);
        order.opened_ms = from_ms;
        order.started_ms = from_ms;
        order.ended_ms = to_ms;
        order.outcome = to_ms ? "resolved" : "";
        c.papers.work_orders.push_back(order);
        return c.papers.work_orders.back();
    }
    Judged judged() const { return judge(c, packs()); }
};

// What one rule found; `key` empty: of any key.
inline std::vector<Found> of(const Judged& judged, std::string_view rule, std::string_view key = {}) {
    std::vector<Found> out;
    for (const Found& found : judged.found) {
        if (found.rule == rule && (key.empty() || found.key == key)) out.push_back(found);
    }
    return out;
}
inline std::size_t count(const Builder& builder, std::string_view rule, std::string_view key = {}) {
    return of(builder.judged(), rule, key).size();
}

}  // namespace gantry::rules::test
