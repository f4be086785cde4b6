#include "common/core/schema.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "common/core/limits.hpp"

using namespace gantry;

namespace {

const Schema& shipped() {
    static const Schema schema = [] {
        std::ifstream in{GANTRY_SOURCE_DIR "/config/schema/events.toml"};
        return Schema::parse(std::string{std::istreambuf_iterator<char>{in}, {}}).value();
    }();
    return schema;
}

const std::string event_h = "0123456789abcdef0123456789abcdef";

}  // namespace

TEST_CASE("schema: bodies that are allowed and that are not") {
    struct Row {
        const char* type;
        std::string body;
        const char* want;  // "" = accepted, else part of the message
    };
    const std::string exposure = R"({"event_h":")" + event_h + R"(","acq":"spiral")";
    for (const Row& row : {
             Row{"power.on", "{}", ""},
             Row{"power.on", R"({"x":1})", "unknown field 'x'"},
             Row{"usage.exposure", exposure + "}", ""},
             Row{"usage.exposure",
                 exposure +
                     R"(,"dlp_ugy_cm":115660,"sources":[{"id":"A","kv_v":120000},{"id":"B"}],"problems":["no_zone"]})",
                 ""},
             Row{"usage.exposure", R"({"event_h":")" + event_h + R"("})", "acq: missing"},
             Row{"usage.exposure", exposure + R"(,"acq":"spiral"})", "duplicate"},
             Row{"usage.exposure", exposure + R"(,"patient":"Zhang"})", "unknown field 'patient'"},
             Row{"usage.exposure", exposure + R"(,"张三":"x"})", "unknown field '?'"},
             Row{"usage.exposure", exposure + R"(,"dlp_ugy_cm":-1})", "got -1, want 0 to 1000000000"},
             Row{"usage.exposure", exposure + R"(,"dlp_ugy_cm":"1"})", "whole number"},
             Row{"usage.exposure", exposure + R"(,"kvp_v":120.5})", "fraction"},
             Row{"usage.exposure", exposure + R"(,"region":"Head of Mr Li"})", "not in its list"},
             Row{"usage.exposure", exposure + R"(,"sources":[{"kv_v":1}]})", "id: missing"},
             Row{"usage.exposure", exposure + R"(,"sources":[{"id":"A"},{"id":"B"},{"id":"C"},{"id":"D"},{"id":"E"}]})",
                 "more than 4"},
             Row{"usage.exposure", R"({"event_h":"0123","acq":"spiral"})", "want 32 hex digits"},
             Row{"usage.exposure", R"({"event_h":"0123456789ABCDEF0123456789ABCDEF","acq":"spiral"})",
                 "want 32 hex digits"},
             Row{"fault.raised", R"({"code":"E-4410","severity":"hard"})", ""},
             Row{"fault.raised", R"({"code":" E","severity":"hard"})", "want 1 to 32"},
             Row{"fault.raised", R"({"code":"","severity":"hard"})", "want 1 to 32"},
             Row{"fault.raised", R"({"code":"检查","severity":"hard"})", "want 1 to 32"},
             Row{"fault.raised", R"({"code":"E\n","severity":"hard"})", "escape"},
             Row{"epoch_open",
                 R"({"parent":null,"reason":"install","host":")" + std::string(64, 'a') +
                     R"(","host_parts":["machine_id"],"agent":"0.1.0"})",
                 ""},
             Row{"no.such.type", "{}", "not in the schema"},
         }) {
        CAPTURE(row.type);
        CAPTURE(row.body);
        const auto checked = shipped().check(row.type, row.body);
        CHECK(checked.has_value() == std::string_view{row.want}.empty());
        if (!checked) CHECK(checked.error().message.find(row.want) != std::string::npos);
    }
}

TEST_CASE("schema: a message never repeats a value from outside") {
    const auto refused =
        shipped().check("fault.raised", R"({"code":"Zhang San 1956-03-02 very long name","severity":"x"})");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message.find("Zhang") == std::string::npos);
}

TEST_CASE("schema: the shipped file holds no free text, and a rehomed record fits a record") {
    for (const auto& [name, type] : shipped().types()) {
        CAPTURE(name);
        for (const Field& field : type.fields)
            if (field.kind == FieldKind::token) CHECK(field.max <= 64);
    }
    const EventType* rehomed = shipped().find("rehomed");
    REQUIRE(rehomed != nullptr);
    CHECK(limits::rehomed_base64_max >= (limits::intake_record_bytes_max + 2) / 3 * 4);
    for (const Field& field : rehomed->fields)
        if (field.name == "bytes") CHECK(field.max == static_cast<std::int64_t>(limits::rehomed_base64_max));
}

TEST_CASE("schema: a faulty file says where") {
    struct Row {
        const char* toml;
        const char* want;
    };
    for (const Row& row : {
             Row{"version = 1", "no [types]"},
             Row{"x = = 1", "line 1"},
             Row{"[types.a]\nclass = 'fun'", "got class 'fun'"},
             Row{"[types.a]\nclass = 'use'\nfields = { f = { kind = 'string' } }", "a.f: got kind 'string'"},
             Row{"[types.a]\nclass = 'use'\nfields = { f = { kind = 'int', min = 2, max = 1 } }", "min <= max"},
             Row{"[types.a]\nclass = 'use'\nfields = { f = { kind = 'enum' } }", "needs values"},
             Row{"[types.a]\nclass = 'use'\nfields = { f = { kind = 'hex' } }", "needs digits"},
         }) {
        CAPTURE(row.toml);
        const auto schema = Schema::parse(row.toml);
        REQUIRE_FALSE(schema.has_value());
        CHECK(schema.error().message.find(row.want) != std::string::npos);
    }
}

TEST_CASE("schema: words of people are allowed where the file says so, and nowhere else") {
    const std::string body = "[types.note]\nclass = \"basic\"\nzh = \"便条\"\n[types.note.fields]\n";
    const std::string field = "what = { kind = \"text\", max = 4, zh = \"内容\" }\n";
    const auto without = Schema::parse(body + field);
    REQUIRE_FALSE(without.has_value());
    CHECK(without.error().message ==
          "schema note.what: got kind 'text', want it only in a file that says allow_text = true");
    CHECK_FALSE(Schema::parse("allow_text = false\n" + body + field).has_value());
    CHECK_FALSE(
        Schema::parse(body + "deep = { kind = \"list\", max = 1, of = { kind = \"text\", max = 4 } }\n").has_value());
    const auto schema = Schema::parse("allow_text = true\n" + body + field);
    REQUIRE(schema.has_value());
    CHECK(schema->find("note")->zh == "便条");
    CHECK(schema->find("note")->fields.front().zh == "内容");
    struct Row {
        std::string text;
        std::string_view want;  // empty: accepted
    };
    for (const Row& row : {
             Row{"a", ""},
             Row{"王医生说", ""},                          // four characters, twelve bytes
             Row{"\xF0\x9F\x98\x80\xF0\x9F\x98\x80", ""},  // two characters, eight bytes
             Row{R"(\"\\b)", ""},                          // three characters, five bytes
             Row{"", "got 0 characters, want 1 to 4"},
             Row{"王医生说是", "got 5 characters, want 1 to 4"},
             Row{R"(a\n)", "control character"},
             Row{R"(\u0041)", "control character"},
             Row{"a\x7F", "control character"},
             Row{"\xC2\x85", "control character"},
             Row{"\xC2\xA0", ""},
             Row{"a\x01", "JSON"},
             Row{"\xC3", "JSON"},
         }) {
        CAPTURE(row.text);
        const auto checked = schema->check("note", R"({"what":")" + row.text + R"("})");
        CHECK(checked.has_value() == row.want.empty());
        if (!checked) CHECK(checked.error().message.find(row.want) != std::string::npos);
    }
    CHECK_FALSE(schema->check("note", R"({"what":7})").has_value());
}
