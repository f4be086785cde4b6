#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/unit/domain/ct_table.hpp"
#include "tests/unit/domain/fold_support.hpp"

using namespace gantry;

// What becomes known late, and in whatever order: one history, one life.
namespace {

constexpr std::int64_t day = 86'400'000;

struct Told {
    LifeEvent event;
    bool is_correction = false;
    Declaration correction;
    std::size_t corrects = 0;  // place of the event in the history
};

// Events of any kind, lawful or not, at times of their own; corrections of some.
std::vector<Told> some_history(std::mt19937_64& random, std::size_t count) {
    std::set<std::string> names;
    for (const TransitionRow& row : ct_table().rows()) names.insert(row.event);
    std::vector<std::string> events{names.begin(), names.end()};
    std::erase(events, std::string{correction_event});
    std::erase(events, std::string{countersigned_event});
    std::vector<Told> out;
    const auto coin = [&] { return random() % 3 == 0; };
    LifecycleFold so_far;
    for (std::size_t i = 0; i < count; ++i) {
        Told told;
        LifeEvent& e = told.event;
        const auto allowed = ct_table().allowed_events(so_far.state);
        e.event = random() % 4 != 0 ? allowed[random() % allowed.size()] : events[random() % events.size()];
        if (e.event == correction_event || e.event == countersigned_event) e.event = "suspend";
        e.at_ms = static_cast<std::int64_t>(i + 1) * day;
        e.recv_ms = e.at_ms;
        e.role = static_cast<Role>(random() % role_count);
        e.from = static_cast<State>(random() % state_count);
        e.to = static_cast<State>(1 + random() % (state_count - 1));
        e.major = coin();
        e.technical = coin();
        e.partial = coin();
        e.to_idle = coin();
        e.observed = random() % 10 == 0;
        e.part = e.major ? "tube" : "";
        if (e.event == "baseline.declared") e.cleared_to = State::in_use, e.sealed_by = 2;
        apply_declared(so_far, ct_table(), e);
        out.push_back(told);
    }
    for (std::size_t i = 0; i < count / 6; ++i) {
        Told told;
        told.is_correction = true;
        told.corrects = random() % count;
        told.correction = full_declaration(std::string{correction_event}, Role::hm);
        // At a moment of its own: two corrections of one event are ordered by the log, not by time.
        told.correction.at_ms =
            static_cast<std::int64_t>(random() % (count * 24)) * (day / 24) + 7 + static_cast<std::int64_t>(i);
        told.correction.data["action"] = std::string{i % 3 == 0 ? "withdraw" : i % 3 == 1 ? "retime" : "amend"};
        told.correction.data["major"] = coin();
        const bool again =
            std::ranges::any_of(out, [&](const Told& t) { return t.is_correction && t.corrects == told.corrects; });
        if (!again) out.push_back(told);
    }
    return out;
}

// In the given order of arrival, each correction after what it corrects; the log numbers them as they come.
LifecycleFold told_in(const std::vector<Told>& history, std::vector<std::size_t> order) {
    LifecycleFold life;
    std::map<std::size_t, std::uint64_t> leaf_of;
    std::uint64_t next = 1;
    std::vector<std::size_t> waiting;
    const auto correct = [&](const Told& told) {
        Declaration d = told.correction;
        d.data["event_id"] = static_cast<std::int64_t>(leaf_of.at(told.corrects));
        ++next;
        apply_correction(life, ct_table(), d);
    };
    for (const std::size_t i : order) {
        const Told& told = history[i];
        if (told.is_correction) {
            if (leaf_of.contains(told.corrects))
                correct(told);
            else
                waiting.push_back(i);
            continue;
        }
        LifeEvent event = told.event;
        event.leaf = leaf_of[i] = next++;
        apply_declared(life, ct_table(), event);
        for (const std::size_t w : waiting)
            if (history[w].corrects == i) correct(history[w]);
    }
    return life;
}

std::string shown(const LifecycleFold& life) {
    std::string out;
    for (const LifecycleStep& step : life.steps)
        out += std::to_string(step.from_ms) + " " + std::string{name(step.state)} + "; ";
    const Standing& s = life;
    out += std::string{name(s.state)} + " cleared " + std::string{name(s.cleared_to)} + " sealed " +
           std::to_string(s.sealed_by);
    for (const bool flag : {s.accepted, s.commissioned, s.retest_due, s.major_part, s.restricted, s.baseline})
        out += flag ? " 1" : " 0";
    for (const std::string& part : s.parts) out += " " + part;
    for (const LifeEvent& e : life.events) out += e.stands ? "+" : "-";
    return out;
}

}  // namespace

TEST_CASE("late: any order of arrival gives the same life") {
    std::mt19937_64 random{20261127};
    std::size_t moved = 0, overtaken = 0;
    for (int round = 0; round < 300; ++round) {
        const auto history = some_history(random, 10 + random() % 40);
        std::vector<std::size_t> order(history.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        const LifecycleFold in_time = told_in(history, order);
        const std::string want = shown(in_time);
        moved += in_time.steps.size();
        overtaken += static_cast<std::size_t>(
            std::ranges::count_if(in_time.events, [](const LifeEvent& e) { return !e.stands; }));
        for (int shuffle = 0; shuffle < 4; ++shuffle) {
            std::ranges::shuffle(order, random);
            REQUIRE(shown(told_in(history, order)) == want);
        }
    }
    CHECK(moved > 1'000);  // a history in which nothing happens proves nothing
    CHECK(overtaken > 1'000);
}

TEST_CASE("late: the changes of the lane make the lane, also beyond what is kept at hand") {
    std::mt19937_64 random{7};
    for (int round = 0; round < 60; ++round) {
        const auto history = some_history(random, 40 + random() % 120);
        LifecycleFold life;
        std::map<std::int64_t, std::pair<LifecycleStep, std::optional<std::int64_t>>> rows;
        std::uint64_t leaf = 1;
        std::size_t late = 0;
        for (std::size_t i = 0; i < history.size(); ++i) {
            if (history[i].is_correction) continue;
            LifeEvent event = history[i].event;
            event.leaf = leaf++;
            if (random() % 4 == 0) event.at_ms -= static_cast<std::int64_t>(random() % 20) * day + 1, ++late;
            for (const StepChange& change : apply_declared(life, ct_table(), event)) {
                if (change.remove)
                    REQUIRE(rows.erase(change.step.from_ms) == 1);
                else
                    rows[change.step.from_ms] = {change.step, change.to_ms};
            }
            // The rows follow each other without holes, and end with the life as it stands.
            std::optional<std::int64_t> end;
            for (const auto& [from, row] : rows) {
                if (end) REQUIRE(*end == from);
                REQUIRE((from != rows.rbegin()->first) == row.second.has_value());
                end = row.second;
            }
            REQUIRE(rows.empty() == life.steps.empty());
            if (!rows.empty()) REQUIRE(rows.rbegin()->second.first.state == life.state);
            for (const LifecycleStep& step : life.steps) REQUIRE(rows.at(step.from_ms).first == step);
            REQUIRE(life.events.size() <= life_events_max);
        }
        CHECK(late > 0);
    }
}

TEST_CASE("late: the life survives its bytes") {
    std::mt19937_64 random{11};
    for (int round = 0; round < 50; ++round) {
        const auto history = some_history(random, 10 + random() % 100);
        DeviceFold device;
        std::vector<std::size_t> order(history.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::ranges::shuffle(order, random);
        device.life = told_in(history, order);
        const std::string text = serialize(device);
        const auto again = parse_device_fold(text);
        REQUIRE(again.has_value());
        CHECK(again->life == device.life);
        CHECK(serialize(*again) == text);
        CHECK(canonical_json(text).value() == text);
    }
}

namespace {

// What the law wants to see of the events that stand, in the order of their effect.
void watch(const LifecycleFold& life) {
    bool accepted = false, qc_owed = false;
    std::set<Role> sealers;
    State state = State::none, before = State::none;
    for (const LifeEvent& e : life.events) {
        if (!e.stands) {
            CHECK(e.after == state);
            continue;
        }
        if (e.major && (e.observed || e.event == "part.replaced" || e.event == "repair.completed")) qc_owed = true;
        if (e.observed) continue;
        const State from = state;
        state = e.after;
        if (ct_table().rule(from).final_state) CHECK(state == from);  // iv
        if (e.event == "acceptance.passed") accepted = true, qc_owed = false;
        if (e.event == "install.completed") accepted = false;
        if (e.event == "qc.passed") qc_owed = false;
        if (e.event == "status_test.failed" || e.event == "qc.failed") qc_owed = true;
        if (e.event == "seal.order") sealers.insert(e.role);
        if (from == State::sealed && state != State::lost && state != State::sealed) {  // ii
            CHECK(sealers.contains(e.role));
            if (e.event == "seal.lifted") CHECK(sealers.size() == 1);
            sealers.clear();
        } else if (from == State::sealed && e.event == "seal.lifted") {
            CHECK(sealers.erase(e.role) == 1);
        }
        if (state == State::in_use && from != State::in_use) {  // iii
            CHECK(accepted);
            CHECK(!qc_owed);
        }
        if (e.event == "resume" && state != State::retest) CHECK(state == before);  // i
        if (state != State::suspended && state != State::sealed && state != State::lost) before = state;
    }
    CHECK(state == life.state);
}

}  // namespace

TEST_CASE("late: with declarations accepted late, moved and withdrawn, the invariants hold at every moment") {
    std::mt19937_64 random{20261128};
    const auto& rows = ct_table().rows();
    std::size_t accepted = 0, late = 0, corrected = 0, overtook = 0;
    for (int walk = 0; walk < 250; ++walk) {
        LifecycleFold life;
        std::int64_t now = 1'000'000 * day / day;
        for (std::uint64_t step = 1; step < 58; ++step) {
            now += 1 + static_cast<std::int64_t>(random() % 30) * day;
            const bool is_late = random() % 4 == 0 && life.events.size() > 3;
            const std::int64_t at_ms = is_late ? life.events[random() % life.events.size()].at_ms + 1 +
                                                     static_cast<std::int64_t>(random() % 1'000)
                                               : now;
            const State state = standing_at(life, ct_table(), at_ms).state;
            std::vector<const TransitionRow*> here;
            for (const TransitionRow& row : rows) {
                const bool ends =
                    row.to == State::sealed || row.to == State::lost || ct_table().rule(row.to).final_state;
                const bool about_another = row.event == correction_event || row.event == countersigned_event;
                if ((ends || about_another) && random() % 8 != 0) continue;
                if (row.from == state && row.target != Target::baseline) here.push_back(&row);
            }
            if (here.empty()) continue;
            const TransitionRow& row = *here[random() % here.size()];
            Declaration d = full_declaration(row.event, row.actors[random() % row.actors.size()]);
            d.at_ms = at_ms;
            d.recv_ms = now;
            d.data["major"] = random() % 3 == 0;
            d.data["technical"] = random() % 3 == 0;
            if (random() % 2) d.data["severity"] = std::string{"partial"};
            if (!life.events.empty())
                d.data["event_id"] = static_cast<std::int64_t>(life.events[random() % life.events.size()].leaf);
            if (random() % 2) d.data["action"] = std::string{"retime"};
            const Judgement got = judge(ct_table(), life, facts_for(d), d);
            const auto* moved = std::get_if<Moved>(&got);
            if (!moved) continue;
            const auto orders_before =
                std::ranges::count_if(life.events, [](const LifeEvent& e) { return e.stands && gives_orders(e.role); });
            carry_out(life, d, *moved, step);
            const auto orders_after =
                std::ranges::count_if(life.events, [](const LifeEvent& e) { return e.stands && gives_orders(e.role); });
            if (!gives_orders(d.role)) CHECK(orders_after >= orders_before);
            ++accepted;
            late += is_late;
            corrected += d.event == correction_event;
            overtook += !moved->overtakes.empty();
            watch(life);
        }
    }
    CHECK(accepted > 4'000);
    CHECK(late > 300);
    CHECK(corrected > 100);
    CHECK(overtook > 50);
}

namespace {

// A scanner's year, told in time.
LifecycleFold told_year() {
    LifecycleFold life;
    std::uint64_t leaf = 1;
    const auto tell = [&](std::string event, Role role, std::int64_t at_ms, DataMap data = {}) {
        Declaration d = full_declaration(std::move(event), role);
        d.at_ms = d.recv_ms = at_ms;
        for (auto& [key, value] : data) d.data[key] = value;
        const Judgement got = judge(ct_table(), life, facts_for(d), d);
        carry_out(life, d, std::get<Moved>(got), leaf++);
    };
    tell("baseline.declared", Role::hm, 100 * day);  // leaf 1
    tell("pm.started", Role::svc, 110 * day);        // 2
    tell("pm.completed", Role::svc, 111 * day);      // 3
    tell("fault.reported", Role::rad, 120 * day);    // 4
    tell("repair.completed", Role::svc, 121 * day);  // 5
    tell("seal.order", Role::reg_e, 150 * day);      // 6
    return life;
}

std::string answer(const LifecycleFold& life, const Declaration& d) {
    const Judgement got = judge(ct_table(), life, facts_for(d), d);
    if (const auto* refused = std::get_if<Refused>(&got)) return "!" + refused->guard;
    LifecycleFold after = life;
    carry_out(after, d, std::get<Moved>(got), 99);
    std::string out{name(after.state)};
    for (const std::uint64_t leaf : std::get<Moved>(got).overtakes) out += " -" + std::to_string(leaf);
    return out;
}

}  // namespace

TEST_CASE("late: a declaration is judged by the standing of its own time, and says what it overtakes") {
    const LifecycleFold life = told_year();
    REQUIRE(life.state == State::sealed);
    struct Row {
        std::string event;
        Role role;
        std::int64_t at;
        std::string want;
    };
    for (const Row& row : {
             Row{"pm.started", Role::svc, 130 * day, "SEALED"},  // in use then: allowed, sealed later all the same
             Row{"pm.started", Role::svc, 120 * day + 1, "!transition"},   // at fault then
             Row{"pm.completed", Role::svc, 110 * day + 1, "SEALED -3"},   // the one told before comes too late now
             Row{"part.replaced", Role::svc, 110 * day + 1, "SEALED"},     // minor
             Row{"fault.reported", Role::rad, 119 * day, "SEALED -4"},     // the same fault told twice
             Row{"decommission.approved", Role::hm, 140 * day, "SEALED"},  // a seal follows a decommissioned device
             Row{"pm.started", Role::svc, 99 * day, "!effective_order"},   // before the baseline
             Row{"pm.started", Role::svc, 151 * day, "!transition"},
             Row{"seal.lifted", Role::reg_h, 151 * day, "!not_in_future"},
         }) {
        CAPTURE(row.event);
        CAPTURE(row.at);
        Declaration d = full_declaration(row.event, row.role);
        d.at_ms = row.at;
        d.recv_ms = 150 * day;
        if (row.at > d.recv_ms && row.event == "pm.started") d.recv_ms = row.at;
        CHECK(answer(life, d) == row.want);
    }
}

TEST_CASE("late: a major part told late takes back what maintenance had ended") {
    LifecycleFold life = told_year();
    Declaration d = full_declaration("part.replaced", Role::svc);
    d.data["major"] = true;
    d.at_ms = 110 * day + 1;
    d.recv_ms = 151 * day;
    CHECK(answer(life, d) == "SEALED -3");
    carry_out(life, d, std::get<Moved>(judge(ct_table(), life, facts_for(d), d)), 7);
    CHECK(state_at(life, 112 * day) == State::pm);  // never came back into use
    CHECK(life.cleared_to == State::retest);        // and the repair of the fault ended in a test that is owed
    CHECK(life.parts == std::vector<std::string>{"tube"});
}

TEST_CASE("late: nobody takes an authority's order away, and each corrects its own") {
    const LifecycleFold life = told_year();
    struct Row {
        Role role;
        std::int64_t event_id;
        std::string action;
        std::int64_t at;
        std::string want;
    };
    for (const Row& row : {
             Row{Role::svc, 2, "withdraw", 151, "SEALED -3"},  // no maintenance began: none ended
             Row{Role::hm, 2, "withdraw", 151, "!corrected_event"},
             Row{Role::reg_h, 2, "withdraw", 151, "SEALED -3"},
             Row{Role::hm, 6, "withdraw", 151, "!corrected_event"},
             Row{Role::reg_h, 6, "withdraw", 151, "!corrected_event"},
             Row{Role::reg_e, 6, "withdraw", 151, "IN_USE"},
             Row{Role::reg_e, 6, "retime", 145, "SEALED"},
             Row{Role::svc, 2, "retime", 105, "SEALED"},
             Row{Role::svc, 2, "retime", 112, "SEALED -3"},    // maintenance that began after it ended
             Row{Role::svc, 3, "retime", 105, "!transition"},  // no maintenance had begun by then
             Row{Role::svc, 2, "retime", 99, "!effective_order"},
             Row{Role::svc, 2, "retime", 152, "!not_in_future"},
             Row{Role::hm, 1, "withdraw", 151, "!later_orders"},  // nothing would be left to seal
             Row{Role::svc, 2, "forget", 151, "!corrected_event"},
             Row{Role::svc, 77, "withdraw", 151, "!corrected_event"},
             Row{Role::svc, -1, "withdraw", 151, "!corrected_event"},
         }) {
        CAPTURE(name(row.role));
        CAPTURE(row.event_id);
        CAPTURE(row.action);
        Declaration d = full_declaration(std::string{correction_event}, row.role);
        d.data["event_id"] = row.event_id;
        d.data["action"] = row.action;
        d.at_ms = row.at * day;
        d.recv_ms = 151 * day;
        CHECK(answer(life, d) == row.want);
    }
    LifecycleFold again = life;
    Declaration d = full_declaration(std::string{correction_event}, Role::svc);
    d.data["event_id"] = std::int64_t{2};
    d.data["action"] = std::string{"withdraw"};
    d.at_ms = d.recv_ms = 151 * day;
    carry_out(again, d, {}, 7);
    CHECK(answer(again, d) == "!corrected_event");  // withdrawn already
}

TEST_CASE("late: a countersignature is given once, by a role that owes it") {
    LifecycleFold life = told_year();
    Declaration d = full_declaration(std::string{countersigned_event}, Role::reg_h);
    d.at_ms = d.recv_ms = 151 * day;
    d.data["event_id"] = std::int64_t{1};
    CHECK(answer(life, d) == "SEALED");
    d.role = Role::hm;
    CHECK(answer(life, d) == "!signature_owed");
    d.role = Role::reg_h;
    carry_out(life, d, {}, 7);
    CHECK(life.events.front().owes == 0);
    CHECK(answer(life, d) == "!signature_owed");
    d.data["event_id"] = std::int64_t{2};
    CHECK(answer(life, d) == "!signature_owed");
}

TEST_CASE("late: the table of its own time judges") {
    const std::string text = ct_toml();
    std::string fresh = text;
    fresh.replace(fresh.find("valid_from = \"2026-01-01\""), 25, "valid_from = \"1970-03-01\"");
    const std::size_t row = fresh.find("event = \"pm.started\"");
    fresh.replace(fresh.find("need = [\"work_order\"]", row), 21, "need = [\"work_order\", \"document_attached\"]");
    fresh.replace(fresh.find("version = 1"), 11, "version = 2");
    const auto old = std::make_shared<const LifecycleTable>(LifecycleTable::parse(text, "ct.toml").value());
    const LifecycleTable table = LifecycleTable::parse(fresh, "ct-2.toml").value().with_before(old);
    CHECK(table.at(58 * day).id() == "CT/1");
    CHECK(table.at(59 * day).id() == "CT/2");
    const LifecycleFold life = standing_in(State::in_use);
    Declaration d = full_declaration("pm.started", Role::svc);
    d.evidence.clear();
    d.at_ms = 59 * day - 1;
    d.recv_ms = 100 * day;
    CHECK(std::holds_alternative<Moved>(judge(table, life, full_facts(d.at_ms), d)));
    d.at_ms = 59 * day;
    CHECK(std::get<Refused>(judge(table, life, full_facts(d.at_ms), d)).guard == "document_attached");
}
