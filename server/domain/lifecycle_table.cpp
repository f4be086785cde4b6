#include "server/domain/lifecycle_table.hpp"

#include <set>
#include <tuple>
#include <utility>

#include "server/domain/lifecycle_checks.hpp"
#include "server/domain/lifecycle_guards.hpp"
#include "server/domain/lifecycle_toml.hpp"
#include "server/domain/paper/dates.hpp"

namespace gantry {
namespace {

using namespace lifecycle_toml;

constexpr std::size_t rows_max = 1'000;  // the CT table has about 220 after its lists of states are spread out
constexpr std::int64_t ms_per_hour_of_flag = 3'600'000;

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
constexpr Word<int> moves[] = {{"yes", 0}, {"no", 1}, {"with_permit", 2}, {"in_area", 3}, {"forbidden", 4}};
constexpr Word<int> power_words[] = {{"normal", 0}, {"standby", 1}, {"alarm", 2}};

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

FlagRule read_flag(const toml::table& in) {
    only_keys(in, {"lasts_hours", "blocks_patients", "needed_for_patients", "patient_rule", "en", "zh"});
    FlagRule rule;
    if (in.contains("lasts_hours")) rule.lasts_ms = want_integer(in, "lasts_hours", 1, 8'784) * ms_per_hour_of_flag;
    rule.blocks_patients = want_bool(in, "blocks_patients", false);
    rule.needed_for_patients = want_bool(in, "needed_for_patients", false);
    rule.patient_rule = string_or_empty(in, "patient_rule");
    rule.text_en = want_string(in, "en");
    rule.text_zh = want_string(in, "zh");
    if ((rule.blocks_patients || rule.needed_for_patients) == rule.patient_rule.empty())
        fail(in, "'patient_rule' must be there exactly when the flag forbids patients");
    return rule;
}

// "radiation_safety:ray_device_iii"
LifecyclePolicy::NeededPermit read_permit(const toml::table& in, const std::string& text) {
    const std::size_t colon = text.find(':');
    const std::string kind = text.substr(0, colon);
    if (colon == std::string::npos || colon + 1 == text.size() ||
        (kind != "radiation_safety" && kind != "radiodiagnosis"))
        fail(*in.get("permits"), fmt::format("'permits': got '{}', want radiation_safety:CATEGORY or "
                                             "radiodiagnosis:CATEGORY",
                                             text));
    return {kind, text.substr(colon + 1)};
}

// The rows that a difference is about: of an event, in these states or in all.
bool is_about(const TransitionRow& row, const std::string& event, const std::vector<State>& from,
              const std::string& when) {
    return row.event == event && (when.empty() || row.when == when) &&
           (from.empty() || std::ranges::find(from, row.from) != from.end());
}

}  // namespace

struct TableLoader {
    LifecycleTable table;
    std::string file;  // of the text that is read now

    // A whole table.
    void read(const toml::table& in) {
        only_keys(in, {"version", "modality", "valid_from", "power_off", "policy", "states", "guards", "flags",
                       "transition"});
        read_head(in);
        want_word(in, "power_off", power_words);
        table.power_off_ = want_string(in, "power_off");
        const toml::table& policy = want_table(in, "policy");
        if (!policy.contains("resume_retest_after_days")) fail(policy, "'resume_retest_after_days' is missing");
        read_policy(policy);
        read_states(want_table(in, "states"));
        read_guards(want_table(in, "guards"));
        if (in.contains("flags")) read_flags(want_table(in, "flags"));
        read_rows(in);
    }

    // What another table differs in from the one that was read.
    void read_differences(const toml::table& in) {
        only_keys(in, {"version", "modality", "valid_from", "base", "power_off", "policy", "states", "guards", "flags",
                       "transition", "change", "remove"});
        read_head(in);
        if (in.contains("power_off")) {
            want_word(in, "power_off", power_words);
            table.power_off_ = want_string(in, "power_off");
        }
        if (in.contains("policy")) read_policy(want_table(in, "policy"));
        if (in.contains("states")) change_states(want_table(in, "states"));
        if (in.contains("guards")) read_guards(want_table(in, "guards"));
        if (in.contains("flags")) read_flags(want_table(in, "flags"));
        each_row(in, "remove", [&](const toml::table& row) { remove_rows(row); });
        each_row(in, "change", [&](const toml::table& row) { change_rows(row); });
        each_row(in, "transition", [&](const toml::table& row) { replace_rows(row); });
        drop_unused_guards();
    }

private:
    std::set<std::tuple<State, std::string, std::string>> own_rows_;  // of the differences

    void read_head(const toml::table& in) {
        table.version_ = want_integer(in, "version", 1, 1'000'000);
        table.modality_ = want_string(in, "modality");
        table.valid_from_ = want_string(in, "valid_from");
        const auto from_ms = paper::ms_of_iso_date(table.valid_from_);
        if (!from_ms) fail(*in.get("valid_from"), "'valid_from': want YYYY-MM-DD");
        table.valid_from_ms_ = *from_ms;
    }

    void read_policy(const toml::table& in) {
        only_keys(in, {"resume_retest_after_days", "calibration_days", "operator_dosimetry_days",
                       "operator_health_days", "countersign_days", "permits"});
        const auto days = [&](std::string_view key, std::int64_t& into) {
            if (in.contains(key)) into = want_integer(in, key, 1, 3'650);
        };
        LifecyclePolicy& policy = table.policy_;
        days("resume_retest_after_days", policy.resume_retest_after_days);
        days("calibration_days", policy.calibration_days);
        days("operator_dosimetry_days", policy.operator_dosimetry_days);
        days("operator_health_days", policy.operator_health_days);
        days("countersign_days", policy.countersign_days);
        if (!in.contains("permits")) return;
        policy.permits.clear();
        for (const std::string& text : string_list(in, "permits", true))
            policy.permits.push_back(read_permit(in, text));
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

    // A state that is there takes the place of the base's.
    void change_states(const toml::table& states) {
        for (const auto& [key, node] : states) {
            const State state = want_state(node, key.str());
            if (state == State::none || !node.is_table()) fail(node, fmt::format("state {}: want a table", key.str()));
            table.rules_[static_cast<std::size_t>(state)] = read_state(*node.as_table());
        }
    }

    void read_guards(const toml::table& guards) {
        for (const auto& [key, node] : guards) {
            if (!find_guard(key.str())) fail(node, fmt::format("unknown guard '{}'", key.str()));
            const auto got = node.value_exact<std::string>();
            if (!got || *got != "judged")
                fail(node, fmt::format("guard {}: got '{}', want 'judged'", key.str(), got.value_or("")));
            if (std::ranges::find(table.guards_, key.str()) == table.guards_.end())
                table.guards_.emplace_back(key.str());
        }
    }

    void read_flags(const toml::table& flags) {
        for (const auto& [key, node] : flags) {
            if (!node.is_table()) fail(node, fmt::format("flag {}: want a table", key.str()));
            table.flags_[std::string{key.str()}] = read_flag(*node.as_table());
        }
    }

    template <class OnRow>
    void each_row(const toml::table& in, std::string_view key, OnRow on_row) {
        const toml::node* rows = in.get(key);
        if (!rows) return;
        if (!rows->is_array()) fail(*rows, fmt::format("want rows [[{}]]", key));
        for (const toml::node& node : *rows->as_array()) {
            if (!node.is_table()) fail(node, fmt::format("want rows [[{}]]", key));
            on_row(*node.as_table());
        }
    }

    void read_rows(const toml::table& in) {
        if (!in.contains("transition")) fail(in, "want rows [[transition]]");
        each_row(in, "transition", [&](const toml::table& row) { add_rows(read_row(row), row); });
    }

    std::vector<std::string> guard_list(const toml::table& in, std::string_view key, bool required) {
        auto out = string_list(in, key, required);
        for (const std::string& guard : out)
            if (std::ranges::find(table.guards_, guard) == table.guards_.end())
                fail(*in.get(key), fmt::format("guard '{}' is not listed under [guards]", guard));
        return out;
    }

    std::vector<std::string> flag_list(const toml::table& in, std::string_view key) {
        auto out = string_list(in, key, false);
        for (const std::string& flag : out)
            if (!table.flags_.contains(flag))
                fail(*in.get(key), fmt::format("flag '{}' is not described under [flags]", flag));
        return out;
    }

    TransitionRow read_row(const toml::table& in) {
        only_keys(in, {"from", "event", "when", "to", "actors", "countersign", "need", "evidence", "set", "clear",
                       "owes_test", "basis"});
        TransitionRow row;
        row.line = static_cast<int>(in.source().begin.line);
        row.file = file;
        row.event = want_string(in, "event");
        row.when = in.contains("when") ? want_string(in, "when") : "always";
        if (!find_choice(row.when)) fail(*in.get("when"), fmt::format("unknown choice '{}'", row.when));
        read_target(in, row);
        row.actors = role_list(in, "actors", true);
        row.countersigners = role_list(in, "countersign", false);
        row.need = guard_list(in, "need", true);
        row.evidence = string_list(in, "evidence", false);
        row.set = flag_list(in, "set");
        row.clear = flag_list(in, "clear");
        row.owes_test = want_bool(in, "owes_test", false);
        row.basis = string_or_empty(in, "basis");
        return row;
    }

    std::vector<State> states_of(const toml::table& in, bool required) {
        std::vector<State> out;
        for (const std::string& text : string_list(in, "from", required))
            out.push_back(want_state(*in.get("from"), text));
        if (required && out.empty()) fail(in, "'from': want at least one state");
        return out;
    }

    void add_rows(TransitionRow row, const toml::table& in) {
        for (const State state : states_of(in, true)) {
            row.from = state;
            if (table.rows_.size() == rows_max) fail(in, fmt::format("want at most {} rows", rows_max));
            table.rows_.push_back(row);
        }
    }

    // A row of the same states, event and choice takes the base's place, where that stood.
    void replace_rows(const toml::table& in) {
        TransitionRow row = read_row(in);
        for (const State state : states_of(in, true)) {
            row.from = state;
            if (!own_rows_.emplace(state, row.event, row.when).second)
                fail(in, fmt::format("{} in {}: choice '{}' stands twice", row.event, name(state), row.when));
            const auto old = std::ranges::find_if(
                table.rows_, [&](const TransitionRow& r) { return is_about(r, row.event, {state}, row.when); });
            if (old != table.rows_.end())
                *old = row;
            else if (table.rows_.size() < rows_max)
                table.rows_.push_back(row);
            else
                fail(in, fmt::format("want at most {} rows", rows_max));
        }
    }

    void remove_rows(const toml::table& in) {
        only_keys(in, {"event", "from", "when"});
        const std::string event = want_string(in, "event"), when = string_or_empty(in, "when");
        const auto from = states_of(in, false);
        if (std::erase_if(table.rows_, [&](const TransitionRow& r) { return is_about(r, event, from, when); }) == 0)
            fail(in, fmt::format("the base has no row '{}' to remove", event));
    }

    // Guards, evidence and flags that rows of the base have besides, or do not have.
    void change_rows(const toml::table& in) {
        only_keys(in, {"event", "from", "when", "need", "drop", "evidence", "drop_evidence", "set", "clear", "basis"});
        const std::string event = want_string(in, "event"), when = string_or_empty(in, "when");
        const auto from = states_of(in, false);
        const auto need = guard_list(in, "need", false), drop = string_list(in, "drop", false);
        const auto evidence = string_list(in, "evidence", false), lost = string_list(in, "drop_evidence", false);
        const auto set = flag_list(in, "set"), clear = flag_list(in, "clear");
        bool found = false;
        for (TransitionRow& row : table.rows_) {
            if (!is_about(row, event, from, when)) continue;
            found = true;
            row.line = static_cast<int>(in.source().begin.line);
            row.file = file;
            for (const std::string& guard : drop)
                if (std::erase(row.need, guard) == 0)
                    fail(*in.get("drop"), fmt::format("{} in {} has no guard '{}'", event, name(row.from), guard));
            for (const std::string& kind : lost) std::erase(row.evidence, kind);
            add_to(row.need, need);
            add_to(row.evidence, evidence);
            add_to(row.set, set);
            add_to(row.clear, clear);
            if (in.contains("basis")) row.basis = want_string(in, "basis");
        }
        if (!found) fail(in, fmt::format("the base has no row '{}' to change", event));
    }

    static void add_to(std::vector<std::string>& list, const std::vector<std::string>& more) {
        for (const std::string& word : more)
            if (std::ranges::find(list, word) == list.end()) list.push_back(word);
    }

    void drop_unused_guards() {
        std::erase_if(table.guards_, [&](const std::string& guard) {
            return std::ranges::none_of(table.rows_, [&](const TransitionRow& row) {
                return std::ranges::find(row.need, guard) != row.need.end();
            });
        });
    }
};

namespace {

struct Texts {
    std::string_view own, base_name, base;  // base_name empty: the table is whole
};

Texts take_apart(std::string_view text) {
    const std::string mark = "\n" + std::string{table_base_mark};
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) return {text, {}, {}};
    const std::size_t name = at + mark.size();
    const std::size_t end = std::min(text.find('\n', name), text.size());
    return {text.substr(0, at + 1), text.substr(name, end - name), text.substr(std::min(end + 1, text.size()))};
}

Error parse_problem(const toml::parse_error& error, std::string_view file) {
    return {Errc::malformed, fmt::format("{}:{}: {}", file, error.source().begin.line, error.description())};
}

}  // namespace

std::string base_of_table(std::string_view text) {
    try {
        const toml::table table = toml::parse(take_apart(text).own);
        return table["base"].value_or(std::string{});
    } catch (const toml::parse_error&) {
        return {};  // parse says what is wrong
    }
}

std::string table_with_base(std::string_view text, std::string_view base_name, std::string_view base) {
    std::string out{text};
    if (!out.ends_with('\n')) out += '\n';
    return out + std::string{table_base_mark} + std::string{base_name} + "\n" + std::string{base};
}

std::string table_key(std::string_view modality) {
    std::string out{modality};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '/' || c == '_' || c == ' ') c = '-';
    }
    // Names of DICOM (PS3.3 C.7.3.1.1.1) and of the register for the same kind of device.
    constexpr std::pair<std::string_view, std::string_view> same[] = {
        {"mr", "mri"},        {"pt", "pet-ct"}, {"pet", "pet-ct"}, {"pt-ct", "pet-ct"}, {"rt", "linac"},
        {"rtlinac", "linac"}, {"xa", "dsa"},    {"dx", "dr"},      {"cr", "dr"},        {"mg", "mammo"}};
    for (const auto& [other, name] : same)
        if (out == other) return std::string{name};
    return out;
}

namespace {

constexpr int bases_max = 4;  // differences to differences: more is a circle or a maze

// The base first, then what is other than there.
Result<void> read_whole(TableLoader& loader, std::string_view text, std::string_view file, int depth) {
    const Texts texts = take_apart(text);
    const std::string base = base_of_table(text);
    if (!base.empty()) {
        if (texts.base_name != base || depth == bases_max)
            return Error{Errc::schema, fmt::format("{}:1: base '{}' is not there", file, base)};
        if (auto done = read_whole(loader, texts.base, base, depth + 1); !done) return done;
    }
    loader.file = file;
    try {
        const toml::table own = toml::parse(texts.own, file);
        base.empty() ? loader.read(own) : loader.read_differences(own);
    } catch (const toml::parse_error& error) {
        return parse_problem(error, file);
    } catch (const Mistake& mistake) {
        return Error{Errc::schema, fmt::format("{}:{}: {}", file, mistake.line, mistake.reason)};
    }
    return {};
}

}  // namespace

Result<LifecycleTable> LifecycleTable::parse(std::string_view text, std::string_view file) {
    TableLoader loader;
    if (auto done = read_whole(loader, text, file, 0); !done) return done.error();
    if (const auto problem = check_table(loader.table))
        return Error{Errc::schema, fmt::format("{}:{}: {}", problem->file.empty() ? file : problem->file, problem->line,
                                               problem->reason)};
    return std::move(loader.table);
}

std::vector<std::string> LifecycleTable::allowed_events(State state) const {
    std::vector<std::string> out;
    for (const TransitionRow& row : rows_) {
        if (row.from == state && std::ranges::find(out, row.event) == out.end()) out.push_back(row.event);
    }
    return out;
}

const LifecycleTable& LifecycleTable::at(std::int64_t at_ms) const {
    const LifecycleTable* table = this;
    while (table->before_ && at_ms < table->valid_from_ms_) table = table->before_.get();
    return *table;
}

LifecycleTable LifecycleTable::with_before(std::shared_ptr<const LifecycleTable> before) const {
    LifecycleTable out = *this;
    out.before_ = std::move(before);
    return out;
}

}  // namespace gantry
