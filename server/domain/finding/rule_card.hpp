#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "server/domain/rules/pack.hpp"

// A rule as people read it, whether it stands in a pack or is what the fold of the log itself shows.
namespace gantry::finding {

inline constexpr std::string_view log_pack = "log";

// Views into the pack that it was made from, or into constants.
struct RuleCard {
    std::string_view id;
    std::int64_t version = 0;  // 0: of the log itself
    std::string_view pack;     // "permits", or log_pack
    std::string_view function;
    Severity severity = Severity::medium;
    std::string_view title_en, title_zh, text_en, text_zh, basis;
    std::optional<std::int64_t> from_ms, to_ms;  // none: always, without end
    const decltype(rules::Rule::parameters)* parameters = nullptr;
};

// Every rule that finds: all versions of the pack, then the log's own, each by id.
std::vector<RuleCard> rule_cards(const rules::RulePack& pack);

// The rule behind a finding: exactly the version that judged it, where the pack still has it, else the one of that
// time, else the latest. nullopt when neither pack nor log know the id.
std::optional<RuleCard> rule_card(const rules::RulePack& pack, std::string_view id, std::int64_t version,
                                  std::int64_t at_ms);

}  // namespace gantry::finding
