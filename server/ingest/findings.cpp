#include "server/ingest/findings.hpp"

#include <fmt/format.h>

#include <charconv>

#include <array>

#include "server/domain/admission.hpp"
#include "server/domain/finding/finding_life.hpp"
#include "server/domain/finding/verdict.hpp"

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

// A finding of the dated rules as it is judged from now on. What people said about it stays said.
void store_found(store::StoreWriter& store, store::DevNo dev_no, const FactLeaf& fact, std::uint64_t leaf,
                 std::int64_t recv_ms) {
    const auto read = finding::found_of(fact);
    if (!read) throw std::runtime_error{"fold: " + read.error().message};
    const rules::Found& found = read->found;
    store::FindingRow row{.dev_no = dev_no,
                          .rule = found.rule,
                          .key = found.key,
                          .kind = finding::is_warning(found.rule) ? "warning" : "violation",
                          .severity = found.severity,
                          .suspected = found.suspected,
                          .state = {},
                          .since_ms = found.from_ms,
                          .first_at_ms = found.from_ms,
                          .last_at_ms = std::min(found.to_ms, std::max(found.from_ms, recv_ms)),
                          .first_leaf = found.leaves.empty() ? leaf : found.leaves.front(),
                          .last_leaf = leaf,
                          .count = found.count,
                          .open = true,
                          .rule_version = read->rule_version,
                          .measured = found.measured,
                          .limit = found.limit,
                          .leaves = finding::leaves_text(found.leaves),
                          .found_ms = recv_ms};
    if (read->rule_version == 0) {  // a contradiction that the fold judged again; its key is STATE@since
        const std::size_t mark = found.key.find('@');
        row.kind = "contradiction";
        row.state = found.key.substr(0, mark);
        if (mark != std::string::npos)
            std::from_chars(found.key.data() + mark + 1, found.key.data() + found.key.size(), row.since_ms);
        row.last_at_ms = found.to_ms;
        row.last_leaf = found.leaves.empty() ? leaf : found.leaves.back();
    }
    if (const auto before = store.finding(dev_no, found.rule, found.key)) {
        const auto stage = finding::stage_from(before->stage).value_or(finding::Stage::suspected);
        if (stage != finding::Stage::withdrawn) row.stage = before->stage;
        row.open = finding::is_open(finding::stage_from(row.stage).value());
        if (read->rule_version != 0) row.first_leaf = before->first_leaf;
        row.owner = before->owner;
        row.found_ms = before->found_ms;
    }
    store.put_finding(row);
}

void store_withdrawal(store::StoreWriter& store, store::DevNo dev_no, const FactLeaf& fact, std::uint64_t leaf,
                      std::int64_t recv_ms) {
    auto row = store.finding(dev_no, text_of(fact, "rule"), text_of(fact, "key"));
    if (!row) return;
    row->open = false;
    row->stage = name(finding::Stage::withdrawn);
    row->last_leaf = leaf;
    store.put_finding(*row);
    store.add_finding_step({.leaf = leaf,
                            .dev_no = dev_no,
                            .rule = row->rule,
                            .key = row->key,
                            .recv_ms = recv_ms,
                            .action = std::string{name(finding::Stage::withdrawn)},
                            .reason = text_of(fact, "why")});
}

}  // namespace

void store_step_of_finding(store::StoreWriter& store, store::DevNo dev_no, const Declaration& declared,
                           std::uint64_t leaf, std::int64_t recv_ms) {
    const auto step = finding::step_of(declared);
    auto row = step ? store.finding(dev_no, step->rule, step->key) : std::nullopt;
    if (!row) return;
    const auto before = finding::stage_from(row->stage).value_or(finding::Stage::suspected);
    // Judged before it entered the log; a replay meets the same stage.
    const auto judged = finding::stage_after(before, step->action, declared.role, step->rule);
    const finding::Stage after = judged ? *judged : before;
    row->stage = name(after);
    row->open = finding::is_open(after);
    if (step->action == finding::Action::assigned) row->owner = step->owner;
    store.put_finding(*row);
    store.add_finding_step({.leaf = leaf,
                            .dev_no = dev_no,
                            .rule = step->rule,
                            .key = step->key,
                            .recv_ms = recv_ms,
                            .action = std::string{name(step->action)},
                            .actor = declared.actor,
                            .role = std::string{name(declared.role)},
                            .reason = declared.reason,
                            .owner = step->owner});
}

store::FindingRow finding_row(store::DevNo dev_no, const FindingCandidate& candidate, std::int64_t recv_ms) {
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
            .open = true,
            .found_ms = recv_ms};
}

void write_findings_of_fact(store::StoreWriter& store, store::DevNo dev_no, const FactLeaf& fact, std::uint64_t leaf,
                            std::int64_t recv_ms) {
    if (fact.fact == finding::found_fact) return store_found(store, dev_no, fact, leaf, recv_ms);
    if (fact.fact == finding::withdrawn_fact) return store_withdrawal(store, dev_no, fact, leaf, recv_ms);
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
                           .open = true,
                           .found_ms = recv_ms});
    }
}

}  // namespace gantry::ingest
