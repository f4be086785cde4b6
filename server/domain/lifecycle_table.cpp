#include "server/domain/lifecycle_table.hpp"

#include <fmt/format.h>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
#include <algorithm>
#include <set>

#include "server/domain/lifecycle_checks.hpp"
#include "server/domain/lifecycle_guards.hpp"

namespace gantry {
namespace {

constexpr std::size_t rows_max = 1'000;  // the CT table has about 180 after its lists of states are spread out

// Thrown and caught inside this file only: one place makes "file:line: reason".
struct Mistake {
    std::string reason;
    toml::source_index line = 0;
};

[[noreturn]] void fail(const toml::node& node, std::string reason) {
    throw Mistake{std::move(reason), node.source().begin.line};
}

void only_keys(const toml::table& table, std::initializer_list<std::string_view> allowed) {
    for (const auto& [key, node] : table) {
        if (std::ranges::find(allowed, key.str()) == allowed.end())
            throw Mistake{fmt::format("unknown key '{}'", key.str()), key.source().begin.line};
    }
}

std::string want_string(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (!node) fail(table, fmt::format("'{}' is missing", key));
    const auto value = node->value_exact<std::string>();
    if (!value || value->empty()) fail(*node, fmt::format("'{}': want a text", key));
    return *value;
}

std::string string_or_empty(const toml::table& table, std::string_view key) {
    return table.contains(key) ? want_string(table, key) : std::string{};
}

std::int64_t want_integer(const toml::table& table, std::string_view key, std::int64_t low, std::int64_t high) {
    const toml::node* node = table.get(key);
    if (!node) fail(table, fmt::format("'{}' is missing", key));
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < low || *value > high)
        fail(*node, fmt::format("'{}': want a whole number from {} to {}", key, low, high));
    return *value;
}

bool want_bool(const toml::table& table, std::string_view key, std::optional<bool> fallback) {
    const toml::node* node = table.get(key);
    if (!node && fallback) return *fallback;
    if (!node) fail(table, fmt::format("'{}' is missing", key));
    const auto value = node->value_exact<bool>();
    if (!value) fail(*node, fmt::format("'{}': want true or false", key));
    return *value;
}

const toml::table& want_table(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (!node || !node->is_table()) fail(table, fmt::format("want a table [{}]", key));
    return *node->as_table();
}

std::vector<std::string> string_list(const toml::table& table, std::string_view key, bool required) {
    const toml::node* node = table.get(key);
    if (!node && !required) return {};
    if (!node || !node->is_array()) fail(node ? *node : table, fmt::format("'{}': want a list of texts", key));
    std::vector<std::string> out;
    for (const toml::node& item : *node->as_array()) {
        const auto value = item.value_exact<std::string>();
        if (!value || value->empty()) fail(item, fmt::format("'{}': want texts", key));
        if (std::ranges::find(out, *value) != out.end())
            fail(item, fmt::format("'{}': '{}' stands twice", key, *value));
        out.push_back(*value);
    }
    return out;
}

template <class Enum>
struct Word {
    std::string_view text;
    Enum value;
};

template <class Enum, std::size_t N>
Enum want_word(const toml::table& table, std::string_view key, const Word<Enum> (&words)[N]) {
    const std::string text = want_string(table, key);
    std::string allowed;
    for (const Word<Enum>& word : words) {
        if (word.text == text) return word.value;
        allowed += (allowed.empty() ? "" : ", ") + std::string{word.text};
    }
    fail(*table.get(key), fmt::format("'{}': got '{}', want one of: {}", key, text, allowed));
}

constexpr Word<Permission> permissions[] = {{"allowed", Permission::allowed}, {"forbidden", Permission::forbidden}};
constexpr Word<ServiceUse> service_uses[] = {{"allowed", ServiceUse::allowed},
                                             {"forbidden", ServiceUse::forbidden},
                                             {"in_work_order", ServiceUse::in_work_order},
                                             {"with_reason", ServiceUse::with_reason},
                                             {"by_order", ServiceUse::by_order}};
constexpr Word<Presence> presences[] = {{"expected", Presence::expected},
                                        {"not_expected", Presence::not_expected},
                                        {"heartbeat_only", Presence::heartbeat_only},
                                        {"question", Presence::question},
                                        {"critical", Presence::critical}};
constexpr Word<int> moves[] = {{"yes", 0}, {"no", 1}, {"with_permit", 2}, {"forbidden", 3}};

StateRule read_state(const toml::table& in) {
    only_keys(in, {"patient", "service", "billing", "move", "agent", "patient_rule", "service_rule", "presence_rule",
                   "final", "en", "zh"});
    StateRule rule;
    rule.patient_exposure = want_word(in, "patient", permissions);
    rule.service_exposure = want_word(in, "service", service_uses);
    rule.billing = want_bool(in, "billing", std::nullopt);
    want_word(in, "move", moves);
    rule.move = want_string(in, "move");
    rule.agent = want_word(in, "agent", presences);
    rule.patient_rule = string_or_empty(in, "patient_rule");
    rule.service_rule = string_or_empty(in, "service_rule");
    rule.presence_rule = string_or_empty(in, "presence_rule");
    rule.final_state = want_bool(in, "final", false);
    rule.text_en = want_string(in, "en");
    rule.text_zh = want_string(in, "zh");
    if ((rule.patient_exposure == Permission::forbidden) == rule.patient_rule.empty())
        fail(in, "'patient_rule' must be there exactly when patient exposure is forbidden");
    if ((rule.agent == Presence::critical) == rule.presence_rule.empty())
        fail(in, "'presence_rule' must be there exactly when agent = \"critical\"");
    return rule;
}

State want_state(const toml::node& at, std::string_view text) {
    const auto state = state_from(text);
    if (!state) fail(at, fmt::format("unknown state '{}'", text));
    return *state;
}

std::vector<Role> role_list(const toml::table& in, std::string_view key, bool required) {
    std::vector<Role> out;
    for (const std::string& text : string_list(in, key, required)) {
        const auto role = role_from(text);
        if (!role) fail(*in.get(key), fmt::format("'{}': unknown actor '{}'", key, text));
        out.push_back(*role);
    }
    if (required && out.empty()) fail(in, fmt::format("'{}': want at least one actor", key));
    return out;
}

void read_target(const toml::table& in, TransitionRow& row) {
    const std::string to = want_string(in, "to");
    if (to == "@same") {
        row.target = Target::same;
    } else if (to == "@cleared_to") {
        row.target = Target::cleared_to;
    } else if (to == "@baseline") {
        row.target = Target::baseline;
    } else {
        row.to = want_state(*in.get("to"), to);
        if (row.to == State::none) fail(*in.get("to"), "NONE is no target");
    }
}

}  // namespace

struct TableLoader {
    LifecycleTable table;

    void read(const toml::table& in) {
        only_keys(in, {"version", "modality", "valid_from", "policy", "states", "guards", "transition"});
        table.version_ = want_integer(in, "version", 1, 1'000'000);
        table.modality_ = want_string(in, "modality");
        table.valid_from_ = want_string(in, "valid_from");
        const std::string& date = table.valid_from_;
        const bool dated = date.size() == 10 && date[4] == '-' && date[7] == '-' &&
                           std::ranges::all_of(date, [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
        if (!dated) fail(*in.get("valid_from"), "'valid_from': want YYYY-MM-DD");
        const toml::table& policy = want_table(in, "policy");
        only_keys(policy, {"resume_retest_after_days"});
        table.resume_retest_after_days_ = want_integer(policy, "resume_retest_after_days", 1, 3'650);
        read_states(want_table(in, "states"));
        read_guards(want_table(in, "guards"));
        read_rows(in);
    }

    void read_states(const toml::table& states) {
        std::set<State> seen;
        for (const auto& [key, node] : states) {
            const State state = want_state(node, key.str());
            if (state == State::none) fail(node, "NONE has no rules: nothing is known there");
            if (!node.is_table()) fail(node, fmt::format("state {}: want a table", key.str()));
            table.rules_[static_cast<std::size_t>(state)] = read_state(*node.as_table());
            seen.insert(state);
        }
        for (std::size_t i = 1; i < state_count; ++i) {
            if (!seen.contains(static_cast<State>(i)))
                fail(states, fmt::format("state {} is missing", name(static_cast<State>(i))));
        }
    }

    void read_guards(const toml::table& guards) {
        for (const auto& [key, node] : guards) {
            const NamedGuard* known = find_guard(key.str());
            if (!known) fail(node, fmt::format("unknown guard '{}'", key.str()));
            const std::string_view want = known->judge ? "judged" : "accepts";
            const auto got = node.value_exact<std::string>();
            if (!got || *got != want)
                fail(node, fmt::format("guard {}: got '{}', want '{}'", key.str(), got.value_or(""), want));
            table.guards_.emplace(std::string{key.str()}, known->judge != nullptr);
        }
    }

    void read_rows(const toml::table& in) {
        const toml::node* rows = in.get("transition");
        if (!rows || !rows->is_array()) fail(in, "want rows [[transition]]");
        for (const toml::node& node : *rows->as_array()) {
            if (!node.is_table()) fail(node, "want rows [[transition]]");
            read_row(*node.as_table());
        }
    }

    void read_row(const toml::table& in) {
        only_keys(in, {"from", "event", "when", "to", "actors", "countersign", "need", "evidence", "basis"});
        TransitionRow row;
        row.line = static_cast<int>(in.source().begin.line);
        row.event = want_string(in, "event");
        row.when = in.contains("when") ? want_string(in, "when") : "always";
        if (!find_choice(row.when)) fail(*in.get("when"), fmt::format("unknown choice '{}'", row.when));
        read_target(in, row);
        row.actors = role_list(in, "actors", true);
        row.countersigners = role_list(in, "countersign", false);
        row.need = string_list(in, "need", true);
        for (const std::string& guard : row.need) {
            if (!table.guards_.contains(guard))
                fail(*in.get("need"), fmt::format("guard '{}' is not listed under [guards]", guard));
        }
        row.evidence = string_list(in, "evidence", false);
        row.basis = string_or_empty(in, "basis");
        const auto from = string_list(in, "from", true);
        if (from.empty()) fail(in, "'from': want at least one state");
        for (const std::string& text : from) {
            row.from = want_state(*in.get("from"), text);
            if (table.rows_.size() == rows_max) fail(in, fmt::format("want at most {} rows", rows_max));
            table.rows_.push_back(row);
        }
    }
};

Result<LifecycleTable> LifecycleTable::parse(std::string_view toml_text, std::string_view file_name) {
    TableLoader loader;
    try {
        loader.read(toml::parse(toml_text, file_name));
    } catch (const toml::parse_error& error) {
        return Error{Errc::malformed,
                     fmt::format("{}:{}: {}", file_name, error.source().begin.line, error.description())};
    } catch (const Mistake& mistake) {
        return Error{Errc::schema, fmt::format("{}:{}: {}", file_name, mistake.line, mistake.reason)};
    }
    if (const auto problem = check_table(loader.table))
        return Error{Errc::schema, fmt::format("{}:{}: {}", file_name, problem->line, problem->reason)};
    return std::move(loader.table);
}

std::vector<std::string> LifecycleTable::allowed_events(State state) const {
    std::vector<std::string> out;
    for (const TransitionRow& row : rows_) {
        if (row.from == state && std::ranges::find(out, row.event) == out.end()) out.push_back(row.event);
    }
    return out;
}

}  // namespace gantry
