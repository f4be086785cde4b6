#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "server/domain/hour_cell.hpp"
#include "server/domain/rules/run.hpp"

// V53 to V57: the end of a life, and one that never began.
namespace gantry::rules {
namespace {

struct Ended {
    std::int64_t at_ms = 0;
    std::uint64_t leaf = 0;
    State state = State::none;
};

std::vector<Ended> ended(const Run& run, std::initializer_list<State> states) {
    std::vector<Ended> out;
    for (const StateSpan& span : run.device().states) {
        if (std::ranges::find(states, span.state) != states.end()) out.push_back({span.from_ms, span.leaf, span.state});
    }
    return out;
}

// The verdict of the latest status or acceptance test, or declared test, up to then; nullopt when none is known.
std::optional<bool> last_verdict(const Run& run, std::int64_t at_ms) {
    std::optional<bool> out;
    std::int64_t latest = std::numeric_limits<std::int64_t>::min();
    const auto see = [&](std::int64_t when, bool passed) {
        if (when > at_ms || when < latest) return;
        latest = when;
        out = passed;
    };
    for (const paper::Test& test : run.papers().tests) {
        if (test.kind == paper::TestKind::status || test.kind == paper::TestKind::acceptance)
            see(test.at_ms, test.passed);
    }
    for (const Declared& d : run.device().declared) {
        if (d.event == "qc.passed" || d.event == "acceptance.passed") see(d.at_ms, true);
        if (d.event == "qc.failed" || d.event == "status_test.failed" || d.event == "acceptance.failed")
            see(d.at_ms, false);
    }
    return out;
}

// V53. Takes the day it became TRANSFERRED, the last test before, labelled life, and recalls that match and were not
// closed by then. No known test, or unknown life: not judged. Closed on the moment of the transfer is closed.
void unfit_transfer(Run& run) {
    const paper::DeviceSheet& sheet = run.papers().sheet;
    for (const Ended& transfer : ended(run, {State::transferred})) {
        if (!run.covers(transfer.at_ms)) continue;
        const auto report = [&](const std::string& what, std::string got, std::string want) {
            Found found = run.found(fmt::format("{}@{}", what, iso_day(transfer.at_ms)), transfer.at_ms, transfer.at_ms,
                                    std::move(got), std::move(want));
            found.leaves = {transfer.leaf};
            run.add(std::move(found));
        };
        if (last_verdict(run, transfer.at_ms) == std::optional{false}) report("test", "last test failed", "passed");
        if (sheet.manufactured_ms && sheet.labelled_life_days) {
            const std::int64_t labelled = add_days(*sheet.manufactured_ms, *sheet.labelled_life_days);
            if (transfer.at_ms > std::max(labelled, sheet.life_extended_to_ms.value_or(labelled)))
                report("life", days_text(transfer.at_ms - *sheet.manufactured_ms),
                       fmt::format("{} d", *sheet.labelled_life_days));
        }
        for (const paper::Recall& recall : run.papers().recalls) {
            if (recall.notice_ms > transfer.at_ms || !matches(recall, run.device())) continue;
            if (recall_closed_ms(run.device(), recall).value_or(forever_ms) > transfer.at_ms)
                report("recall " + recall.id, "recall open", "recall closed");
        }
    }
}

// V54. Takes the day it became DECOMMISSIONED or DISPOSED, and permits that name the device. A permit by kind and scope
// names no device and need not be changed for one. On the last moment allowed, or once the permit ended, it is in time.
void permit_not_cancelled(Run& run) {
    const auto ends = ended(run, {State::decommissioned, State::disposed});
    if (ends.empty()) return;
    const Ended& end = ends.front();
    const std::int64_t due = end.at_ms + run.days_ms("within_days");
    run.due_at(due + 1);
    if (run.now_ms() <= due || !run.covers(due)) return;
    for (const paper::Permit& permit : run.papers().permits) {
        if (permit.devices.empty() || !names_device(permit.devices, run.device().device)) continue;
        const std::int64_t until = std::min(permit.to_ms, permit.cancelled_ms.value_or(forever_ms));
        if (permit.kind == paper::PermitKind::product_registration || until <= due) continue;
        Found found = run.found("permit:" + permit.id, due, until, days_text(std::min(until, run.now_ms()) - end.at_ms),
                                days_text(run.days_ms("within_days")));
        found.leaves = {end.leaf, permit.leaf};
        run.add(std::move(found));
    }
}

// V55. Takes the day it became DISPOSED or TRANSFERRED, documents of the kinds named, and declarations up to then that
// say data_wiped or beam_disabled. Only an ionising device has a beam. Missing is a violation.
void no_wipe_proof(Run& run) {
    for (const Ended& end : ended(run, {State::disposed, State::transferred})) {
        if (!run.covers(end.at_ms)) continue;
        const auto proven = [&](std::string_view kinds, std::string_view flag) {
            const bool document = std::ranges::any_of(run.papers().documents, [&](const paper::Document& d) {
                return d.at_ms <= end.at_ms && run.lists(kinds, d.kind);
            });
            return document || std::ranges::any_of(run.device().declared, [&](const Declared& d) {
                       return d.at_ms <= end.at_ms && flag_of(d, flag).value_or(false);
                   });
        };
        const auto report = [&](const char* what, std::string want) {
            Found found = run.found(fmt::format("{}@{}", what, iso_day(end.at_ms)), end.at_ms, end.at_ms, "no proof",
                                    std::move(want));
            found.leaves = {end.leaf};
            run.add(std::move(found));
        };
        if (!proven("wipe_kinds", "data_wiped")) report("data", "patient data wiped");
        if (ionising(run.device()) && !proven("beam_kinds", "beam_disabled")) report("beam", "X-ray disabled");
    }
}

// V56. Takes DISPOSED and the fleet's same_serial for the device's serial and those of its tubes. A serial that is not
// known shows up nowhere.
void resurrection(Run& run) {
    const auto ends = ended(run, {State::disposed});
    if (ends.empty() || !run.covers(run.now_ms())) return;
    std::set<std::string> serials{run.papers().sheet.serial, run.device().fold.identity.serial};
    for (const TubeFold& tube : run.device().fold.tubes) serials.insert(tube.serial);
    for (const std::string& serial : serials) {
        const auto same = run.device().same_serial.find(serial);
        if (serial.empty() || same == run.device().same_serial.end()) continue;
        for (const std::string& other : same->second) {
            if (other == run.device().device) continue;
            Found found = run.found(fmt::format("{}:{}", serial, other), ends.back().at_ms, forever_ms,
                                    serial + " at " + other, "disposed of");
            found.leaves = {ends.back().leaf};
            run.add(std::move(found));
        }
    }
}

void never_used(Run& run) {
    const auto delivered = ended(run, {State::delivered});
    if (delivered.empty()) return;
    const std::int64_t from = delivered.front().at_ms;
    const std::int64_t due = from + run.days_ms("delivered_days");
    std::int64_t until = forever_ms;
    for (const StateSpan& span : run.device().states) {
        const bool over = span.state == State::in_use || std::ranges::find(gone, span.state) != gone.end();
        if (over && span.from_ms >= from) until = std::min(until, span.from_ms);
    }
    if (until > due) run.due_at(due + 1);
    if (until <= due || run.now_ms() <= due || !run.covers(due)) return;
    Found found = run.found("delivered", due, until, days_text(std::min(until, run.now_ms()) - from),
                            days_text(run.days_ms("delivered_days")));
    found.leaves = {delivered.front().leaf};
    run.add(std::move(found));
}

// V57. Takes DELIVERED and the first IN_USE after it; and for stretches of `used_days` from the first day IN_USE the
// exams of the hours against the planned ones. Without a plan, or with less than `covered_permille` of a stretch
// watched, a stretch is not judged; nor is one in which the device was not IN_USE throughout but for PM and faults.
void sleeping_purchase(Run& run) {
    never_used(run);
    const auto planned = run.papers().sheet.planned_exams_per_day;
    if (!planned || *planned == 0) return;
    const std::int64_t length = run.days_ms("used_days");
    const auto& hours = run.device().hours;
    for (const Span& used : spans_in(run.device(), in_service)) {
        for (std::int64_t from = used.from_ms; from < used.to_ms; from += length) {
            const std::int64_t to = from + length;
            if (to <= used.to_ms) run.due_at(to);
            if (to > std::min(used.to_ms, run.now_ms())) break;
            if (!run.covers(from)) continue;
            std::int64_t exams = 0, covered = 0;
            auto hour = std::ranges::lower_bound(hours, from, {}, &UseHour::hour_ms);
            for (; hour != hours.end() && hour->hour_ms < to; ++hour) {
                exams += hour->exams;
                covered += hour->covered_minutes;
            }
            const std::int64_t plan = *planned * run.number("used_days");
            const bool watched = covered * 1'000 >= length / ms_per_minute * run.number("covered_permille");
            if (!watched || exams * 1'000 >= plan * run.number("used_permille")) continue;
            Found found = run.found("used@" + iso_day(from), from, to, fmt::format("{} exams", exams),
                                    fmt::format("{} exams", plan * run.number("used_permille") / 1'000));
            found.suspected = true;
            run.add(std::move(found));
        }
    }
}

const std::vector<RuleFunction> functions = {
    {"unfit_transfer", {}, unfit_transfer},
    {"permit_not_cancelled", {days("within_days", 366)}, permit_not_cancelled},
    {"no_wipe_proof", {texts("wipe_kinds"), texts("beam_kinds")}, no_wipe_proof},
    {"resurrection", {}, resurrection},
    {"sleeping_purchase",
     {days("delivered_days"), number("used_days", 1, 366), number("used_permille", 0, 1'000),
      number("covered_permille", 0, 1'000)},
     sleeping_purchase},
};

}  // namespace

std::span<const RuleFunction> end_functions() { return functions; }

}  // namespace gantry::rules
