#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "firmware-sim/model/device_model.hpp"

namespace gantry::sim {
namespace {

struct FaultKind {
    std::string_view code;
    std::string_view subsystem;
};
constexpr std::array<FaultKind, 8> kinds{{{"TUBE_ARC", "tube"},
                                          {"HV_GEN_17", "generator"},
                                          {"GANTRY_ROT", "gantry"},
                                          {"DAS_LINK", "detector"},
                                          {"TABLE_DRV", "table"},
                                          {"COOL_FLOW", "cooling"},
                                          {"RECON_HOST", "computer"},
                                          {"UPS_FAIL", "power"}}};

constexpr double faults_per_year = 6;
constexpr double year_days = 365.25;
constexpr int pm_interval_days = 91;
constexpr std::int64_t pm_length_ms = 4 * hour_ms;

// One order a start, numbered by its minute: enough to tell two orders of one scanner apart.
std::string order_id(const Profile& profile, std::int64_t opened_ms) {
    return fmt::format("wo-{}-{}", profile.id, opened_ms / minute_ms);
}
std::string quoted(const OrderPaper& order) {
    return fmt::format(R"({{"work_order":"{}","function_check":true}})", order.id);
}

}  // namespace

// Faults come faster with age: the rate grows by a sixth of its first value each year.
void DeviceModel::schedule_fault(std::int64_t from_ms) {
    const double age_years =
        static_cast<double>(from_ms - life_.commissioned_ms) / static_cast<double>(day_ms) / year_days;
    const double rate = faults_per_year * (0.6 + 0.1 * std::max(age_years, 0.0));
    next_fault_ms_ =
        from_ms + static_cast<std::int64_t>(life_prng_.exponential(year_days / rate) * static_cast<double>(day_ms));
}

// Lets the next fault happen if it falls before `limit_ms`; true when one took place.
bool DeviceModel::fail_before(Day& day, std::int64_t limit_ms) {
    if (next_fault_ms_ >= limit_ms) return false;
    std::int64_t at = std::max(next_fault_ms_, day.on_ms + minute_ms);
    if (at >= day.pm_from_ms && at < day.pm_to_ms) at = day.pm_to_ms + 20 * minute_ms;
    if (!eventful(at) || at < down_until_ms_ || at < life_.commissioned_ms) {
        schedule_fault(std::max(at, down_until_ms_));
        return false;
    }
    if (at >= limit_ms) {
        next_fault_ms_ = at;
        return false;
    }
    auto kind = static_cast<std::size_t>(life_prng_.between(0, static_cast<std::int64_t>(kinds.size()) - 1));
    // What was repaired holds for a month: the same fault again and again is a wrong of its own.
    for (std::size_t i = 0;
         i < kinds.size() && last_fault_ms_.contains(kind) && at - last_fault_ms_[kind] < 31 * day_ms; ++i)
        kind = (kind + 1) % kinds.size();
    last_fault_ms_[kind] = at;
    constexpr std::array<double, 4> weights{0.25, 0.05, 0.50, 0.20};
    switch (life_prng_.pick(weights)) {
        case 0:
            hard_fault(at, kind, "hard", life_prng_);
            break;
        case 1:
            hard_fault(at, kind, "safety", life_prng_);
            break;
        case 2:
            partial_fault(at, kind, "partial", life_prng_);
            break;
        default:
            partial_fault(at, kind, "info", life_prng_);
            break;
    }
    schedule_fault(std::max(at, down_until_ms_));
    return true;
}

// The scanner goes on with less; somebody looks at it from afar.
void DeviceModel::partial_fault(std::int64_t at_ms, std::size_t kind, std::string_view severity, Prng& prng) {
    const auto& what = kinds[kind];
    const auto repair_ms = static_cast<std::int64_t>(std::max(prng.lognormal(5, 0.6), 1.0) * hour_ms);
    push(at_ms, FaultRaised{what.code, severity, what.subsystem});
    push(at_ms + repair_ms, FaultCleared{what.code});
    if (severity == "info") return;
    OrderPaper order{.kind = "corrective",
                     .id = order_id(profile_, at_ms),
                     .opened_ms = at_ms + 10 * minute_ms,
                     .fault_code = std::string{what.code}};
    file(order.opened_ms, order_paper(profile_, order));
    order.started_ms = at_ms + repair_ms - 20 * minute_ms;
    order.ended_ms = at_ms + repair_ms + 10 * minute_ms;
    push(order.started_ms, ServiceSession{true, true});
    push(at_ms + repair_ms + 5 * minute_ms, ServiceSession{false, true});
    file(order.ended_ms, order_paper(profile_, order));
}

void DeviceModel::hard_fault(std::int64_t at_ms, std::size_t kind, std::string_view severity, Prng& prng) {
    const auto& what = kinds[kind];
    double hours = std::max(prng.lognormal(6, 0.7), 2.0);
    if (prng.chance(0.05)) hours += 24 * prng.uniform(2, 5);  // A part has to be flown in.
    const std::int64_t restored = at_ms + static_cast<std::int64_t>(hours * hour_ms);
    const std::int64_t visit = std::max(at_ms + 40 * minute_ms, restored - 3 * hour_ms);
    const std::int64_t reported = at_ms + prng.between(5, 20) * minute_ms;
    OrderPaper order{.kind = "corrective",
                     .id = order_id(profile_, at_ms),
                     .opened_ms = reported,
                     .fault_code = std::string{what.code}};
    push(at_ms, FaultRaised{what.code, severity, what.subsystem});
    file(reported, order_paper(profile_, order));
    push(reported, Declared{"fault.reported",
                            "RAD",
                            "scanner stopped",
                            {"error_photo"},
                            fmt::format(R"({{"severity":"{}","code":"{}"}})", severity, what.code)});
    service_visit(visit, restored, prng);
    push(restored, FaultCleared{what.code});
    order.started_ms = visit;
    order.ended_ms = restored + 10 * minute_ms;
    file(order.ended_ms, order_paper(profile_, order));
    push(order.ended_ms, Declared{"repair.completed", "SVC", "function check passed", {"work_order"}, quoted(order)});
    stops_.push_back({reported, order.ended_ms});
    down_until_ms_ = restored + 15 * minute_ms;
}

void DeviceModel::wear(const Exam& exam, Prng& prng) {
    for (const auto& shot : exam.shots)
        for (int i = 0; i < shot.exposure.sources; ++i)
            tubes_[static_cast<std::size_t>(i)].used_ms += shot.exposure.duration_ms;
    for (std::size_t i = 0; i < static_cast<std::size_t>(profile_.sources); ++i) {
        if (tubes_[i].used_ms < tubes_[i].life_ms || exam.end_ms < down_until_ms_ || !eventful(exam.end_ms)) continue;
        replace_tube(exam.end_ms + minute_ms, i, prng);
        return;
    }
}

// A worn-out tube: a day or two without the scanner, a new serial, and the test that the law asks for before patients.
void DeviceModel::replace_tube(std::int64_t at_ms, std::size_t tube, Prng& prng) {
    const auto place = static_cast<int>(tube);
    auto& worn = tubes_[tube];
    const std::string old_serial = tube_serial(options_, profile_.index, place, worn.generation);
    worn = {0, tube_life_ms(options_, profile_.index, tube, worn.generation + 1), worn.generation + 1};
    const std::string new_serial = tube_serial(options_, profile_.index, place, worn.generation);

    const std::int64_t fitted = at_ms + prng.between(18, 50) * hour_ms;
    const std::int64_t tested = fitted + prng.between(3, 8) * hour_ms;
    OrderPaper order{.kind = "corrective",
                     .id = order_id(profile_, at_ms),
                     .opened_ms = at_ms + 12 * minute_ms,
                     .fault_code = "TUBE_EOL"};
    push(at_ms, FaultRaised{"TUBE_EOL", "hard", "tube"});
    file(order.opened_ms, order_paper(profile_, order));
    push(order.opened_ms,
         Declared{
             "fault.reported", "RAD", "tube worn out", {"error_photo"}, R"({"severity":"hard","code":"TUBE_EOL"})"});
    push(fitted - 4 * hour_ms, ServiceSession{true, false});
    push(fitted - hour_ms, PartReplaced{place, old_serial, new_serial});
    push(fitted - hour_ms + minute_ms,
         Declared{"part.replaced",
                  "SVC",
                  "tube worn out",
                  {"work_order", "part_label"},
                  fmt::format(R"({{"part":"tube","old_serial":"{}","new_serial":"{}","major":true}})", old_serial,
                              new_serial)});
    test_scans(fitted - 50 * minute_ms, 3, Purpose::service, prng);
    push(fitted - 10 * minute_ms, FaultCleared{"TUBE_EOL"});
    push(fitted - 5 * minute_ms, ServiceSession{false, false});
    order.started_ms = fitted - 4 * hour_ms;
    order.ended_ms = fitted;
    order.part = "tube";
    order.old_serial = old_serial;
    order.new_serial = new_serial;
    file(fitted, order_paper(profile_, order));
    push(fitted, Declared{"repair.completed", "SVC", "tube replaced", {"work_order"}, quoted(order)});
    stops_.push_back({order.opened_ms, fitted});
    test_scans(tested - 90 * minute_ms, 6, Purpose::phantom, prng);
    auto items = constancy_items(200);
    items.push_back(test_item("ctdi_w", 18'000, 0, 50'000));
    file(tested, test_paper(options_, profile_,
                            {.kind = "status",
                             .id = fmt::format("status-{}-{}", profile_.id, tested / minute_ms),
                             .at_ms = tested,
                             .items = std::move(items)}));
    status_passed_.push_back(tested);
    dossier_.status = {tested, tested + 350 * day_ms};
    push(tested, Declared{"qc.passed", "QMP", "status test after tube", {"status_report"}, "{}"});
    down_until_ms_ = tested + 15 * minute_ms;
}

void DeviceModel::service_visit(std::int64_t from_ms, std::int64_t to_ms, Prng& prng) {
    push(from_ms, ServiceSession{true, false});
    test_scans(to_ms - 35 * minute_ms, 2, Purpose::service, prng);
    push(to_ms - 5 * minute_ms, ServiceSession{false, false});
}

void DeviceModel::test_scans(std::int64_t from_ms, int count, Purpose purpose, Prng& prng) {
    std::int64_t at = from_ms;
    for (; count > 0; --count) {
        const Exam exam = phantom_exam(prng, profile_, ++exam_count_, at, purpose);
        push_exam(exam);
        at = exam.end_ms + minute_ms;
    }
}

// Four times a year, four hours of a working day, with a session on the console and scans of test objects.
void DeviceModel::maintain(Day& day) {
    if (day.day < next_pm_day_) return;
    const std::int64_t from = day.start_ms + 8 * hour_ms + 30 * minute_ms;
    const std::int64_t to = from + pm_length_ms;
    const bool possible = weekday(day.day) < 5 && from > down_until_ms_ && from > life_.commissioned_ms + day_ms &&
                          !busy(day.start_ms, day.end_ms) && free_ms_ <= from && from > day.on_ms &&
                          (life_.ended_ms == 0 || to < life_.ended_ms) &&
                          (plan_.turn != Turn::commissioned_in_window || from > plan_.to_ms + day_ms) &&
                          (plan_.turn != Turn::sealed_in_window || to < plan_.from_ms);
    if (!possible) return;
    next_pm_day_ = day.day + pm_interval_days;
    day.pm_from_ms = from;
    day.pm_to_ms = to;
    OrderPaper order{.kind = "preventive",
                     .id = order_id(profile_, from),
                     .opened_ms = from - day_ms,
                     .started_ms = from,
                     .schedule = "pm-" + profile_.id};
    file(from, order_paper(profile_, order));
    push(from, Declared{"pm.started", "SVC", "quarterly maintenance", {"checklist_version"}, quoted(order)});
    push(from + 5 * minute_ms, ServiceSession{true, false});
    test_scans(from + 3 * hour_ms, 6, Purpose::service, day.prng);
    if (day.prng.chance(0.15) && !plan_.of(Rule::V31)) {
        const std::string next = fmt::format("{}.p{}", profile_.software, day.day % 100);
        file(from + 3 * hour_ms, order_paper(profile_, {.kind = "field_change",
                                                        .id = order.id + "-sw",
                                                        .opened_ms = from,
                                                        .started_ms = from + hour_ms,
                                                        .ended_ms = from + 3 * hour_ms}));
        push(from + 2 * hour_ms, SoftwareChanged{software_, next});
        software_ = next;
    }
    push(to - 10 * minute_ms, ServiceSession{false, false});
    order.ended_ms = to;
    file(to, order_paper(profile_, order));
    push(to,
         Declared{"pm.completed", "SVC", "checklist complete", {"signed_checklist"}, R"({"checklist_complete":true})"});
}

}  // namespace gantry::sim
