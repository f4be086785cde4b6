#include "server/domain/fleet/what_if.hpp"

#include <tuple>

namespace gantry::fleet {
namespace {

auto place(const rules::Found& found) { return std::tie(found.rule, found.key); }

}  // namespace

void compare(WhatIf& out, const std::string& device, const rules::Judged& baseline, const rules::Judged& proposal) {
    auto before = baseline.found.begin();
    auto after = proposal.found.begin();
    for (const rules::Found& found : baseline.found) ++out.by_rule[found.rule].baseline;
    for (const rules::Found& found : proposal.found) ++out.by_rule[found.rule].proposal;
    while (before != baseline.found.end() || after != proposal.found.end()) {
        if (after == proposal.found.end() || (before != baseline.found.end() && place(*before) < place(*after))) {
            out.removed.push_back({device, *before++});
        } else if (before == baseline.found.end() || place(*after) < place(*before)) {
            out.added.push_back({device, *after++});
        } else {
            if (before->severity == after->severity)
                ++out.unchanged;
            else
                out.changed.push_back({device, *after});
            ++before;
            ++after;
        }
    }
}

}  // namespace gantry::fleet
