#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

// The rule functions by name, with the parameters that a pack must give them.
namespace gantry::rules {

class Run;

enum class ParameterKind : std::uint8_t { integer, texts, table, words };

struct ParameterSpec {
    std::string_view name;  // ends in its unit: "ahead_days"
    ParameterKind kind = ParameterKind::integer;
    std::int64_t min = 0, max = 0;  // integers, and the values of tables
};

// Judges one version of one rule over a whole case; see run.hpp for what it may ask and say.
struct RuleFunction {
    std::string_view name;
    std::vector<ParameterSpec> parameters;
    void (*judge)(Run&) = nullptr;
};

const RuleFunction* find_function(std::string_view name);  // null when unknown
std::span<const RuleFunction* const> all_functions();

// One table a group, each in its own file.
std::span<const RuleFunction> permit_functions();
std::span<const RuleFunction> use_functions();
std::span<const RuleFunction> quality_functions();
std::span<const RuleFunction> proof_functions();
std::span<const RuleFunction> record_functions();
std::span<const RuleFunction> dose_functions();
std::span<const RuleFunction> integrity_functions();
std::span<const RuleFunction> end_functions();
std::span<const RuleFunction> warning_functions();
std::span<const RuleFunction> plan_functions();

// Shorthands for the tables.
constexpr ParameterSpec days(std::string_view name, std::int64_t max = 3'660) {
    return {name, ParameterKind::integer, 0, max};
}
constexpr ParameterSpec number(std::string_view name, std::int64_t min, std::int64_t max) {
    return {name, ParameterKind::integer, min, max};
}
constexpr ParameterSpec texts(std::string_view name) { return {name, ParameterKind::texts, 0, 0}; }
constexpr ParameterSpec words(std::string_view name) { return {name, ParameterKind::words, 0, 0}; }
constexpr ParameterSpec table(std::string_view name, std::int64_t min, std::int64_t max) {
    return {name, ParameterKind::table, min, max};
}

}  // namespace gantry::rules
