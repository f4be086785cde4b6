#include "server/ingest/findings.hpp"

#include <fmt/format.h>

#include <array>

#include "server/domain/admission.hpp"

namespace gantry::ingest {
namespace {

struct FactRule {
    std::string_view fact;
    std::string_view rule;
    std::string_view kind;
    Severity severity;
};
constexpr std::array rules{
    FactRule{facts::identity_conflict, "identity_conflict", "integrity", Severity::critical},
    FactRule{facts::host_changed, "host_changed", "integrity", Severity::high},
    FactRule{admission::facts::fork, "fork", "integrity", Severity::medium},
    FactRule{facts::rollback, "rollback", "integrity", Severity::medium},
    FactRule{facts::outbox_lost, "outbox_lost", "delivery", Severity::high},
    FactRule{facts::records_lost, "records_lost", "delivery", Severity::high},
    FactRule{facts::poisoned, "poisoned", "delivery", Severity::medium},
    FactRule{admission::facts::gap_open, "gap_open", "delivery", Severity::info},
    FactRule{collector_clock, "clock", "clock", Severity::medium},
    FactRule{clock_offset, "clock", "clock", Severity::medium},
};

std::string text_of(const FactLeaf& fact, std::string_view key) {
    const auto found = fact.more.find(key);
    const auto* text = found == fact.more.end() ? nullptr : std::get_if<std::string>(&found->second);
    return text ? *text : std::string{};
}

// A gap belongs to the epoch whose records are missing and to the child that told of it.
std::string key_of(const FactLeaf& fact) {
    std::string key = text_of(fact, "epoch");
    if (const std::string child = text_of(fact, "child"); !child.empty()) key += "/" + child;
    return key;
}

}  // namespace

store::FindingRow finding_row(store::DevNo dev_no, const FindingCandidate& candidate) {
    return {.dev_no = dev_no,
            .rule = candidate.rule,
            .key = fmt::format("{}@{}", name(candidate.state), candidate.state_since_ms),
            .kind = candidate.kind,
            .severity = candidate.severity,
            .suspected = candidate.suspected,
            .state = std::string{name(candidate.state)},
            .since_ms = candidate.state_since_ms,
            .first_at_ms = candidate.at_ms,
            .last_at_ms = candidate.at_ms,
            .first_leaf = candidate.leaf_index,
            .last_leaf = candidate.leaf_index,
            .count = 1,
            .open = true};
}

void write_findings_of_fact(store::StoreWriter& store, store::DevNo dev_no, const FactLeaf& fact, std::uint64_t leaf,
                            std::int64_t recv_ms) {
    if (fact.fact == admission::facts::gap_closed)
        return store.close_finding(dev_no, "gap_open", key_of(fact), recv_ms, leaf);
    if (fact.fact == clock_right) return store.close_finding(dev_no, "clock", {}, recv_ms, leaf);
    const bool settles_fork =
        fact.fact == facts::rollback || (fact.fact == facts::identity_conflict && text_of(fact, "form") == "branches");
    if (settles_fork) store.close_finding(dev_no, "fork", key_of(fact), recv_ms, leaf);
    for (const FactRule& rule : rules) {
        if (rule.fact != fact.fact) continue;
        store.add_finding({.dev_no = dev_no,
                           .rule = std::string{rule.rule},
                           .key = key_of(fact),
                           .kind = std::string{rule.kind},
                           .severity = rule.severity,
                           .suspected = false,
                           .state = {},
                           .since_ms = recv_ms,
                           .first_at_ms = recv_ms,
                           .last_at_ms = recv_ms,
                           .first_leaf = leaf,
                           .last_leaf = leaf,
                           .count = 1,
                           .open = true});
    }
}

}  // namespace gantry::ingest
