#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/model/profile.hpp"

namespace gantry::sim {

/// The rules of the catalogue. Which of them can be planted: see wrong.hpp.
// clang-format off
enum class Rule : std::uint8_t {
    V01, V02, V03, V04, V05, V06, V07, V08, V09, V10, V11, V12, V13, V14, V15, V16, V17, V18, V19, V20, V21, V22, V23, V24, V25, V26, V27, V28, V29, V30, V31, V32, V33, V34, V35, V36, V37, V38, V39, V40, V41, V42, V43, V44, V45, V46, V47, V48, V49, V50, V51, V52, V53, V54, V55, V56, V57,
    W01, W02, W03, W04, W05, W06, W07, W08, W09, W10, W11, W12, W13
};
// clang-format on
inline constexpr std::size_t rule_count = 70;

std::string_view code(Rule rule);
std::optional<Rule> rule_from_code(std::string_view code);

/// "default", "all", "none" or "V10,V19": sets `options.violations`; the answer is what was wrong, or empty. "default"
/// is what a few days of watching can show.
std::string select_violations(std::string_view list, FleetOptions& options);

/// A planted wrong, as the truth file tells it. `from` and `to` close round what was really done, not what was planned.
/// A wrong that necessarily makes other rules speak as well names them.
struct Violation {
    Rule rule;
    std::int64_t from_ms;
    std::int64_t to_ms;
    std::vector<Rule> implies = {};
    std::uint32_t device = 0;  ///< Whom the rule finds; not always the one that does it.
};

/// The story of one device's life within the run.
enum class Turn {
    none,                      ///< In use before, in it and after it.
    commissioned_in_window,    ///< Accepted and taken into use.
    decommissioned_in_window,  ///< Taken out of use.
    disposed_in_window,        ///< Taken out of use and scrapped.
    transferred_in_window,     ///< Idle, then given to another owner.
    delivered,                 ///< Bought long ago and never installed.
    accepting,                 ///< Installed, and its acceptance test has just begun.
    sealed_in_window,          ///< Sealed by an authority, and closed since.
};

struct Planned {
    Rule rule;
    std::int64_t from_ms;
    std::int64_t to_ms;
    std::uint32_t peer = 0;  ///< The other device, for wrongs of two.
};

/// What is planned for one device: a story, and wrongs at times that do not disturb each other.
struct Plan {
    Turn turn = Turn::none;
    std::int64_t from_ms = 0;  ///< Of the turn.
    std::int64_t to_ms = 0;
    std::vector<Planned> wrongs;

    struct Busy {
        std::int64_t from_ms;
        std::int64_t to_ms;
    };
    std::vector<Busy> busy;  ///< Days kept free of faults and of lawful work, so that every finding has one cause.

    const Planned* of(Rule rule) const;
    bool lawful() const { return wrongs.empty(); }
};

/// Every block of `options.violation_block` devices holds each selected wrong once, as far as the run is long enough
/// and the block large enough; places are drawn from the seed. A function of the options and the index alone.
/// The parts of a small city with a story (options.story): one device each awaits acceptance, is sealed, has its yearly
/// test overdue, was maintained on paper, goes on as a ghost, and has a tube near its end; the others are lawful.
inline constexpr std::uint32_t story_devices = 7;
Plan story_plan(const FleetOptions& options, std::uint32_t index);

std::vector<Plan> plan_block(const FleetOptions& options, std::uint32_t number);
Plan plan_for(const FleetOptions& options, std::uint32_t index);

}  // namespace gantry::sim
