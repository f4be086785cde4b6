#include "firmware-sim/model/wrong.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gantry::sim {
namespace {

enum : std::uint64_t { stream_wrong = 81 };

constexpr std::int64_t forever_ms = INT64_MAX / 2;

std::vector<const Wrong*> collect() {
    std::vector<const Wrong*> out;
    for (const auto group : {permit_wrongs(), use_wrongs(), quality_wrongs(), proof_wrongs(), record_wrongs(),
                             dose_wrongs(), integrity_wrongs(), end_wrongs(), warning_wrongs()})
        for (const Wrong& wrong : group) out.push_back(&wrong);
    std::ranges::stable_sort(out, {}, &Wrong::rule);
    return out;
}

}  // namespace

std::span<const Wrong* const> all_wrongs() {
    static const std::vector<const Wrong*> wrongs = collect();
    return wrongs;
}

const Wrong* find_wrong(Rule rule) {
    const auto wrongs = all_wrongs();
    const auto found = std::ranges::find(wrongs, rule, &Wrong::rule);
    return found == wrongs.end() ? nullptr : *found;
}

Prng Stage::prng(Rule rule) const {
    return Prng::keyed(options.seed, profile.index, stream_wrong, static_cast<std::uint64_t>(rule));
}

std::string Stage::name(std::string_view what, Rule rule) const {
    return fmt::format("{}-{}-{}", what, profile.id, code(rule));
}

void Stage::stop(std::int64_t from_ms, std::int64_t to_ms, std::string_view fault) {
    const std::int64_t reported_ms = from_ms + 5 * minute_ms;
    OrderPaper order{.kind = "corrective",
                     .id = fmt::format("wo-{}-{}", profile.id, reported_ms / minute_ms),
                     .opened_ms = reported_ms,
                     .started_ms = 0,
                     .ended_ms = 0,
                     .fault_code = std::string{fault}};
    const std::string quoted = fmt::format(R"({{"work_order":"{}","function_check":true}})", order.id);
    at(from_ms, FaultRaised{fault, "hard", "generator"});
    file(reported_ms, order_paper(profile, order));
    at(reported_ms, Declared{"fault.reported",
                             "RAD",
                             "scanner stopped",
                             {"error_photo"},
                             fmt::format(R"({{"severity":"hard","code":"{}"}})", fault)});
    order.started_ms = from_ms + 30 * minute_ms;
    order.ended_ms = to_ms;
    at(order.started_ms, ServiceSession{true, false});
    at(to_ms - 5 * minute_ms, ServiceSession{false, false});
    at(to_ms - minute_ms, FaultCleared{fault});
    file(to_ms, order_paper(profile, order));
    at(to_ms, Declared{"repair.completed", "SVC", "function check passed", {"work_order"}, quoted});
    habit(Habit::closed, from_ms, to_ms + 5 * minute_ms);
    stops.push_back({reported_ms, to_ms});
}

void Stage::seal(std::int64_t at_ms) {
    at(at_ms, Declared{"seal.order",
                       "REG-H",
                       "operators without training",
                       {"sealing_order", "seal_photo"},
                       fmt::format(R"({{"order_no":"SO-{}"}})", profile.id)});
    file(at_ms, document_paper(options, profile, "sealing_order", at_ms));
    habit(Habit::closed, at_ms, forever_ms);
}

void Stage::retest(std::int64_t at_ms, std::string_view part) {
    file(at_ms, test_paper(options, profile,
                           {.kind = "status",
                            .id = fmt::format("status-{}-{}", profile.id, at_ms / minute_ms),
                            .at_ms = at_ms,
                            .items = constancy_items(200),
                            .covers = std::string{part}}));
    at(at_ms, Declared{"qc.passed", "QMP", "status test after repair", {"status_report"}, "{}"});
    dossier.retests.push_back(at_ms);
}

void Stage::own_test(std::string_view id, std::int64_t at_ms, bool passed, std::vector<PaperBody> items) {
    file(
        at_ms,
        test_paper(
            options, profile,
            {.kind = "constancy", .id = std::string{id}, .at_ms = at_ms, .passed = passed, .items = std::move(items)}));
}

}  // namespace gantry::sim
