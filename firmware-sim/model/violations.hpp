#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/model/profile.hpp"

namespace gantry::sim {

/// What can be planted. The codes are those of the rule catalogue.
enum class Rule {
    use_before_commissioning,   ///< V10
    use_after_decommissioning,  ///< V14
    dark_scans,                 ///< V19: the counter grows, no exposure is reported
    paper_maintenance,          ///< V26: maintenance declared while patients are scanned
    silence,                    ///< V46: nothing at all for over a day, with no power.off
    clock_wrong,                ///< V49: the device's clock jumps back and is set right later
    counter_rollback,           ///< V50: scan time decreases on the same tube
};
inline constexpr std::array rules{Rule::use_before_commissioning,
                                  Rule::use_after_decommissioning,
                                  Rule::dark_scans,
                                  Rule::paper_maintenance,
                                  Rule::silence,
                                  Rule::clock_wrong,
                                  Rule::counter_rollback};

std::string_view code(Rule rule);
std::optional<Rule> rule_from_code(std::string_view code);
/// "default", "none" or "V10,V19": sets `options.violations`; the answer is what was wrong, or empty.
std::string select_violations(std::string_view list, FleetOptions& options);

/// A planted wrong, as the truth file tells it. `from` and `to` close round what was really done, not what was planned.
struct Violation {
    Rule rule;
    std::int64_t from_ms;
    std::int64_t to_ms;
};

/// What is planned for one device: at most one wrong, or a lawful turn of life, so that every finding has one cause.
enum class Turn { none, violation, commissioned_in_window, decommissioned_in_window };
struct Plan {
    Turn turn = Turn::none;
    Rule rule = Rule::dark_scans;  ///< When turn == violation.
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
};

/// Every block of 16 devices holds each selected wrong once and two lawful turns, at places drawn from the seed.
inline constexpr std::uint32_t plan_block = 16;
Plan plan_for(const FleetOptions& options, const Profile& profile);

}  // namespace gantry::sim
