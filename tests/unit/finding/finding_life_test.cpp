#include "server/domain/finding/finding_life.hpp"

#include <doctest/doctest.h>

using namespace gantry;
using namespace gantry::finding;

namespace {

constexpr Stage all_stages[] = {Stage::suspected, Stage::confirmed, Stage::answered,
                                Stage::dismissed, Stage::closed,    Stage::withdrawn};
constexpr Action all_actions[] = {Action::acknowledged, Action::assigned, Action::answered, Action::confirmed,
                                  Action::dismissed,    Action::closed,   Action::reopened};

// The whole table for a violation, with the role that may: stage × action -> stage; '-' refused.
// Columns: acknowledged assigned answered confirmed dismissed closed reopened; letters are the stages' own.
constexpr std::string_view table[] = {
    "ssacd--",  // suspected
    "cca-dx-",  // confirmed
    "aa-cdx-",  // answered
    "------s",  // dismissed
    "------s",  // closed
    "-------",  // withdrawn
};

char letter(Stage stage) {
    constexpr char letters[] = {'s', 'c', 'a', 'd', 'x', 'w'};
    return letters[static_cast<int>(stage)];
}

Role role_for(Action action) { return action == Action::answered ? Role::hm : Role::reg_h; }

}  // namespace

TEST_CASE("finding: every stage and action leads where the table says") {
    for (std::size_t s = 0; s < std::size(all_stages); ++s)
        for (std::size_t a = 0; a < std::size(all_actions); ++a) {
            CAPTURE(name(all_stages[s]));
            CAPTURE(name(all_actions[a]));
            const auto after = stage_after(all_stages[s], all_actions[a], role_for(all_actions[a]), "V21");
            CHECK((after ? letter(*after) : '-') == table[s][a]);
        }
}

TEST_CASE("finding: a violation is the authority's to settle, a warning the hospital's as well") {
    for (const Action action : {Action::confirmed, Action::dismissed}) {
        CHECK_FALSE(stage_after(Stage::suspected, action, Role::hm, "V21").has_value());
        CHECK(stage_after(Stage::suspected, action, Role::hm, "W01").has_value());
        CHECK(stage_after(Stage::suspected, action, Role::reg_e, "V21").has_value());
        CHECK_FALSE(stage_after(Stage::suspected, action, Role::svc, "W01").has_value());
    }
    CHECK_FALSE(stage_after(Stage::suspected, Action::answered, Role::reg_h, "V21").has_value());
    CHECK_FALSE(stage_after(Stage::suspected, Action::acknowledged, Role::agt, "V21").has_value());
    const auto refused = stage_after(Stage::suspected, Action::closed, Role::reg_h, "V21");
    CHECK(refused.error().message == "closed of V21: it is suspected, want confirmed, answered");
}

TEST_CASE("finding: names go there and back, and a declaration is read whole") {
    for (const Stage stage : all_stages) CHECK(stage_from(name(stage)) == stage);
    for (const Action action : all_actions) CHECK(action_of("finding." + std::string{name(action)}) == action);
    CHECK_FALSE(action_of("finding.found"));
    CHECK_FALSE(action_of("pm.started"));
    Declaration declared;
    declared.event = "finding.assigned";
    declared.data = {{"rule", std::string{"V21"}}, {"key", std::string{"k"}}, {"to", std::string{"Chen Bo"}}};
    CHECK(step_of(declared)->owner == "Chen Bo");
    declared.data.erase("key");
    CHECK_FALSE(step_of(declared));
}
