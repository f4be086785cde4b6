#include <random>
#include <set>

#include "tests/unit/rules/case_builder.hpp"

using namespace gantry;
using namespace gantry::rules;
using namespace gantry::rules::test;

// Promises over random cases: what is found changes only at the announced moments, spans agree with counting each
// moment, and single exposures agree with hours.
namespace {

using Named = std::set<std::tuple<std::string, std::string, Severity>>;

// Trends and averages move with every day; their answers are not deadlines.
bool deadline_rule(const std::string& rule) { return rule != "W01" && rule != "W03" && rule != "W05" && rule != "W09"; }

Named names(const Judged& judged) {
    Named out;
    for (const Found& found : judged.found) {
        if (deadline_rule(found.rule)) out.emplace(found.rule, found.key, found.severity);
    }
    return out;
}

class Dice {
public:
    explicit Dice(unsigned seed) : engine_{seed} {}
    std::int64_t from(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>{low, high}(engine_);
    }
    std::int64_t day_at() { return day0 + from(-500, 100) * day + from(0, 23) * hour; }
    bool one_in(std::int64_t n) { return from(1, n) == 1; }
    std::optional<std::int64_t> maybe_day() { return one_in(2) ? std::optional{day_at()} : std::nullopt; }

private:
    std::mt19937 engine_;
};

void add_papers(Builder& b, Dice& dice) {
    for (int i = 0; i < 4; ++i) {
        const auto from = dice.day_at();
        auto& permit = b.permit(static_cast<paper::PermitKind>(dice.from(0, 3)), from, from + dice.from(1, 400) * day);
        permit.renewal_filed_ms = dice.maybe_day();
        if (dice.one_in(3)) permit.devices = {"ct-0001"};
    }
    for (int i = 0; i < 3; ++i) {
        paper::TestItem item;
        item.item = dice.one_in(2) ? "noise" : "water_hu";
        item.pass = !dice.one_in(3);
        b.test(dice.day_at(), static_cast<paper::TestKind>(dice.from(0, 3)), item.pass).items = {item};
        b.order(dice.day_at(), dice.maybe_day(), dice.one_in(2) ? "preventive" : "corrective");
    }
    std::ranges::sort(b.c.papers.tests, {}, &paper::Test::at_ms);
    paper::HolderChange change;
    change.id = "hc";
    change.at_ms = dice.day_at();
    change.amended_ms = dice.maybe_day();
    b.c.papers.holder_changes = {change};
    paper::AdverseEvent event;
    event.id = "ae";
    event.harm = dice.one_in(2) ? "death" : "serious";
    event.at_ms = dice.day_at();
    event.reported_ms = dice.maybe_day();
    b.c.papers.adverse_events = {event};
    paper::Recall recall;
    recall.id = "r1";
    recall.devices = {"ct-0001"};
    recall.notice_ms = dice.day_at();
    recall.close_by_ms = recall.notice_ms + dice.from(1, 90) * day;
    b.c.papers.recalls = {recall};
    paper::Schedule schedule;
    schedule.id = "s1";
    schedule.every_days = dice.from(10, 200);
    schedule.from_ms = dice.day_at();
    if (dice.one_in(2)) b.c.papers.schedules = {schedule};
    b.c.papers.sheet.manufactured_ms = day0 - 3'650 * day;
    b.c.papers.sheet.labelled_life_days = 3'650 + dice.from(-50, 200);
    b.c.papers.sheet.planned_exams_per_day = 40;
}

// What has happened by now is in the case; what is to come is only on paper.
Builder random_case(unsigned seed) {
    Dice dice{seed};
    Builder b;
    const std::int64_t last = 120 + dice.from(0, 80);
    b.state(day0 - 500 * day, State::delivered);
    std::int64_t at = day0 - 480 * day;
    for (int i = 0; i < 5; ++i, at += dice.from(20, 100) * day) {
        static constexpr State states[] = {State::in_use, State::fault, State::pm, State::idle, State::suspended};
        if (at < day0) b.state(at, states[i == 0 ? 0 : dice.from(0, 4)]);
    }
    if (dice.one_in(4)) b.state(day0 - day, dice.one_in(2) ? State::disposed : State::decommissioned);
    for (std::int64_t d = 400; d > last; d -= dice.from(1, 4)) b.use(day0 - d * day + dice.from(0, 23) * hour);
    add_papers(b, dice);
    b.c.gaps = {{day0 - dice.from(0, 20) * day, 5, 12, false, {}}};
    b.moment(day0 - 30 * day, "identity", R"({"sw":"1.0"})");
    b.moment(day0 - dice.from(0, 6) * day, "identity", R"({"sw":"1.1"})");
    b.c.now_ms = day0;
    b.c.last_seen_ms = day0 - dice.from(0, 90) * hour;
    return b;
}

}  // namespace

TEST_CASE("due: with no new leaf, what is found changes only at the announced moments") {
    std::size_t steps = 0, changes = 0;
    for (unsigned seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        Builder b = random_case(seed);
        Judged judged = b.judged();
        for (int step = 0; step < 40 && judged.next_due_ms != forever_ms; ++step, ++steps) {
            const auto before = names(judged);
            REQUIRE(judged.next_due_ms > b.c.now_ms);
            const std::int64_t due = judged.next_due_ms;
            for (const std::int64_t at : {b.c.now_ms + (due - b.c.now_ms) / 2, due - 1}) {
                b.c.now_ms = std::max(at, b.c.now_ms);
                const auto after = names(b.judged());
                for (const auto& [rule, key, severity] : after) {
                    if (before.contains({rule, key, severity})) continue;
                    FAIL_CHECK(rule, " ", key, " was not announced, at ", iso_day(b.c.now_ms));
                }
                CHECK(after.size() == before.size());
            }
            b.c.now_ms = due;
            judged = b.judged();
            changes += names(judged) == before ? 0 : 1;
        }
    }
    CHECK(steps > 500);
    CHECK(changes > 200);
}

TEST_CASE("spans: agree with asking each moment") {
    Dice dice{7};
    for (int round = 0; round < 300; ++round) {
        Spans spans;
        for (std::int64_t i = dice.from(0, 6); i > 0; --i) {
            const auto from = dice.from(0, 40);
            spans.push_back({from, from + dice.from(0, 10)});
        }
        const Span within{dice.from(0, 20), dice.from(20, 50)};
        const Spans all = merged(spans), gaps = gaps_between(spans, within), cut = clipped(all, within);
        for (std::int64_t at = 0; at < 60; ++at) {
            const bool good = std::ranges::any_of(spans, [&](const Span& s) { return s.holds(at); });
            CHECK(holds(all, at) == good);
            CHECK(holds(gaps, at) == (!good && within.holds(at)));
            CHECK(holds(cut, at) == (good && within.holds(at)));
        }
    }
}

TEST_CASE("use: single exposures and hours give one count") {
    Dice dice{11};
    for (int round = 0; round < 50; ++round) {
        Builder b;
        b.state(day0 - 90 * day, State::in_use).now(day0);
        const std::int64_t end = day0 - 5 * day + dice.from(0, hour);
        b.permit(paper::PermitKind::radiation_safety, 0, end);
        std::map<std::int64_t, std::int64_t> hours;
        std::uint64_t after = 0;
        for (int i = 0; i < 60; ++i) {
            const std::int64_t at = day0 - 5 * day + dice.from(-3 * hour, 3 * hour);
            b.event(at);
            ++hours[at - at % hour];
            after += at >= end ? 1 : 0;
        }
        for (const auto& [at, n] : hours) b.use(at, n);
        const auto found = of(b.judged(), "V03");
        REQUIRE(found.size() == (after > 0 ? 1 : 0));
        if (after > 0) CHECK(found[0].count == after);
    }
}
