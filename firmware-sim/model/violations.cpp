#include "firmware-sim/model/violations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "firmware-sim/model/wrong.hpp"

namespace gantry::sim {
namespace {

// clang-format off
constexpr std::array<std::string_view, rule_count> codes{
    "V01", "V02", "V03", "V04", "V05", "V06", "V07", "V08", "V09", "V10", "V11", "V12", "V13", "V14", "V15", "V16", "V17", "V18", "V19", "V20", "V21", "V22", "V23", "V24", "V25", "V26", "V27", "V28", "V29", "V30", "V31", "V32", "V33", "V34", "V35", "V36", "V37", "V38", "V39", "V40", "V41", "V42", "V43", "V44", "V45", "V46", "V47", "V48", "V49", "V50", "V51", "V52", "V53", "V54", "V55", "V56", "V57",
    "W01", "W02", "W03", "W04", "W05", "W06", "W07", "W08", "W09", "W10", "W11", "W12", "W13"
};
// clang-format on

constexpr std::array default_rules{Rule::V10, Rule::V14, Rule::V19, Rule::V26, Rule::V46, Rule::V49, Rule::V50};

std::string plantable_codes() {
    std::string out;
    for (const Wrong* wrong : all_wrongs()) out += fmt::format("{}{}", out.empty() ? "" : " ", code(wrong->rule));
    return out;
}

}  // namespace

std::string_view code(Rule rule) { return codes[static_cast<std::size_t>(rule)]; }

std::optional<Rule> rule_from_code(std::string_view text) {
    const auto found = std::ranges::find(codes, text);
    if (found == codes.end()) return std::nullopt;
    return static_cast<Rule>(found - codes.begin());
}

std::string select_violations(std::string_view list, FleetOptions& options) {
    const auto choose = [&](Rule rule) { options.violations[static_cast<std::size_t>(rule)] = true; };
    options.violations.fill(false);
    if (list == "none") return {};
    if (list == "default") {
        for (const Rule rule : default_rules) choose(rule);
        return {};
    }
    if (list == "all") {
        for (const Wrong* wrong : all_wrongs()) choose(wrong->rule);
        return {};
    }
    while (true) {
        const std::size_t comma = list.find(',');
        const auto rule = rule_from_code(list.substr(0, comma));
        if (!rule || !find_wrong(*rule))
            return fmt::format("got '{}', want default, none, all or a list of {}", list.substr(0, comma),
                               plantable_codes());
        choose(*rule);
        if (comma == std::string_view::npos) return {};
        list.remove_prefix(comma + 1);
    }
}

}  // namespace gantry::sim
