#include "server/domain/finding/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

namespace gantry::finding {
namespace {

auto key_of(const Known& known) { return std::tie(known.rule, known.key); }
auto key_of(const rules::Found& found) { return std::tie(found.rule, found.key); }

bool is_worth_telling(const Known& known, const rules::Found& found) {
    if (known.withdrawn || known.severity != found.severity || known.suspected != found.suspected) return true;
    if (found.count >= 2 * known.count || found.from_ms < known.from_ms) return true;
    return found.to_ms != paper::forever_ms && found.to_ms >= known.to_ms + told_again_ms;
}

bool is_out_of_sight(const Known& known, const rules::Judged& judged) {
    const auto from = judged.judged_from_ms.find(known.rule);
    return from != judged.judged_from_ms.end() && known.from_ms < from->second;
}

std::int64_t version_of(const rules::RulePack& pack, const rules::Found& found) {
    const rules::Rule* rule = pack.at(found.rule, found.from_ms);
    if (!rule) rule = pack.latest(found.rule);
    return rule ? rule->version : 0;
}

const std::string* text(const FactLeaf& fact, std::string_view key) {
    const auto found = fact.more.find(key);
    return found == fact.more.end() ? nullptr : std::get_if<std::string>(&found->second);
}
const std::int64_t* number(const FactLeaf& fact, std::string_view key) {
    const auto found = fact.more.find(key);
    return found == fact.more.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
}

std::optional<Severity> severity_from(std::string_view text) {
    for (const Severity s : {Severity::info, Severity::low, Severity::medium, Severity::high, Severity::critical})
        if (name(s) == text) return s;
    return std::nullopt;
}

}  // namespace

std::vector<FactLeaf> verdicts(std::string_view device, std::span<const Known> known, const rules::Judged& judged,
                               const rules::RulePack& pack) {
    std::vector<FactLeaf> out;
    const auto withdraw = [&](const Known& gone) {
        if (gone.withdrawn || is_out_of_sight(gone, judged)) return;
        out.push_back({std::string{withdrawn_fact},
                       std::string{device},
                       {{"rule", gone.rule}, {"key", gone.key}, {"why", std::string{"records no longer support it"}}}});
    };
    const auto tell = [&](const rules::Found& found) {
        out.push_back(fact_of(device, {found, version_of(pack, found)}));
    };
    auto old = known.begin();
    for (const rules::Found& found : judged.found) {
        while (old != known.end() && key_of(*old) < key_of(found)) withdraw(*old++);
        if (old == known.end() || key_of(found) < key_of(*old)) {
            tell(found);
        } else {
            if (is_worth_telling(*old, found)) tell(found);
            ++old;
        }
    }
    while (old != known.end()) withdraw(*old++);
    return out;
}

FactLeaf fact_of(std::string_view device, const FoundFact& what) {
    const rules::Found& found = what.found;
    FactLeaf fact{std::string{found_fact}, std::string{device}, {}};
    fact.more = {{"rule", found.rule},
                 {"rule_version", what.rule_version},
                 {"key", found.key},
                 {"severity", std::string{name(found.severity)}},
                 {"suspected", found.suspected},
                 {"from", found.from_ms},
                 {"count", static_cast<std::int64_t>(found.count)},
                 {"leaves", leaves_text(found.leaves)},
                 {"measured", found.measured},
                 {"limit", found.limit}};
    if (found.to_ms != paper::forever_ms) fact.more["to"] = found.to_ms;
    return fact;
}

Result<FoundFact> found_of(const FactLeaf& fact) {
    const std::string* rule = text(fact, "rule");
    const std::string* key = text(fact, "key");
    const std::string* severity = text(fact, "severity");
    const std::int64_t* version = number(fact, "rule_version");
    const std::int64_t* from = number(fact, "from");
    const std::int64_t* count = number(fact, "count");
    if (fact.fact != found_fact || !rule || !key || !severity || !severity_from(*severity) || !version || !from ||
        !count)
        return Error{Errc::malformed,
                     fmt::format("{}: want rule, rule_version, key, severity, from and count", found_fact)};
    FoundFact out;
    out.rule_version = *version;
    out.found.rule = *rule;
    out.found.key = *key;
    out.found.severity = *severity_from(*severity);
    const auto suspected = fact.more.find("suspected");
    const bool* flag = suspected == fact.more.end() ? nullptr : std::get_if<bool>(&suspected->second);
    out.found.suspected = !flag || *flag;
    out.found.from_ms = *from;
    const std::int64_t* to = number(fact, "to");
    out.found.to_ms = to ? *to : paper::forever_ms;
    out.found.count = static_cast<std::uint64_t>(*count);
    if (const std::string* leaves = text(fact, "leaves")) out.found.leaves = leaves_from(*leaves);
    if (const std::string* measured = text(fact, "measured")) out.found.measured = *measured;
    if (const std::string* limit = text(fact, "limit")) out.found.limit = *limit;
    return out;
}

std::string leaves_text(std::span<const std::uint64_t> leaves) { return fmt::format("{}", fmt::join(leaves, ",")); }

std::vector<std::uint64_t> leaves_from(std::string_view text) {
    std::vector<std::uint64_t> out;
    while (!text.empty()) {
        std::uint64_t leaf = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), leaf);
        if (error != std::errc{}) return out;
        out.push_back(leaf);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (!text.empty()) text.remove_prefix(1);
    }
    return out;
}

}  // namespace gantry::finding
