#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/domain/rules/judge.hpp"

// W13: the same history under other rules. Who would be found that is not, and who no longer.
namespace gantry::fleet {

struct Flip {
    std::string device;
    rules::Found found;
    bool operator==(const Flip&) const = default;
};

struct RuleCount {
    std::size_t baseline = 0, proposal = 0;
    bool operator==(const RuleCount&) const = default;
};

struct WhatIf {
    std::vector<Flip> added, removed;  // in the order in which devices were compared
    std::vector<Flip> changed;         // found by both, with another severity; as proposed
    std::size_t unchanged = 0;
    std::map<std::string, RuleCount> by_rule;  // of rules that found anything
};

// Adds one device's two judgements, both sorted by (rule, key) as judge() gives them.
void compare(WhatIf& out, const std::string& device, const rules::Judged& baseline, const rules::Judged& proposal);

}  // namespace gantry::fleet
