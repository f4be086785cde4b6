#include "common/io/args.hpp"

#include <algorithm>
#include <numeric>

namespace gantry {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

Error unknown_flag(std::string_view name, std::span<const Flag> table) {
    std::vector<std::string> names;
    for (const Flag& flag : table) names.emplace_back(flag.name);
    const std::string near = nearest(name, names);
    return {Errc::malformed,
            "unknown flag " + std::string{name} + (near.empty() ? "" : ": did you mean " + near + "?")};
}

}  // namespace

std::map<std::string, std::string> Args::settings(std::span<const Flag> table) const {
    std::map<std::string, std::string> out;
    for (const Flag& flag : table) {
        if (const auto found = flags.find(flag.name); found != flags.end() && !flag.key.empty())
            out[std::string{flag.key}] = found->second;
    }
    return out;
}

Result<Args> parse_args(int argc, const char* const* argv, std::span<const Flag> table) {
    Args args;
    bool flags_end = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (flags_end || word.size() < 2 || word.front() != '-') {
            args.words.emplace_back(word);
            continue;
        }
        if (word == "--") {
            flags_end = true;
            continue;
        }
        const auto equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        const auto flag = std::ranges::find(table, name, &Flag::name);
        if (flag == table.end()) return unknown_flag(name, table);
        if (flag->value.empty()) {
            if (equals != std::string_view::npos)
                return Error{Errc::malformed, std::string{name} + ": got a value, want none"};
            args.flags[std::string{name}] = "true";
        } else if (equals != std::string_view::npos) {
            args.flags[std::string{name}] = word.substr(equals + 1);
        } else if (i + 1 < argc) {
            args.flags[std::string{name}] = argv[++i];
        } else {
            return Error{Errc::malformed, std::string{name} + ": got nothing, want " + std::string{flag->value}};
        }
    }
    return args;
}

std::string flags_help(std::span<const Flag> table) {
    std::size_t width = 0;
    const auto left = [](const Flag& flag) {
        return "  " + std::string{flag.name} + (flag.value.empty() ? "" : " " + std::string{flag.value});
    };
    for (const Flag& flag : table) width = std::max(width, left(flag).size());
    std::string out;
    for (const Flag& flag : table) {
        std::string line = left(flag);
        line.resize(width + 2, ' ');
        out.append(line).append(flag.help).append("\n");
    }
    return out;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    std::string best;
    std::size_t best_distance =
        std::max<std::size_t>(2, word.size() / 3) + 1;  // further away nobody would have meant it
    for (const std::string& candidate : candidates) {
        if (const auto distance = edit_distance(word, candidate); distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace gantry
