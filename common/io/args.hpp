#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

// Command lines: a table of flags in, a table of values out. Small on purpose: the agent's memory is counted.
namespace gantry {

struct Flag {
    std::string_view name;   // "--mqtt"
    std::string_view value;  // "URL"; empty: a switch
    std::string_view key;    // the setting it overrides ("mqtt.url"); empty: not a setting
    std::string_view help;
};

struct Args {
    std::vector<std::string> words;                         // what is not a flag: command first
    std::map<std::string, std::string, std::less<>> flags;  // "--mqtt" -> value; switches -> "true"

    bool has(std::string_view name) const { return flags.find(name) != flags.end(); }
    std::string value(std::string_view name) const {
        const auto found = flags.find(name);
        return found == flags.end() ? std::string{} : found->second;
    }
    // The flags that are settings, as Config::Sources wants them.
    std::map<std::string, std::string> settings(std::span<const Flag> table) const;
};

// "--flag value" and "--flag=value"; "--" ends the flags. Unknown flags are errors that name the nearest known one.
Result<Args> parse_args(int argc, const char* const* argv, std::span<const Flag> table);

// One aligned line for each flag.
std::string flags_help(std::span<const Flag> table);

// The candidate nearest to `word`, if one is near enough to be meant: for "did you mean".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace gantry
