#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/core/result.hpp"
#include "server/domain/fold.hpp"

// The dated rules: config/rules/*.toml. A rule is a C++ function of a registered name with parameters, a severity, a
// legal basis and texts, in force from a day up to another. A changed law or policy is a further version of the rule
// with a later `valid_from`, never a changed one: what was judged stays explainable.
namespace gantry::rules {

struct RuleFunction;  // registry.hpp

inline constexpr std::size_t rules_max = 1'000;
inline constexpr std::size_t list_max = 256;  // elements of one list or table parameter

using Texts = std::vector<std::string>;
using Table = std::map<std::string, std::int64_t, std::less<>>;
using Words = std::map<std::string, std::string, std::less<>>;
using Parameter = std::variant<std::int64_t, Texts, Table, Words>;

struct Rule {
    std::string id;  // "V05"
    const RuleFunction* function = nullptr;
    std::int64_t version = 0;
    std::int64_t from_ms = 0;  // in force [from_ms, to_ms); days of the file are UTC days
    std::int64_t to_ms = std::numeric_limits<std::int64_t>::max();
    Severity severity = Severity::medium;
    std::string basis, basis_zh;  // norm and article, or the method; in English and Chinese
    std::string title_en, title_zh, text_en, text_zh;
    std::map<std::string, Parameter, std::less<>> parameters;  // exactly those that the function names
    std::string place;                                         // "permits.toml:12"
};

// One file of a pack as it was read.
struct PackText {
    std::string file;
    std::string toml;
};

class RulePack {
public:
    // Sorted by (id, from_ms).
    const std::vector<Rule>& rules() const { return rules_; }
    // The version in force at the time of what is judged; null when none is.
    const Rule* at(std::string_view id, std::int64_t at_ms) const;
    // The latest version, for titles and texts; null when the id is unknown.
    const Rule* latest(std::string_view id) const;

private:
    friend struct PackLoader;
    std::vector<Rule> rules_;
};

// Checks everything: known function, exactly its parameters each within its range, texts in both languages, a basis, no
// two versions of one id in force at once. An error is "file:line: reason".
Result<RulePack> parse_pack(std::span<const PackText> texts);

}  // namespace gantry::rules
