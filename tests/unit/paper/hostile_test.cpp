#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <string>

#include "common/core/json.hpp"
#include "server/domain/paper/filing.hpp"
#include "server/domain/paper/sheet.hpp"
#include "server/domain/paper/udi.hpp"
#include "tests/unit/paper/paper_support.hpp"

using namespace gantry;
using namespace gantry::paper;

namespace {

// Strings that break programs: own ones, and the public list where it is there.
std::vector<std::string> naughty_strings() {
    std::vector<std::string> out = {"",
                                    "null",
                                    "\\",
                                    "\"",
                                    "'; DROP TABLE papers; --",
                                    "<script>alert(1)</script>",
                                    "=cmd|' /C calc'!A0",
                                    "\xef\xbb\xbf",
                                    "田中さんにあげて下さい",
                                    "\xf0\x9f\x92\xa9",
                                    "a\nb",
                                    std::string{"a\0b", 3},
                                    "\xe2\x80\xae",
                                    "\xc2\x85",
                                    "\xed\xa0\x80",
                                    "\xff",
                                    std::string(200, 'x')};
    const std::string list = source_text("../shared/data/json/blns.json");
    if (list.empty()) std::printf("skipped: no third-party data json/blns.json\n");
    if (list.empty()) return out;
    const boost::json::value parsed = boost::json::parse(list);
    for (const auto& text : parsed.as_array())
        if (text.is_string()) out.emplace_back(std::string_view{text.get_string()});
    return out;
}

std::string quoted_cell(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string{"\"\""} : std::string{c};
    return out + "\"";
}

}  // namespace

TEST_CASE("hostile texts: a name comes back unchanged or is refused") {
    int taken = 0;
    for (const std::string& text : naughty_strings()) {
        CAPTURE(text);
        boost::json::object body{{"name", text}, {"kind", "hospital"}};
        const auto filed = canonical_filing(paper_schema(), "org", "h-1", boost::json::serialize(body));
        if (!filed) continue;
        ++taken;
        CHECK(std::get<Org>(read_paper({"h-1", 1, 1}, "org", *filed).value()).name == text);
    }
    CHECK(taken > 5);
}

TEST_CASE("hostile texts: a cell comes back unchanged or is refused") {
    int taken = 0;
    for (const std::string& text : naughty_strings()) {
        CAPTURE(text);
        const auto rows = parse_csv("head,x\n" + quoted_cell(text) + ",1\n");
        if (!rows) continue;
        ++taken;
        REQUIRE(rows->size() == 2);
        CHECK((*rows)[1].cells.at(0) == text);
    }
    CHECK(taken > 5);
}

TEST_CASE("hostile texts: none is an identifier on a type plate") {
    for (const std::string& text : naughty_strings()) {
        CAPTURE(text);
        CHECK(!parse_udi(text, 2026));
    }
}

TEST_CASE("hostile JSON: what is no JSON is never filed") {
    for (const char* bad :
         {"{\"a\":1,}", "[1,]", "{'a':1}", "{\"a\":01}", "{\"a\":1}x", "{\"a\":NaN}", "\xef\xbb\xbf{}",
          "{\"a\":\"\xff\"}", "{\"a\":\"\\ud800\"}", "{\"a\"", "\"", "{\"name\":\"n\",\"kind\":\"hospital\"}}"}) {
        CAPTURE(bad);
        CHECK(!check_filing(paper_schema(), "org", "h-1", bad));
    }
    CHECK(!check_filing(paper_schema(), "org", "h-1", std::string(50'000, '[')));
    std::string nested;
    for (int i = 0; i < 10'000; ++i) nested += "{\"a\":";
    CHECK(!check_filing(paper_schema(), "org", "h-1", nested));

    const auto folder = std::filesystem::path{GANTRY_SOURCE_DIR} / "../shared/data/json/test_parsing";
    if (!std::filesystem::exists(folder)) {
        std::printf("skipped: no third-party data json/test_parsing\n");
        return;
    }
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        const std::string file = entry.path().filename().string();
        CAPTURE(file);
        const std::string text = source_text("../shared/data/json/test_parsing/" + file);
        const auto filed = canonical_filing(paper_schema(), "org", "h-1", text);
        if (file.starts_with("n_")) CHECK(!filed);
        // The same as the value of a field: refused, or a paper that reads back.
        const std::string inside = R"({"kind":"hospital","name":"n","region":)" + text + "}";
        const auto with = canonical_filing(paper_schema(), "org", "h-1", inside);
        if (with) CHECK(read_paper({"h-1", 1, 1}, "org", *with).has_value());
    }
}
