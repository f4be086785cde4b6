#include "server/domain/lifecycle_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "server/domain/lifecycle_guards.hpp"

namespace gantry {
namespace {

using Problem = std::optional<TableProblem>;

bool needs(const TransitionRow& row, std::string_view guard) {
    return std::ranges::find(row.need, guard) != row.need.end();
}

TableProblem at_row(const TransitionRow& row, std::string reason) { return {row.line, std::move(reason), row.file}; }

std::string place(const TransitionRow& row) { return fmt::format("{} in {}", row.event, name(row.from)); }

// Of the rows of one (state, event) exactly one must hold for any facts: their choices are the whole of one group, each
// once.
Problem check_choices(const LifecycleTable& table) {
    std::map<std::pair<State, std::string>, std::vector<const TransitionRow*>> groups;
    for (const TransitionRow& row : table.rows()) groups[{row.from, row.event}].push_back(&row);
    for (const auto& [key, rows] : groups) {
        const std::string_view group = find_choice(rows.front()->when)->group;
        std::set<std::string_view> seen;
        for (const TransitionRow* row : rows) {
            if (find_choice(row->when)->group != group)
                return at_row(*row, fmt::format("{}: choice '{}' is of another group than '{}'", place(*row), row->when,
                                                rows.front()->when));
            if (!seen.insert(row->when).second)
                return at_row(*row, fmt::format("{}: choice '{}' stands twice", place(*row), row->when));
        }
        for (const NamedChoice& choice : all_choices()) {
            if (choice.group == group && !seen.contains(choice.name))
                return at_row(*rows.front(),
                              fmt::format("{}: no row for choice '{}'", place(*rows.front()), choice.name));
        }
    }
    return {};
}

Problem check_guards_used(const LifecycleTable& table) {
    for (const std::string& guard : table.guards()) {
        const bool used =
            std::ranges::any_of(table.rows(), [&](const TransitionRow& row) { return needs(row, guard); });
        if (!used) return TableProblem{1, fmt::format("guard '{}' is listed and no row needs it", guard)};
    }
    return {};
}

// By ordinary rows from NONE: a state that only a baseline could reach would be a hole in the table.
Problem check_reachable(const LifecycleTable& table) {
    std::array<bool, state_count> reached{};
    reached[0] = true;
    for (bool grew = true; grew;) {
        grew = false;
        for (const TransitionRow& row : table.rows()) {
            bool& target = reached[static_cast<std::size_t>(row.to)];
            if (row.target != Target::state || target || !reached[static_cast<std::size_t>(row.from)]) continue;
            target = grew = true;
        }
    }
    for (std::size_t i = 1; i < state_count; ++i) {
        if (!reached[i]) return TableProblem{1, fmt::format("state {} cannot be reached", name(static_cast<State>(i)))};
    }
    return {};
}

Problem check_final(const LifecycleTable& table) {
    for (const State state : {State::disposed, State::transferred, State::cancelled, State::returned}) {
        if (!table.rule(state).final_state) return TableProblem{1, fmt::format("state {} must be final", name(state))};
    }
    for (const TransitionRow& row : table.rows()) {
        if (table.rule(row.from).final_state && row.target != Target::same)
            return at_row(row, fmt::format("{}: a final state has no exit", place(row)));
        if (row.target == Target::baseline && row.from != State::none)
            return at_row(row, fmt::format("{}: a baseline is declared only where there is no history", place(row)));
        if (row.target == Target::cleared_to && row.from != State::suspended)
            return at_row(row, fmt::format("{}: only SUSPENDED leads back to where it stood", place(row)));
    }
    return {};
}

// Only the authority that sealed lets a device out of SEALED. A sealed device may get lost, and is sealed when it is
// found.
Problem check_seal(const LifecycleTable& table) {
    for (const TransitionRow& row : table.rows()) {
        const bool unseals = row.target != Target::same || row.event == "seal.lifted";
        if (row.from == State::sealed && unseals && row.to != State::lost && !needs(row, "same_authority"))
            return at_row(row, fmt::format("{}: leaving SEALED needs guard same_authority", place(row)));
        if (row.from == State::sealed && row.target == Target::state && row.to != State::suspended &&
            row.to != State::decommissioned && row.to != State::lost)
            return at_row(row, fmt::format("{}: SEALED leads to SUSPENDED, DECOMMISSIONED or LOST only", place(row)));
        if (row.from == State::lost && row.target == Target::state && row.to != State::sealed && row.when != "unsealed")
            return at_row(row, fmt::format("{}: what was sealed when lost is sealed when found", place(row)));
    }
    return {};
}

// Every way into use passes the acceptance at this place, and the test that is owed.
Problem check_use(const LifecycleTable& table) {
    for (const TransitionRow& row : table.rows()) {
        if (row.target != Target::state || row.to != State::in_use) continue;
        const bool from_use =
            row.from == State::pm || row.from == State::fault;  // both are entered from use or from a test
        if (!from_use && !needs(row, "accepted_here"))
            return at_row(row, fmt::format("{}: the way into IN_USE needs guard accepted_here", place(row)));
        const bool tested = row.from == State::retest || row.when == "repair_minor" || row.when == "resume_in_use" ||
                            needs(row, "no_retest_due");
        if (!tested) return at_row(row, fmt::format("{}: the way into IN_USE needs guard no_retest_due", place(row)));
    }
    return {};
}

// What forbids patients by itself forbids the way into use.
Problem check_flags(const LifecycleTable& table) {
    const bool blocks =
        std::ranges::any_of(table.flags(), [](const auto& flag) { return flag.second.blocks_patients; });
    for (const TransitionRow& row : table.rows()) {
        const bool into_use = row.target == Target::state && row.to == State::in_use;
        if (blocks && into_use && !needs(row, "no_blocking_flag"))
            return at_row(row, fmt::format("{}: the way into IN_USE needs guard no_blocking_flag", place(row)));
    }
    for (const auto& [flag, rule] : table.flags()) {
        const auto sets = [&](const TransitionRow& row) { return std::ranges::find(row.set, flag) != row.set.end(); };
        const auto clears = [&](const TransitionRow& row) {
            return std::ranges::find(row.clear, flag) != row.clear.end();
        };
        if (std::ranges::none_of(table.rows(), sets))
            return TableProblem{1, fmt::format("flag '{}' is described and no row sets it", flag)};
        if (!rule.lasts_ms && std::ranges::none_of(table.rows(), clears))
            return TableProblem{1, fmt::format("flag '{}' does not run out and no row clears it", flag)};
    }
    return {};
}

}  // namespace

std::optional<TableProblem> check_table(const LifecycleTable& table) {
    for (const auto check :
         {check_choices, check_guards_used, check_final, check_seal, check_use, check_flags, check_reachable}) {
        if (auto problem = check(table)) return problem;
    }
    return {};
}

}  // namespace gantry
