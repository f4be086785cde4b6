#include "server/domain/finding/rule_card.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

using namespace gantry;
using namespace gantry::finding;

namespace {

rules::RulePack shipped() {
    std::vector<rules::PackText> texts;
    for (const auto& entry : std::filesystem::directory_iterator{GANTRY_SOURCE_DIR "/config/rules"}) {
        std::ifstream in{entry.path()};
        texts.push_back({entry.path().filename().string(), {std::istreambuf_iterator<char>{in}, {}}});
    }
    return rules::parse_pack(texts).value();
}

}  // namespace

TEST_CASE("rule cards: a finding is shown with exactly the version that judged it") {
    const rules::RulePack pack = shipped();
    const auto old = rule_card(pack, "V01", 1, 0);
    REQUIRE(old.has_value());
    CHECK(old->version == 1);
    CHECK(old->pack == "permits");
    CHECK(old->function == "unlicensed_use");
    CHECK(old->to_ms.has_value());
    CHECK_FALSE(rule_card(pack, "V01", 2, 0)->to_ms.has_value());
    // A version that is gone from the pack: what held then; before all: the latest.
    CHECK(rule_card(pack, "V01", 9, *old->from_ms)->version == 1);
    CHECK(rule_card(pack, "V01", 9, 0)->version == 2);
    CHECK_FALSE(rule_card(pack, "V99", 1, 0).has_value());
}

TEST_CASE("rule cards: what the log itself finds has its texts too, and no id twice") {
    const rules::RulePack pack = shipped();
    for (const char* id : {"identity_conflict", "host_changed", "fork", "rollback", "outbox_lost", "records_lost",
                           "poisoned", "gap_open", "clock"}) {
        const auto card = rule_card(pack, id, 0, 0);
        REQUIRE_MESSAGE(card.has_value(), id);
        CHECK(card->pack == log_pack);
        CHECK_FALSE(card->title_en.empty());
        CHECK_FALSE(card->title_zh.empty());
        CHECK_FALSE(card->text_zh.empty());
    }
    std::set<std::pair<std::string_view, std::int64_t>> seen;
    for (const RuleCard& card : rule_cards(pack)) CHECK(seen.emplace(card.id, card.version).second);
    CHECK(seen.size() == pack.rules().size() + 9);
}
