#include "server/domain/rules/pack.hpp"

#include <set>

#include "tests/unit/rules/case_builder.hpp"

using namespace gantry;
using namespace gantry::rules;
using namespace gantry::rules::test;

namespace {

// A rule that is right, with parts to spoil.
std::string rule_text(const std::string& head, const std::string& parameters) {
    return "[[rule]]\nid = \"V07\"\nfunction = \"holder_change_unreported\"\n" + head +
           "severity = \"medium\"\nbasis = \"b\"\nbasis_zh = \"据\"\ntitle_en = \"t\"\ntitle_zh = \"题\"\ntext_en = "
           "\"x\"\ntext_zh = "
           "\"文\"\n[rule.parameters]\n" +
           parameters;
}
const std::string head1 = "version = 1\nvalid_from = \"2026-01-01\"\n";
const std::string parameters1 = "within_days = 20\n";

std::string refusal(const std::string& toml) {
    const std::vector<PackText> packs{{"a.toml", toml}};
    const auto parsed = parse_pack(packs);
    return parsed.has_value() ? "" : parsed.error().message;
}

}  // namespace

TEST_CASE("pack: a good rule is taken, each mistake is refused with file, line and reason") {
    CHECK(refusal(rule_text(head1, parameters1)) == "");
    const auto replaced = [](std::string text, std::string_view what, std::string_view by) {
        return text.replace(text.find(what), what.size(), by);
    };
    const std::string good = rule_text(head1, parameters1);
    const struct {
        std::string toml, want;
    } rows[] = {
        {replaced(good, "holder_change_unreported", "nonsense"), "a.toml:3: V07: unknown function 'nonsense'"},
        {rule_text(head1, "within_days = 20\nmore = 1\n"),
         "a.toml:15: V07: function 'holder_change_unreported' has no parameter 'more'"},
        {rule_text(head1, ""),
         "a.toml:13: V07: parameter 'within_days' of function 'holder_change_unreported' is missing"},
        {rule_text(head1, "within_days = -1\n"),
         "a.toml:14: 'within_days': got -1, want a whole number from 0 to 3660"},
        {rule_text(head1, "within_days = \"20\"\n"), "a.toml:14: 'within_days': want a whole number from 0 to 3660"},
        {replaced(good, "severity = \"medium\"", "severity = \"grave\""),
         "a.toml:6: 'severity': got 'grave', want info, low, medium, high or critical"},
        {replaced(good, "2026-01-01", "2026-02-30"),
         "a.toml:5: 'valid_from': got '2026-02-30', want a day of the calendar"},
        {replaced(good, "2026-01-01", "soon"), "a.toml:5: 'valid_from': got 'soon', want YYYY-MM-DD"},
        {replaced(good, "title_zh = \"题\"\n", ""), "a.toml:1: 'title_zh' is missing"},
        {replaced(good, "basis = \"b\"", "basis = \"\""), "a.toml:7: 'basis': want a text"},
        {replaced(good, "basis", "basics"), "a.toml:7: unknown key 'basics'"},
        {"[[rules]]\n", "a.toml:1: unknown key 'rules'"},
        {good + good, "a.toml:15: V07 version 1 is in force together with version 1 (a.toml:1)"},
        {good + "[[rule\n", "a.toml:15: "},
        {rule_text(head1 + "valid_to = \"2026-01-01\"\n", parameters1),
         "a.toml:6: 'valid_to': want a day after 'valid_from'"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.want);
        CHECK(refusal(row.toml).starts_with(row.want));
    }
}

TEST_CASE("pack: the version in force at the time of what is judged") {
    const std::vector<PackText> packs{
        {"a.toml", rule_text("version = 1\nvalid_from = \"2020-01-01\"\nvalid_to = \"2026-01-01\"\n", parameters1) +
                       rule_text("version = 2\nvalid_from = \"2026-01-01\"\n", parameters1)}};
    const RulePack pack = parse_pack(packs).value();
    CHECK(pack.at("V07", day0 - 1)->version == 1);
    CHECK(pack.at("V07", day0)->version == 2);
    CHECK(pack.at("V07", 0) == nullptr);
    CHECK(pack.at("V99", day0) == nullptr);
    CHECK(pack.latest("V07")->version == 2);
    CHECK(pack.latest("V99") == nullptr);
    const std::string backwards =
        rule_text("version = 2\nvalid_from = \"2020-01-01\"\nvalid_to = \"2026-01-01\"\n", parameters1) +
        rule_text("version = 1\nvalid_from = \"2026-01-01\"\n", parameters1);
    CHECK(refusal(backwards) == "a.toml:16: V07: got version 1 after 2, want a higher one");
}

TEST_CASE("pack: what is shipped says everything in both languages and uses every function") {
    std::set<const RuleFunction*> used;
    for (const Rule& rule : packs().rules()) {
        CAPTURE(rule.id);
        used.insert(rule.function);
        CHECK(!rule.basis.empty());
        CHECK(!rule.title_en.empty());
        CHECK(!rule.text_en.empty());
        const auto chinese = [](const std::string& text) {
            return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0xE4; });
        };
        CHECK(chinese(rule.title_zh));
        CHECK(chinese(rule.text_zh));
        CHECK(!chinese(rule.title_en));
        CHECK(!chinese(rule.text_en));
    }
    for (const RuleFunction* function : all_functions()) {
        CAPTURE(function->name);
        CHECK(used.contains(function));
    }
}
