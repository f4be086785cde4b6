#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "server/domain/hour_cell.hpp"
#include "server/domain/rules/run.hpp"

// V30 to V36: what must be written down: access, changes, parts, documents, events, recalls, repeated faults.
namespace gantry::rules {
namespace {

using paper::WorkOrder;

// V30. Takes starts of service sessions (service.session, audit 110139 and 110141) and work orders from opening to end.
// A declaration that quotes a work order stands for one at its time. Exactly two hours away is near enough. Sessions of
// a state PM or FAULT need an order just the same. One finding a day.
void access_without_order(Run& run) {
    const std::int64_t near = run.number("within_minutes") * ms_per_minute;
    Spans open;
    for (const WorkOrder& order : run.papers().work_orders)
        open.push_back({order.opened_ms - near, order.ended_ms ? *order.ended_ms + near + 1 : forever_ms});
    for (const Declared& d : run.device().declared) {
        if (text_of(d, "work_order")) open.push_back({d.at_ms - near, d.at_ms + near + 1});
    }
    open = merged(std::move(open));
    std::vector<const Signal*> starts;
    for (const Signal& signal : run.signals("service.session")) {
        if (signal.text("phase") == "start") starts.push_back(&signal);
    }
    for (const Signal& signal : run.signals("audit")) {
        const auto code = signal.number("code");
        if (code == 110139 || code == 110141) starts.push_back(&signal);
    }
    std::map<std::string, std::pair<Found, Leaves>> by_day;
    for (const Signal* start : starts) {
        if (holds(open, start->at_ms) || !run.covers(start->at_ms)) continue;
        const std::string key = iso_day(start->at_ms);
        auto [place, fresh] =
            by_day.try_emplace(key,
                               run.found(key, start->at_ms, start->at_ms, "service session",
                                         fmt::format("a work order within {} min", run.number("within_minutes"))),
                               Leaves{});
        Found& found = place->second.first;
        if (!fresh) ++found.count;
        found.from_ms = std::min(found.from_ms, start->at_ms);
        found.to_ms = std::max(found.to_ms, start->at_ms);
        place->second.second.add(start->leaf);
    }
    for (auto& [key, entry] : by_day) {
        entry.first.leaves = entry.second.take();
        run.add(std::move(entry.first));
    }
}

// Whether something was recorded between the last sight of the old and `grace` after the first sight of the new.
template <class Fits>
bool declared_between(const Run& run, Span span, Fits fits) {
    return std::ranges::any_of(run.device().declared,
                               [&](const Declared& d) { return span.holds(d.at_ms) && fits(d); });
}

// V31. Takes software versions of `identity` moments, config.changed of software, declared change.software, and field
// changes (work orders). It may be recorded up to `grace_days` after it was seen. A first version is no change.
void silent_software_change(Run& run) {
    const std::int64_t grace = run.days_ms("grace_days");
    const auto judge_change = [&](std::int64_t since, const Signal& now, const std::string& from,
                                  const std::string& to) {
        if (!run.covers(now.at_ms)) return;
        run.due_at(now.at_ms + grace + 1);
        const Span span{since, now.at_ms + grace + 1};
        const bool told = declared_between(run, span, [](const Declared& d) { return d.event == "change.software"; }) ||
                          std::ranges::any_of(run.papers().work_orders, [&](const WorkOrder& order) {
                              return order.kind == "field_change" && order.opened_ms < span.to_ms &&
                                     order.ended_ms.value_or(forever_ms) >= span.from_ms;
                          });
        if (told || run.now_ms() <= now.at_ms + grace) return;
        Found found = run.found("sw:" + to + "@" + iso_day(now.at_ms), now.at_ms, now.at_ms, from + " to " + to,
                                "a recorded change");
        found.leaves = {now.leaf};
        run.add(std::move(found));
    };
    std::string version;
    std::int64_t since = 0;
    for (const Signal& signal : run.signals("identity")) {
        const std::string now = signal.text("sw");
        if (now.empty()) continue;
        if (!version.empty() && now != version) judge_change(since, signal, version, now);
        version = now;
        since = signal.at_ms;
    }
    for (const Signal& signal : run.signals("config.changed")) {
        if (signal.text("item") == "software" && signal.text("old") != signal.text("new"))
            judge_change(signal.at_ms - grace, signal, signal.text("old"), signal.text("new"));
    }
}

// V32. Takes `counter` moments by tube, part.replaced (seen or declared) and parts of work orders. Another serial, or a
// counter that fell while no serial is told, without a replaced tube between the last sight of the old and `grace_days`
// after the first of the new. A serial that is not told is unknown. With the same serial it is V50.
void silent_part_swap(Run& run) {
    run.known_from(run.device().frequent_from_ms);
    const std::int64_t grace = run.days_ms("grace_days");
    const auto is_tube = [](std::string_view part) { return part == "tube"; };
    std::map<std::string, const Signal*> before;
    for (const Signal& now : run.signals("counter")) {
        const Signal* last = std::exchange(before[now.text("tube_id")], &now);
        if (!last || !run.covers(now.at_ms)) continue;
        const std::string was = last->text("tube_serial"), is = now.text("tube_serial");
        const bool other = !was.empty() && !is.empty() && was != is;
        const auto old_scan = last->number("scan_ms"), new_scan = now.number("scan_ms");
        const bool fell = was.empty() && is.empty() && old_scan && new_scan && *new_scan < *old_scan;
        if (!other && !fell) continue;
        run.due_at(now.at_ms + grace + 1);
        const Span span{last->at_ms, now.at_ms + grace + 1};
        const auto seen = [&](const Signal& s) { return span.holds(s.at_ms) && is_tube(s.text("part")); };
        const bool told = std::ranges::any_of(run.signals("part.replaced"), seen) ||
                          declared_between(run, span,
                                           [&](const Declared& d) {
                                               const std::string* part = text_of(d, "part");
                                               return d.event == "part.replaced" && part && is_tube(*part);
                                           }) ||
                          std::ranges::any_of(run.papers().work_orders, [&](const WorkOrder& order) {
                              return order.opened_ms < span.to_ms &&
                                     order.ended_ms.value_or(forever_ms) >= span.from_ms &&
                                     std::ranges::any_of(order.parts, is_tube, &paper::PartUsed::part);
                          });
        if (told || run.now_ms() <= now.at_ms + grace) continue;
        Found found = run.found(fmt::format("tube {}@{}", now.text("tube_id"), iso_day(now.at_ms)), now.at_ms,
                                now.at_ms, other ? was + " to " + is : "counter fell", "a recorded replacement");
        found.suspected = fell;
        found.leaves = {last->leaf, now.leaf};
        run.add(std::move(found));
    }
}

// V33. Takes documents and the current state. Every kind that the table lists for the state (separated by commas) must
// be on file `within_days` after the state began; at exactly that time it is not late. A test with a report stands for
// acceptance_report or test_report. States that the table does not list want nothing.
void file_incomplete(Run& run) {
    if (run.device().states.empty() || !run.covers(run.now_ms())) return;
    const StateSpan& now = run.device().states.back();
    const bool serving = std::ranges::find(in_service, now.state) != in_service.end() || now.state == State::retest;
    const auto wanted = run.words("kinds_by_state").find(name(serving ? State::in_use : now.state));
    if (wanted == run.words("kinds_by_state").end()) return;
    // Maintenance, faults and their tests interrupt use, not the duty to keep the file.
    std::int64_t since = now.from_ms;
    if (const Spans spans = spans_in(run.device(), {State::in_use, State::pm, State::fault, State::retest});
        holds(spans, now.from_ms))
        since = spans.back().from_ms;
    const std::int64_t due = since + run.days_ms("within_days");
    run.due_at(due + 1);
    if (run.now_ms() <= due) return;
    std::set<std::string, std::less<>> held;
    for (const paper::Document& document : run.papers().documents) held.insert(document.kind);
    for (const paper::Test& test : run.papers().tests) {
        if (!test.report_sha256.empty())
            held.insert(test.kind == paper::TestKind::acceptance ? "acceptance_report" : "test_report");
    }
    if (!run.papers().permits.empty()) held.insert("permit_copies");
    std::string_view rest = wanted->second;
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const std::string kind{rest.substr(0, comma)};
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        if (held.contains(kind)) continue;
        run.add(run.found("document:" + kind, due, forever_ms, kind + " missing " + days_text(run.now_ms() - since),
                          days_text(run.days_ms("within_days"))));
    }
}

// V34. Takes adverse events. Harm "none" owes no report here. On the last moment allowed it is in time.
void adverse_event_unreported(Run& run) {
    for (const paper::AdverseEvent& event : run.papers().adverse_events) {
        const auto within = run.table("within_days").find(event.harm);
        if (within == run.table("within_days").end() || !run.covers(event.at_ms)) continue;
        const std::int64_t due = add_days(event.at_ms, within->second);
        run.due_at(due + 1);
        const std::int64_t until = event.reported_ms.value_or(forever_ms);
        if (until <= due || run.now_ms() <= due) continue;
        Found found = run.found("event:" + event.id, due, until, days_text(std::min(until, run.now_ms()) - event.at_ms),
                                days_text(within->second * ms_per_day));
        found.leaves = {event.leaf};
        run.add(std::move(found));
    }
}

// V35. Takes recalls that match the device and the answers. A recall counts from its notice, or from the register entry
// of a device that came later. Not closed by the day that the recall states; without one, only the acknowledgement.
void recall_unanswered(Run& run) {
    for (const paper::Recall& recall : run.papers().recalls) {
        if (!matches(recall, run.device()) || !run.covers(recall.notice_ms)) continue;
        std::optional<std::int64_t> acknowledged;
        for (const paper::RecallAnswer& answer : run.papers().recall_answers) {
            if (answer.recall != recall.id || answer.device != run.device().device) continue;
            for (const auto at : {answer.acknowledged_ms, answer.closed_ms}) {
                if (at) acknowledged = std::min(acknowledged.value_or(forever_ms), *at);
            }
        }
        const auto late = [&](const char* what, std::int64_t due, std::optional<std::int64_t> done) {
            if (due == forever_ms) return;
            run.due_at(due + 1);
            const std::int64_t until = done.value_or(forever_ms);
            if (until <= due || run.now_ms() <= due) return;
            Found found = run.found(fmt::format("{}:{}", what, recall.id), due, until,
                                    days_text(std::min(until, run.now_ms()) - recall.notice_ms),
                                    days_text(due - recall.notice_ms));
            found.leaves = {recall.leaf};
            run.add(std::move(found));
        };
        const std::int64_t from = std::max(recall.notice_ms, run.device().registered_ms);
        late("acknowledge", from + run.days_ms("acknowledge_days"), acknowledged);
        late("close", std::max(recall.close_by_ms, from), recall_closed_ms(run.device(), recall));
    }
}

// V36. Takes corrective work orders with a fault code and outcome resolved, by the time they were opened. The last of
// `times` within exactly `within_days` of the first still counts. Orders without code or outcome are unknown.
void repeated_fault(Run& run) {
    std::map<std::string, std::vector<const WorkOrder*>> by_code;
    for (const WorkOrder& order : run.papers().work_orders) {
        if (!order.fault_code.empty() && order.outcome == "resolved") by_code[order.fault_code].push_back(&order);
    }
    const auto times = static_cast<std::size_t>(run.number("times"));
    for (auto& [code, orders] : by_code) {
        std::ranges::sort(orders, {}, &WorkOrder::opened_ms);
        for (std::size_t first = 0; first + times <= orders.size();) {
            const auto near = [&](std::size_t i) {
                return orders[i]->opened_ms - orders[i + 1 - times]->opened_ms <= run.days_ms("within_days");
            };
            std::size_t last = first + times - 1;
            if (!near(last)) {
                ++first;
                continue;
            }
            while (last + 1 < orders.size() && near(last + 1)) ++last;
            Found found =
                run.found(fmt::format("{}@{}", code, iso_day(orders[first]->opened_ms)), orders[first]->opened_ms,
                          orders[last]->opened_ms, fmt::format("{} times", last - first + 1),
                          fmt::format("fewer than {} in {} d", times, run.number("within_days")));
            Leaves leaves;
            for (std::size_t i = first; i <= last; ++i) leaves.add(orders[i]->leaf);
            found.leaves = leaves.take();
            found.count = last - first + 1;
            if (run.covers(orders[last]->opened_ms)) run.add(std::move(found));
            first = last + 1;
        }
    }
}

const std::vector<RuleFunction> functions = {
    {"access_without_order", {number("within_minutes", 0, 10'080)}, access_without_order},
    {"silent_software_change", {days("grace_days", 366)}, silent_software_change},
    {"silent_part_swap", {days("grace_days", 366)}, silent_part_swap},
    {"file_incomplete", {words("kinds_by_state"), days("within_days")}, file_incomplete},
    {"adverse_event_unreported", {table("within_days", 0, 366)}, adverse_event_unreported},
    {"recall_unanswered", {days("acknowledge_days", 366)}, recall_unanswered},
    {"repeated_fault", {number("times", 2, 100), days("within_days", 366)}, repeated_fault},
};

}  // namespace

std::span<const RuleFunction> record_functions() { return functions; }

}  // namespace gantry::rules
