#include "server/domain/leaf_json.hpp"

#include <doctest/doctest.h>

#include "tests/unit/domain/ct_table.hpp"

using namespace gantry;

TEST_CASE("canonical JSON: members sorted by UTF-16, nothing insignificant, whole numbers only") {
    CHECK(canonical_json(" { \"b\" : 1 , \"a\" : [ true , null , -5 ] } ").value() == R"({"a":[true,null,-5],"b":1})");
    // The order of RFC 8785 3.2.3: the euro sign, the smiling face (a surrogate pair), then the Hebrew presentation
    // form.
    CHECK(canonical_json(
              "{\"\\ufb33\":1,\"\\ud83d\\ude00\":2,\"\\u20ac\":3,\"\\u0080\":4,\"1\":5,\"\\r\":6,\"\\u00f6\":7}")
              .value() ==
          "{\"\\r\":6,\"1\":5,\"\xC2\x80\":4,\"\xC3\xB6\":7,\"\xE2\x82\xAC\":3,\"\xF0\x9F\x98\x80\":2,\"\xEF\xAC\xB3\":"
          "1}");
    CHECK(canonical_json(R"("\u0041\/\u000a")").value() == R"("A/\n")");
    for (const std::string_view bad :
         {"", "{", "1.5", "1e3", "9007199254740992", "18446744073709551615", "{\"a\":0.1}", "nul"}) {
        CAPTURE(bad);
        CHECK(!canonical_json(bad));
    }
    CHECK(canonical_json("9007199254740991").value() == "9007199254740991");
}

TEST_CASE("declaration leaf: the published form, and back") {
    DeclarationLeaf leaf;
    leaf.declared = full_declaration("pm.started", Role::svc);
    leaf.declared.data = {{"work_order", std::string{"WO-7 检查"}}, {"urgent", true}, {"visit", std::int64_t{4}}};
    leaf.declared.org = "hospital-1";
    leaf.from = State::in_use;
    leaf.to = State::pm;
    leaf.table = "CT/1";
    leaf.countersign = {Role::reg_h};
    const std::string text = declaration_leaf_json(leaf);
    CHECK(text ==
          "{\"actor\":\"test\",\"at\":2000000,\"countersign\":[\"REG-H\"],\"data\":{\"urgent\":true,\"visit\":4,\"work_"
          "order\":\"WO-7 检查\"},"
          "\"event\":\"pm.started\",\"evidence\":[\"" +
              std::string(64, 'a') +
              "\"],\"new\":\"PM\",\"old\":\"IN_USE\",\"org\":\"hospital-1\",\"reason\":\"because of the "
              "test\",\"role\":\"SVC\","
              "\"subject\":\"ct-0001\",\"table\":\"CT/1\"}");
    CHECK(canonical_json(text).value() == text);
    const auto again = parse_declaration_leaf(text);
    REQUIRE(again.has_value());
    CHECK(declaration_leaf_json(*again) == text);
    CHECK(again->declared.data == leaf.declared.data);
    CHECK(again->to == State::pm);
    CHECK(again->countersign == std::vector<Role>{Role::reg_h});
}

TEST_CASE("declaration leaf: a paper comes back as it was filed; a withdrawal has no body") {
    DeclarationLeaf leaf;
    leaf.declared = full_declaration(std::string{paper::filed_event}, Role::hm);
    leaf.declared.paper = paper::PaperFiling{"permit", "P-1", R"({"from":1,"holder":"h-1","no":"环辐证 7"})"};
    const std::string text = declaration_leaf_json(leaf);
    CHECK(canonical_json(text).value() == text);
    CHECK(text.find(R"("paper":{"body":{"from":1,"holder":"h-1","no":"环辐证 7"},"id":"P-1","kind":"permit"})") !=
          std::string::npos);
    CHECK(parse_declaration_leaf(text)->declared.paper == leaf.declared.paper);
    leaf.declared.paper->body.clear();
    CHECK(parse_declaration_leaf(declaration_leaf_json(leaf))->declared.paper == leaf.declared.paper);
    for (const std::string_view bad :
         {R"({"at":1,"event":"x","paper":7,"role":"HM"})", R"({"at":1,"event":"x","paper":{"id":"a"},"role":"HM"})"}) {
        CAPTURE(bad);
        CHECK(parse_declaration_leaf(bad).has_error());
    }
}

TEST_CASE("declaration leaf: an assignment names record and device") {
    DeclarationLeaf leaf;
    leaf.declared = full_declaration(std::string{unassigned_assigned}, Role::hm);
    leaf.declared.data = {{"device", std::string{"ct-0002"}}, {"log_index", std::int64_t{812}}};
    const auto again = parse_declaration_leaf(declaration_leaf_json(leaf));
    REQUIRE(again.has_value());
    CHECK(again->table.empty());
    const auto assignment = assignment_of(again->declared);
    REQUIRE(assignment.has_value());
    CHECK(assignment->device == "ct-0002");
    CHECK(assignment->log_index == 812);
    leaf.declared.data.erase("device");
    CHECK(!assignment_of(leaf.declared));
    leaf.declared.event = "other";
    CHECK(!assignment_of(leaf.declared));
}

TEST_CASE("fact leaf: the published form, and back") {
    const std::string text = fact_leaf_json({"poisoned", "", {{"seq", std::int64_t{3}}}});
    CHECK(text == R"({"fact":"poisoned","seq":3})");
    const auto again =
        parse_fact_leaf(fact_leaf_json({"lost", "ct-0001", {{"from", std::int64_t{3}}, {"to", std::int64_t{5}}}}));
    REQUIRE(again.has_value());
    CHECK(again->fact == "lost");
    CHECK(again->subject == "ct-0001");
    CHECK(again->more.size() == 2);
    CHECK(!parse_fact_leaf("{}"));
    CHECK(!parse_fact_leaf(R"({"fact":"x","deep":{"a":1}})"));
}

TEST_CASE("declaration data: flat values only") {
    CHECK(parse_data(R"({"a":1,"b":"x","c":true})")->size() == 3);
    for (const std::string_view bad :
         {"", "[]", R"({"a":{}})", R"({"a":[1]})", R"({"a":1.5})", R"({"a":null})", R"({"a":9007199254740992})"}) {
        CAPTURE(bad);
        CHECK(!parse_data(bad));
    }
}
