#include "server/domain/lifecycle_guards_papers.hpp"

#include <fmt/format.h>

// The guards that ask for tests, people, upkeep and recalls.
namespace gantry {
namespace {

using namespace guards;
using namespace paper;
using Context = const GuardContext&;
using Answer = std::optional<Refused>;

// ---- tests -------------------------------------------------------------------------------------------------------

using Kinds = std::initializer_list<TestKind>;

// The test that a declaration rests on: the one that data.test names, else the latest of these kinds by then.
const Test* test_of(Context c, Kinds kinds) {
    const std::string named = text_or_empty(c, "test");
    const Test* found = nullptr;
    for (const Test& test : c.facts.papers.tests) {
        const bool fits = std::ranges::find(kinds, test.kind) != kinds.end() && test.at_ms <= at(c) &&
                          (named.empty() || test.id == named);
        if (fits && (!found || found->at_ms <= test.at_ms)) found = &test;
    }
    return found;
}

Answer no_test(Context c, std::string_view what) {
    return refused(fmt::format("no {} on file by {}", what, day(at(c))), fmt::format("the report of a {}", what),
                   fmt::format("test {}", what), "QMP");
}

// A report gives the day: one of the day on which the state began counts, wherever on earth that day was.
bool is_older(Context c, const Test& test) { return test.at_ms + ms_of_day <= c.life.since_ms; }

Answer want_pass(Context c, const Test& test) {
    if (is_older(c, test))
        return refused(fmt::format("test {} of {}", test.id, day(test.at_ms)),
                       fmt::format("a test since {}, when {} began", day(c.life.since_ms), name(c.life.state)), "test",
                       "QMP");
    std::string failed;
    for (const TestItem& item : test.items)
        if (item.mandatory && !item.pass) failed += (failed.empty() ? "" : ", ") + item.item;
    if (test.passed && failed.empty()) return {};
    return refused(failed.empty() ? fmt::format("test {} did not pass", test.id)
                                  : fmt::format("test {}: failed {}", test.id, failed),
                   "a passed test, every mandatory item in its limits", "test", "QMP");
}

// ACCEPTANCE rests on an acceptance test; every other state on a status or acceptance test.
const Test* judged_test(Context c) {
    return c.life.state == State::acceptance ? test_of(c, {TestKind::acceptance})
                                             : test_of(c, {TestKind::status, TestKind::acceptance});
}
std::string_view judged_name(Context c) {
    return c.life.state == State::acceptance ? "acceptance test" : "status test";
}

Answer all_items_pass(Context c) {
    const Test* test = judged_test(c);
    return test ? want_pass(c, *test) : no_test(c, judged_name(c));
}

Answer tester_accredited(Context c) {
    const Test* test = judged_test(c);
    if (!test) return no_test(c, judged_name(c));
    if (test->body.empty())
        return refused(fmt::format("test {} names no test body", test->id), "a test by an accredited body", "test.body",
                       "QMP");
    if (certificate_of(c, test->body, "accreditation", test->at_ms)) return {};
    return refused(fmt::format("no accreditation of {} in force on {}", test->body, day(test->at_ms)),
                   "a body accredited on the day of the test", "certificate accreditation", "QMP");
}

Answer instrument_calibrated(Context c) {
    const Test* test = judged_test(c);
    if (!test) return no_test(c, judged_name(c));
    if (test->instruments.empty())
        return refused(fmt::format("test {} names no instrument", test->id), "the instruments that measured",
                       "test.instruments", "QMP");
    const std::int64_t age_max = c.table.policy().calibration_days * ms_of_day;
    for (const std::string& instrument : test->instruments) {
        const bool calibrated = std::ranges::any_of(c.facts.papers.certificates, [&](const Certificate& paper) {
            return paper.subject == instrument && paper.kind == "calibration" && paper.in_force(test->at_ms) &&
                   test->at_ms - paper.from_ms <= age_max;
        });
        if (!calibrated)
            return refused(fmt::format("no calibration of {} in force on {}", instrument, day(test->at_ms)),
                           fmt::format("a calibration not older than {} d", c.table.policy().calibration_days),
                           "certificate calibration", "QMP");
    }
    return {};
}

// The parts replaced since the last test, each covered by this one; a test that names no parts covers all.
Answer test_covers_items(Context c) {
    const Test* test = judged_test(c);
    if (!test) return no_test(c, judged_name(c));
    if (auto failed = want_pass(c, *test)) return failed;
    if (test->covers.empty()) return {};
    for (const std::string& part : c.life.parts)
        if (!names(test->covers, part))
            return refused(fmt::format("test {} does not cover {}", test->id, part),
                           "a test that covers every part that was replaced", "test.covers", "QMP");
    return {};
}

Answer last_test_passed(Context c) {
    const Test* test = test_of(c, {TestKind::status, TestKind::acceptance});
    if (!test) return no_test(c, "status test");
    if (test->passed) return {};
    return refused(fmt::format("test {} of {} failed", test->id, day(test->at_ms)), "a last test that passed", "test",
                   "QMP");
}

Answer site_protection_accepted(Context c) {
    const Test* survey = test_of(c, {TestKind::site_protection});
    if (!survey) return no_test(c, "site_protection test");
    if (!survey->passed)
        return refused(fmt::format("survey {} did not pass", survey->id), "a passed survey of the site's protection",
                       "test site_protection", "QMP");
    return want_room(c, &Room::evaluation_accepted_ms, "evaluation_accepted", "REG-H");
}

Answer baseline_values_stored(Context c) {
    if (test_of(c, {TestKind::constancy}) || document_of(c, {"baseline_file"})) return {};
    return refused("no baseline on file", "a constancy test or baseline file of before use", "test constancy", "QMP");
}

// ---- people, upkeep, recalls ---------------------------------------------------------------------------------------

Answer operator_qualified(Context c) {
    const LifecyclePolicy& policy = c.table.policy();
    std::string got = "no operator on file";
    for (const Operator& person : c.facts.papers.operators) {
        const std::string who = person.person.empty() ? person.id : person.person;
        if (person.training_to_ms <= at(c))
            got = fmt::format("{}: training ended {}", who, day(person.training_to_ms));
        else if (at(c) - person.dosimetry_at_ms > policy.operator_dosimetry_days * ms_of_day)
            got = fmt::format("{}: dosimetry of {}", who, day(person.dosimetry_at_ms));
        else if (at(c) - person.health_check_at_ms > policy.operator_health_days * ms_of_day)
            got = fmt::format("{}: health check of {}", who, day(person.health_check_at_ms));
        else
            return {};
    }
    return refused(got,
                   fmt::format("an operator with training, dosimetry of at most {} d and health check of at most {} d",
                               policy.operator_dosimetry_days, policy.operator_health_days),
                   "operator", "HM");
}

Answer pm_plan_stored(Context c) {
    const bool planned = std::ranges::any_of(c.facts.papers.schedules, [&](const Schedule& plan) {
        return plan.work == "pm" && plan.from_ms <= at(c) && at(c) < plan.to_ms;
    });
    if (planned) return {};
    return refused("no maintenance plan in force", "a schedule of preventive maintenance", "schedule pm", "HM");
}

Answer no_stop_use_recall(Context c) {
    for (const Recall& recall : c.facts.papers.recalls) {
        if (recall.action != RecallAction::stop_use || recall.notice_ms > at(c)) continue;
        const bool closed = std::ranges::any_of(c.facts.papers.recall_answers, [&](const RecallAnswer& answer) {
            return answer.recall == recall.id && answer.closed_ms && *answer.closed_ms <= at(c);
        });
        if (!closed)
            return refused(fmt::format("recall {} of {}: stop use", recall.id, day(recall.notice_ms)),
                           "no open recall that stops the use", "recall_answer closed_at", "MFR, SVC");
    }
    return {};
}

const WorkOrder* order_of(Context c) {
    const std::string no = text_or_empty(c, "work_order");
    for (const WorkOrder& order : c.facts.papers.work_orders)
        if (order.id == no) return &order;
    return nullptr;
}

// The number at least; an order that is on file must be open.
Answer work_order(Context c) {
    if (auto missing = want_text(c, "work_order", "the number of the work order")) return missing;
    const WorkOrder* order = order_of(c);
    if (!order || order->open_at(at(c))) return {};
    return refused(fmt::format("work order {} from {} to {}", order->id, time_text(order->opened_ms),
                               order->ended_ms ? time_text(*order->ended_ms) : "now"),
                   "a work order that is open at that time", "data.work_order", declarer(c));
}

// The order's own checklist when it has one, else the word of who signs.
Answer checklist_complete(Context c) {
    const WorkOrder* order = order_of(c);
    if (!order || order->checklist.empty())
        return want_true(c, "checklist_complete", "every item of the checklist is done, or data.work_order with one");
    std::string open;
    for (const ChecklistItem& item : order->checklist)
        if (!item.done) open += (open.empty() ? "" : ", ") + item.item;
    if (open.empty()) return {};
    return refused("not done: " + open, "every item of the checklist done", "work_order.checklist", "SVC");
}

// Within the labelled life from manufacture, or within its assessed extension.
Answer not_obsolete(Context c) {
    const DeviceSheet& sheet = c.facts.papers.sheet;
    if (sheet.life_extended_to_ms && at(c) < *sheet.life_extended_to_ms) return {};
    if (!sheet.manufactured_ms || !sheet.labelled_life_days)
        return refused("date of manufacture or labelled life not told", "a device sheet that tells both",
                       sheet.manufactured_ms ? "device_sheet.labelled_life_days" : "device_sheet.manufactured_at",
                       "HM");
    const std::int64_t end = *sheet.manufactured_ms + *sheet.labelled_life_days * ms_of_day;
    if (at(c) < end) return {};
    return refused("labelled life ended " + day(end), "a device within its labelled life or its extension",
                   "device_sheet.life_extended_to", "MFR");
}

constexpr NamedGuard named[] = {
    {"all_items_pass", all_items_pass, Asks::papers},
    {"tester_accredited", tester_accredited, Asks::papers},
    {"instrument_calibrated", instrument_calibrated, Asks::papers},
    {"site_protection_accepted", site_protection_accepted, Asks::papers},
    {"no_stop_use_recall", no_stop_use_recall, Asks::papers},
    {"operator_qualified", operator_qualified, Asks::papers},
    {"baseline_values_stored", baseline_values_stored, Asks::papers},
    {"pm_plan_stored", pm_plan_stored, Asks::papers},
    {"work_order", work_order, Asks::papers},
    {"checklist_complete", checklist_complete, Asks::papers},
    {"test_covers_items", test_covers_items, Asks::papers},
    {"last_test_passed", last_test_passed, Asks::papers},
    {"not_obsolete", not_obsolete, Asks::papers},
};

}  // namespace

std::span<const NamedGuard> upkeep_guards() { return named; }

}  // namespace gantry
