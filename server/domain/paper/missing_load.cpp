#include <map>
#include <set>

#include "server/domain/paper/missing.hpp"
#include "server/domain/paper/selectors.hpp"
#include "server/domain/paper/table_reader.hpp"

namespace gantry::paper {
namespace {

using namespace table_reader;

constexpr std::size_t rows_max = 500;
using Groups = std::map<std::string, std::vector<std::string>, std::less<>>;

Groups read_groups(const toml::table& in) {
    Groups groups;
    const toml::node* node = in.get("groups");
    if (!node) return groups;
    if (!node->is_table()) fail(*node, "want a table [groups]");
    for (const auto& [name, list] : *node->as_table())
        groups.emplace(std::string{name.str()}, texts(*node->as_table(), name.str()));
    return groups;
}

// A list with its "@name" entries replaced by what they stand for.
std::vector<std::string> expanded(const toml::table& in, std::string_view key, const Groups& groups) {
    std::vector<std::string> out;
    for (const std::string& word : texts(in, key)) {
        if (!word.starts_with('@')) {
            out.push_back(word);
            continue;
        }
        const auto group = groups.find(std::string_view{word}.substr(1));
        if (group == groups.end()) fail(*in.get(key), fmt::format("'{}': unknown group '{}'", key, word));
        out.insert(out.end(), group->second.begin(), group->second.end());
    }
    return out;
}

void check_actors(const toml::table& in, std::string_view who) {
    while (!who.empty()) {
        const std::size_t end = std::min(who.find(", "), who.size());
        if (!role_from(who.substr(0, end)))
            fail(*in.get("who"), fmt::format("'who': unknown actor '{}'", who.substr(0, end)));
        who.remove_prefix(std::min(end + 2, who.size()));
    }
}

RequiredPaper read_required(const toml::table& in, const Groups& groups) {
    only_keys(in, {"kind", "states", "modalities", "satisfied_by", "when", "who", "basis", "en", "zh"});
    RequiredPaper out;
    out.kind = want_text(in, "kind");
    for (const std::string& text : expanded(in, "states", groups)) {
        const auto state = state_from(text);
        if (!state || *state == State::none) fail(*in.get("states"), fmt::format("'states': unknown state '{}'", text));
        out.owed_in[static_cast<std::size_t>(*state)] = true;
    }
    if (!in.contains("states")) fail(in, "'states': got none, want at least one");
    out.modalities = expanded(in, "modalities", groups);
    out.satisfied_by = texts(in, "satisfied_by");
    if (out.satisfied_by.empty()) fail(in, "'satisfied_by': got none, want at least one");
    for (const std::string& selector : out.satisfied_by)
        if (const std::string problem = selector_problem(selector); !problem.empty())
            fail(*in.get("satisfied_by"), "'satisfied_by': " + problem);
    const auto when = maybe<std::string>(in, "when");
    if (when && *when != "licence_needed")
        fail(*in.get("when"), fmt::format("'when': got '{}', want licence_needed", *when));
    out.when_licence_needed = when.has_value();
    out.who = want_text(in, "who");
    check_actors(in, out.who);
    out.basis = maybe<std::string>(in, "basis").value_or("");
    out.en = want_text(in, "en");
    out.zh = want_text(in, "zh");
    return out;
}

}  // namespace

Result<std::vector<RequiredPaper>> parse_required_papers(std::string_view text, std::string_view file_name) {
    std::vector<RequiredPaper> out;
    const auto read = read_table(text, file_name, [&](const toml::table& in) {
        only_keys(in, {"version", "groups", "required"});
        const Groups groups = read_groups(in);
        std::set<std::string> seen;
        each_row(in, "required", rows_max, [&](const toml::table& row) {
            out.push_back(read_required(row, groups));
            if (!seen.insert(out.back().kind).second) fail(row, fmt::format("'{}' stands twice", out.back().kind));
        });
    });
    if (!read) return read.error();
    return out;
}

}  // namespace gantry::paper
