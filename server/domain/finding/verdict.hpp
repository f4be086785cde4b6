#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/leaf_json.hpp"
#include "server/domain/rules/judge.hpp"

// What a judgement changes: the rules look at a whole device again and again, the log holds only the differences, as
// facts `finding.found` and `finding.withdrawn`. A replay folds these facts and judges nothing.
namespace gantry::finding {

inline constexpr std::string_view found_fact = "finding.found";
inline constexpr std::string_view withdrawn_fact = "finding.withdrawn";

// A finding as it stands.
struct Known {
    std::string rule, key;
    Severity severity = Severity::medium;
    bool suspected = true;
    std::int64_t from_ms = 0, to_ms = 0;
    std::uint64_t count = 1;
    bool withdrawn = false;
};

// A finding that lasts is told again when it has grown: to twice the records, or by so much time. So the log grows with
// the logarithm of the records and by at most a line a week.
inline constexpr std::int64_t told_again_ms = 7 * 86'400'000LL;

// The facts that lead from what is known to what is judged. What a rule that looks back only so far found before stays
// as it is. `known` is sorted by (rule, key), as is judged.found.
std::vector<FactLeaf> verdicts(std::string_view device, std::span<const Known> known, const rules::Judged& judged,
                               const rules::RulePack& pack);

// The content of a found_fact; Errc::malformed when it is not one.
struct FoundFact {
    rules::Found found;
    std::int64_t rule_version = 0;
};
FactLeaf fact_of(std::string_view device, const FoundFact& what);
Result<FoundFact> found_of(const FactLeaf& fact);

// Log indexes as the store keeps them: "12,34,56".
std::string leaves_text(std::span<const std::uint64_t> leaves);
std::vector<std::uint64_t> leaves_from(std::string_view text);

}  // namespace gantry::finding
