#include "firmware-sim/model/violations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "firmware-sim/model/prng.hpp"

namespace gantry::sim {
namespace {

enum : std::uint64_t { stream_block = 11, stream_window = 12 };

constexpr std::size_t slot(Rule rule) { return static_cast<std::size_t>(rule); }

// Places after the wrongs: two lawful turns.
constexpr std::size_t slot_new = rules.size();
constexpr std::size_t slot_retired = rules.size() + 1;
static_assert(slot_retired < plan_block);

std::size_t slot_of(const FleetOptions& options, std::uint32_t index) {
    std::array<std::size_t, plan_block> order{};
    std::iota(order.begin(), order.end(), std::size_t{0});
    Prng prng = Prng::keyed(options.seed, index / plan_block, stream_block, 0);
    for (std::size_t i = order.size() - 1; i > 0; --i)
        std::swap(order[i], order[static_cast<std::size_t>(prng.between(0, static_cast<std::int64_t>(i)))]);
    return order[index % plan_block];
}

struct Window {
    double from;  ///< Share of the run.
    double to;    ///< Equal to `from`: exactly the least length.
    std::int64_t length_ms_min;
};

Window window_of(Rule rule) {
    switch (rule) {
        case Rule::use_before_commissioning:
            return {0.10, 0.55, 6 * hour_ms};
        case Rule::use_after_decommissioning:
            return {0.60, 0.90, 6 * hour_ms};
        case Rule::dark_scans:
            return {0.30, 0.60, day_ms};
        case Rule::paper_maintenance:
            return {0.40, 0.40, 4 * hour_ms};
        case Rule::silence:
            return {0.35, 0.35, 30 * hour_ms};
        case Rule::clock_wrong:
            return {0.45, 0.55, 6 * hour_ms};
        case Rule::counter_rollback:
            return {0.50, 0.50, hour_ms};
    }
    return {};
}

}  // namespace

std::string_view code(Rule rule) {
    switch (rule) {
        case Rule::use_before_commissioning:
            return "V10";
        case Rule::use_after_decommissioning:
            return "V14";
        case Rule::dark_scans:
            return "V19";
        case Rule::paper_maintenance:
            return "V26";
        case Rule::silence:
            return "V46";
        case Rule::clock_wrong:
            return "V49";
        case Rule::counter_rollback:
            return "V50";
    }
    return "?";
}

std::optional<Rule> rule_from_code(std::string_view text) {
    for (const Rule rule : rules)
        if (code(rule) == text) return rule;
    return std::nullopt;
}

std::string select_violations(std::string_view list, FleetOptions& options) {
    std::fill(std::begin(options.violations), std::end(options.violations), list == "default");
    if (list == "default" || list == "none") return {};
    while (true) {
        const std::size_t comma = list.find(',');
        const auto rule = rule_from_code(list.substr(0, comma));
        if (!rule)
            return fmt::format("got '{}', want default, none or a list of V10 V14 V19 V26 V46 V49 V50",
                               list.substr(0, comma));
        options.violations[slot(*rule)] = true;
        if (comma == std::string_view::npos) return {};
        list.remove_prefix(comma + 1);
    }
}

Plan plan_for(const FleetOptions& options, const Profile& profile) {
    const std::int64_t run_ms = options.days * day_ms;
    const auto at_share = [&](double share) {
        return options.from_ms + static_cast<std::int64_t>(share * static_cast<double>(run_ms));
    };
    const std::size_t place = slot_of(options, profile.index);
    if (place == slot_new) return {Turn::commissioned_in_window, {}, at_share(0.10), at_share(0.40)};
    if (place == slot_retired) return {Turn::decommissioned_in_window, {}, at_share(0.75), at_share(1.0)};
    if (place >= rules.size() || !options.violations[place]) return {};

    const Rule rule = rules[place];
    const Window window = window_of(rule);
    Plan plan{Turn::violation, rule, at_share(window.from), at_share(window.to)};
    // Patients come by day: whatever needs them starts at nine in the morning of its day.
    const std::int64_t day = local_day_of(profile.zone, plan.from_ms);
    plan.from_ms = local_midnight_utc_ms(profile.zone, day) + 9 * hour_ms;
    const bool exact = window.from == window.to;
    plan.to_ms = std::max(exact ? 0 : plan.to_ms, plan.from_ms + window.length_ms_min);
    // A run too short to hold it gets none, rather than a label nobody could find.
    if (plan.from_ms < options.from_ms || plan.to_ms > options.from_ms + run_ms) return {};
    return plan;
}

}  // namespace gantry::sim
