#include "server/domain/fleet/what_if.hpp"

#include <doctest/doctest.h>

using namespace gantry;
using namespace gantry::fleet;

namespace {

rules::Found found(std::string rule, std::string key, Severity severity = Severity::medium) {
    rules::Found out;
    out.rule = std::move(rule);
    out.key = std::move(key);
    out.severity = severity;
    return out;
}

rules::Judged judged(std::vector<rules::Found> all) {
    rules::Judged out;
    out.found = std::move(all);
    return out;
}

}  // namespace

TEST_CASE("W13: what another policy adds, takes away and changes is told device by device") {
    WhatIf out;
    compare(out, "ct-1", judged({found("V21", "a"), found("V21", "b"), found("V25", "c")}),
            judged({found("V21", "b"), found("V22", "d"), found("V25", "c", Severity::high)}));
    compare(out, "ct-2", judged({}), judged({found("V21", "e")}));
    compare(out, "ct-3", judged({found("V25", "f")}), judged({}));
    REQUIRE(out.added.size() == 2);
    CHECK(out.added[0] == Flip{"ct-1", found("V22", "d")});
    CHECK(out.added[1] == Flip{"ct-2", found("V21", "e")});
    REQUIRE(out.removed.size() == 2);
    CHECK(out.removed[0] == Flip{"ct-1", found("V21", "a")});
    CHECK(out.removed[1].device == "ct-3");
    REQUIRE(out.changed.size() == 1);
    CHECK(out.changed[0].found.severity == Severity::high);
    CHECK(out.unchanged == 1);
    CHECK(out.by_rule.at("V21") == RuleCount{2, 2});
    CHECK(out.by_rule.at("V25") == RuleCount{2, 1});
}

TEST_CASE("W13: the same rules change nothing") {
    WhatIf out;
    const auto same = judged({found("V21", "a"), found("V25", "c")});
    compare(out, "ct-1", same, same);
    CHECK(out.added.empty());
    CHECK(out.removed.empty());
    CHECK(out.changed.empty());
    CHECK(out.unchanged == 2);
}
