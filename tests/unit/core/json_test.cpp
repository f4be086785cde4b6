#include "common/core/json.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

using namespace gantry;

namespace {

bool accepts(std::string_view text) {
    JsonCursor in{text};
    return in.skip() && in.at_end();
}

std::string nested(int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

std::string keys(int count) {
    std::string out = "{";
    for (int i = 0; i < count; ++i) out += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":0";
    return out + "}";
}

}  // namespace

TEST_CASE("strict JSON: what is accepted") {
    for (const std::string& text :
         {std::string{"{}"}, std::string{"[]"}, std::string{"0"}, std::string{"-1"}, std::string{"9007199254740991"},
          std::string{"-9007199254740991"}, std::string{"\"\""}, std::string{"\"\\u0041\\n\""}, std::string{"\"检查\""},
          std::string{"\"\\ud83d\\ude00\""}, std::string{"{\"a\":[1,{\"a\":null}],\"b\":true}"}, nested(8), keys(64)}) {
        CAPTURE(text);
        CHECK(accepts(text));
    }
}

TEST_CASE("strict JSON: what is refused, and why") {
    struct Row {
        std::string text;
        const char* why;
    };
    for (const Row& row : {
             Row{"", "want a value"},
             Row{" {}", "want a value"},
             Row{"{} ", "text after"},
             Row{"{\"a\": 1}", "want a value"},
             Row{"{\"a\":1 }", "','"},
             Row{"{\"a\":1,}", "string"},
             Row{"{\"a\":1,\"a\":2}", "duplicate"},
             Row{"{\"a\":1}{", "text after"},
             Row{"{\"\\u0061\":1}", "escape in a key"},
             Row{"[1,]", "want a value"},
             Row{"[1 ,2]", "','"},
             Row{"01", "leading zero"},
             Row{"-0", "minus zero"},
             Row{"1.0", "fraction"},
             Row{"1e3", "fraction"},
             Row{"9007199254740992", "2^53"},
             Row{"99999999999999999999", "2^53"},
             Row{"+1", "want a value"},
             Row{"nul", "null"},
             Row{"\"a", "does not end"},
             Row{"\"\x01\"", "control"},
             Row{"\"\\x\"", "bad escape"},
             Row{"\"\\ud800\"", "surrogate"},
             Row{"\"\\udc00\"", "surrogate"},
             Row{"\"\xc0\xaf\"", "UTF-8"},
             Row{"\"\xed\xa0\x80\"", "UTF-8"},
             Row{"\"\xf5\x80\x80\x80\"", "UTF-8"},
             Row{"\"\xe6\xa3\"", "UTF-8"},
             Row{nested(9), "nested too deep"},
             Row{keys(65), "too many keys"},
         }) {
        CAPTURE(row.text);
        JsonCursor in{row.text};
        CHECK_FALSE((in.skip() && in.at_end()));
        CHECK(in.error().message.find(row.why) != std::string::npos);
    }
}

TEST_CASE("strict JSON: the same key in different objects is no duplicate") {
    CHECK(accepts("{\"a\":{\"b\":1},\"b\":{\"a\":1,\"b\":2},\"c\":[{\"a\":1},{\"a\":2}]}"));
    CHECK_FALSE(accepts("{\"a\":{\"b\":1},\"b\":{\"a\":1},\"a\":0}"));
}

TEST_CASE("strict JSON: every prefix of a valid text is refused") {
    const std::string text = "{\"seq\":12,\"list\":[1,-2,true,null,{\"k\":\"\\u4e2d\xe6\xa3\x80\"}]}";
    REQUIRE(accepts(text));
    for (std::size_t size = 0; size < text.size(); ++size) CHECK_FALSE(accepts(std::string_view{text}.substr(0, size)));
}

TEST_CASE("strict JSON: the public test suite's invalid files are refused") {
    const std::filesystem::path folder = GANTRY_SOURCE_DIR "/../shared/data/json/test_parsing";
    if (!std::filesystem::exists(folder)) {
        std::cout << "skipped: no shared/data/json beside this clone\n";
        return;
    }
    int refused = 0;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        if (!entry.path().filename().string().starts_with("n_")) continue;
        std::ifstream in{entry.path(), std::ios::binary};
        const std::string text{std::istreambuf_iterator<char>{in}, {}};
        CAPTURE(entry.path().filename().string());
        CHECK_FALSE(accepts(text));
        ++refused;
    }
    CHECK(refused > 100);
}

TEST_CASE("writer: compact, ordered, escaped") {
    std::string out;
    JsonWriter{out}
        .begin_object()
        .field("n", 1)
        .key("list")
        .begin_array()
        .value("a\"\\\n\x01")
        .value(true)
        .null()
        .begin_object()
        .end_object()
        .end_array()
        .field("z", std::int64_t{-5})
        .end_object();
    CHECK(out == "{\"n\":1,\"list\":[\"a\\\"\\\\\\n\\u0001\",true,null,{}],\"z\":-5}");
    CHECK(accepts(out));
}
