#include "server/http/text_form.hpp"

#include <doctest/doctest.h>

#include "server/http/limits.hpp"

using namespace gantry;
using namespace gantry::http;

TEST_CASE("time: text and back") {
    struct Row {
        std::int64_t ms;
        const char* text;
    };
    for (const Row& row :
         {Row{0, "1970-01-01T00:00:00.000Z"}, Row{1'792'742'400'123, "2026-10-23T08:00:00.123Z"},
          Row{951'782'400'000, "2000-02-29T00:00:00.000Z"}, Row{4'102'444'799'999, "2099-12-31T23:59:59.999Z"}}) {
        CHECK(time_text(row.ms) == row.text);
        CHECK(parse_time(row.text).value() == row.ms);
    }
}

TEST_CASE("time: offsets and fractions mean the same moment") {
    for (const char* text :
         {"2026-10-23T16:00:00.123+08:00", "2026-10-23T08:00:00.123456789Z", "2026-10-23t04:30:00.123-03:30"})
        CHECK_MESSAGE(parse_time(text).value() == 1'792'742'400'123, text);
    CHECK(parse_time("2026-10-23T08:00:00Z").value() == 1'792'742'400'000);
}

TEST_CASE("time: everything else is refused and says what is wanted") {
    for (const char* text : {"", "2026-10-23", "2026-10-23 08:00:00Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
                             "2026-10-23T24:00:00Z", "2026-10-23T08:00:60Z", "2026-10-23T08:00:00",
                             "2026-10-23T08:00:00.Z", "2026-10-23T08:00:00.1234567890Z", "2026-10-23T08:00:00Zx",
                             "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "+026-10-23T08:00:00Z",
                             "2026-10-23T08:00:00+0800", "-026-10-23T08:00:00Z", "2026-1--3T08:00:00Z"}) {
        const auto parsed = parse_time(text);
        REQUIRE_MESSAGE(!parsed, text);
        CHECK(parsed.error().message.find("want RFC 3339") != std::string::npos);
    }
}

TEST_CASE("percent: decodes, and refuses what is not text") {
    CHECK(percent_decode("a%2Fb%20c").value() == "a/b c");
    CHECK(percent_decode("%E4%B8%AD").value() == "\xE4\xB8\xAD");
    CHECK(percent_decode("a+b").value() == "a+b");
    for (const char* text : {"%", "%4", "%zz", "a%0", "%00", "%0A", "%ff", "%C0%80", "%7f"})
        CHECK_MESSAGE(!percent_decode(text), text);
}

TEST_CASE("target: path and query") {
    const auto target = parse_target("/api/v1/devices?limit=5&cursor=a%2Db&&flag").value();
    CHECK(target.path == "/api/v1/devices");
    REQUIRE(target.query.size() == 3);
    CHECK(target.query[1] == std::pair<std::string, std::string>{"cursor", "a-b"});
    CHECK(target.query[2] == std::pair<std::string, std::string>{"flag", ""});
    for (const char* bad : {"", "*", "api", "http://x/", "/a#b", "/%zz", "/?a=%zz"})
        CHECK_MESSAGE(!parse_target(bad), bad);
}

TEST_CASE("target: too many parameters are refused") {
    std::string text = "/?a=1";
    for (std::size_t i = 1; i < query_parameters_max; ++i) text += "&a=1";
    CHECK(parse_target(text).has_value());
    CHECK(!parse_target(text + "&a=1"));
}

TEST_CASE("cursor: comes back, and only for its list, key and process") {
    const Cursors cursors{"secret"};
    const std::string cursor = cursors.encode("devices", "ct-0042");
    CHECK(cursors.decode("devices", cursor).value() == "ct-0042");
    CHECK(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
          std::string::npos);
    CHECK(!cursors.decode("records", cursor));
    CHECK(!Cursors{"other"}.decode("devices", cursor));
    CHECK(!cursors.decode("devices", ""));
    CHECK(!cursors.decode("devices", std::string(257, 'A')));
    for (std::size_t i = 0; i < cursor.size(); ++i) {
        std::string changed = cursor;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        const auto decoded = cursors.decode("devices", changed);
        // The last character may hold bits that carry nothing; then the text is not canonical and refused all the same.
        CHECK_MESSAGE(!decoded, "character ", i);
    }
}

TEST_CASE("etag: same content, same tag; lists and weak forms match") {
    const std::string tag = etag_of("content");
    CHECK(tag == etag_of("content"));
    CHECK(tag != etag_of("content2"));
    CHECK(etag_matches(tag, tag));
    CHECK(etag_matches("\"x\", W/" + tag, tag));
    CHECK(etag_matches("*", tag));
    CHECK(!etag_matches("\"x\"", tag));
    CHECK(!etag_matches("", tag));
}

TEST_CASE("language: the better of the two") {
    CHECK(language_of("") == Language::en);
    CHECK(language_of("zh-CN,zh;q=0.9,en;q=0.8") == Language::zh);
    CHECK(language_of("en;q=0.5, zh;q=0.6") == Language::zh);
    CHECK(language_of("en, zh;q=0.9") == Language::en);
    CHECK(language_of("fr") == Language::en);
    CHECK(language_of("*, zh;q=0.5") == Language::en);
}

TEST_CASE("accept: the most specific range decides") {
    CHECK(accepts("", "application/json"));
    CHECK(accepts("text/html, */*;q=0.1", "application/json"));
    CHECK(accepts("application/*", "application/json"));
    CHECK(!accepts("text/html", "application/json"));
    CHECK(!accepts("application/json;q=0, */*", "application/json"));
    CHECK(accepts_gzip("gzip, deflate, br"));
    CHECK(accepts_gzip("*"));
    CHECK(!accepts_gzip("gzip;q=0, *"));
    CHECK(!accepts_gzip("identity"));
}
