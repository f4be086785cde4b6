#include "agent/audit/domain/pattern.hpp"

#include <doctest/doctest.h>

#include "tests/unit/audit/fixture.hpp"
#include "tests/unit/audit/log_maker.hpp"

using namespace gantry;
using namespace gantry::audit;
using namespace gantry::audit::testing;

namespace {

constexpr std::int64_t now_ms = 1'780'000'000'000;  // 2026-05-28

Result<PatternFile> parse(std::string_view toml) { return PatternFile::parse(toml, "test.toml", schema()); }

LineReader reader(std::string_view toml) {
    return {std::make_shared<const PatternFile>(parse(toml).value()), schema(), Zone::utc()};
}

const std::string one_rule = R"([[rule]]
name = "r"
match = '(?P<code>E-\d+) (?P<n>[\d.,-]+)'
event = "fault.cleared"
[rule.fields]
code = { capture = "code" }
)";

}  // namespace

TEST_CASE("patterns: the shipped files read the logs that they were written for") {
    for (const char* model : {"acme-ct9", "huaxing-x64", "norden-spira"}) {
        CAPTURE(model);
        const MadeLog log = make_log(model, 42, 500);
        LineReader lines{shipped(model), schema(), Zone::utc()};
        std::vector<std::string> got;
        for (const std::string& line : log.lines) {
            const auto observation = lines.read(line, now_ms);
            if (!observation) continue;
            got.push_back(observation->type + " " + observation->body);
            CHECK(schema().check(observation->type, observation->body).has_value());
            REQUIRE(observation->at_ms.has_value());
            CHECK(*observation->at_ms % 1000 == (std::string{model} == "acme-ct9" ? 89 : 0));
        }
        CHECK(got == log.want);
        CHECK(lines.counters().repaired == 0);
        CHECK(lines.counters().bad_time == 0);
        CHECK(lines.counters().events == 500);
    }
}

TEST_CASE("patterns: faults are told with file, line and reason, all at once") {
    struct Row {
        std::string toml;
        std::string want;
    };
    const auto with = [](std::string_view from, std::string_view to) {
        std::string out = one_rule;
        const auto at = out.find(from);
        REQUIRE(at != std::string::npos);
        return out.replace(at, from.size(), to);
    };
    const Row rows[] = {
        {"", "test.toml:0: got no [[rule]]"},
        {"x = ", "test.toml:1: "},
        {"[nonsense]\n", "test.toml:1: got \"nonsense\""},
        {with("name = \"r\"\n", ""), "test.toml:1: rule: got no name"},
        {one_rule + one_rule, "test.toml:7: rule \"r\": there is another rule of this name"},
        {with("match = ", "macht = "), "test.toml:3: rule \"r\": rule: got \"macht\""},
        {with("\\d+)", "\\d+"), "test.toml:3: rule \"r\": match: "},
        {with("(?P<n>[\\d.,-]+)", "(a)\\1"), "test.toml:3: rule \"r\": match: "},  // RE2 has no back references
        {with("match = '", "match = '" + std::string(1100, 'x')), "test.toml:3: rule \"r\": match: got"},
        {with("fault.cleared", "fault.cleaned"), "test.toml:4: rule \"r\": event: got \"fault.cleaned\""},
        {with("fault.cleared", "coverage"), "test.toml:4: rule \"r\": event: got \"coverage\""},
        {with("fault.cleared", "usage.exposure"), "test.toml:4: rule \"r\": event: got \"usage.exposure\""},
        {with("code = {", "kode = {"), "test.toml:6: rule \"r\": field: got \"kode\""},
        {with("code = { capture = \"code\" }", ""),
         "test.toml:1: rule \"r\": got no code, which fault.cleared requires"},
        {with("capture = \"code\"", "capture = \"cod\""), "test.toml:6: rule \"r\": code: got capture \"cod\""},
        {with("capture = \"code\"", "capture = \"code\", value = 1"),
         "test.toml:6: rule \"r\": code: want one of value and capture"},
        {with("capture = \"code\"", "value = 1"), "test.toml:6: rule \"r\": code: the schema does not take 1"},
        {with("capture = \"code\"", "value = \"a\\u00e4\""), "test.toml:6: rule \"r\": code: the schema does not take"},
        {with("capture = \"code\"", "capture = \"code\", multiply = 0"),
         "test.toml:6: rule \"r\": multiply: want a whole number"},
        {with("E-\\d+", "\\S+"), "test.toml:6: rule \"r\": code: capture \"code\" would take a word such as \"Zhang\""},
        {with("E-\\d+", "[A-Za-z ]+"), "would take a word"},
        {with("E-\\d+", "[A-Z]{2,}|\\d+"), "would take a word"},
        {with("E-\\d+", "(?i:[a-z_]*)"), "would take a word"},
        {"[log]\nencoding = \"utf-7\"\n" + one_rule, "test.toml:2: encoding: got \"utf-7\""},
        {"[log]\nzone = \"Mars/Olympus\"\n" + one_rule, "test.toml:2: time zone"},
        {"[log]\ntime = '(x)'\n" + one_rule, "test.toml:1: time and time_format: want both"},
        {"[log]\ntime = 'x'\ntime_format = \"%Y-%m-%d %H\"\n" + one_rule, "test.toml:2: time: want exactly one group"},
        {"[log]\ntime = '(x)'\ntime_format = \"%Y\"\n" + one_rule, "test.toml:3: time format"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.toml);
        const auto file = parse(row.toml);
        REQUIRE_FALSE(file.has_value());
        CHECK_MESSAGE(file.error().message.find(row.want) != std::string::npos, file.error().message);
    }
    const auto two = parse(with("E-\\d+", "\\S+") + with("fault.cleared", "x"));
    REQUIRE_FALSE(two.has_value());
    CHECK(two.error().message.find('\n') != std::string::npos);
}

TEST_CASE("patterns: constants, lists and ranges are held against the schema at load") {
    struct Row {
        std::string event, fields, want;
    };
    const Row rows[] = {
        {"env", "rh_permille = { value = 1001 }", "rh_permille: got 1001, want 0 to 1000"},
        {"env", "rh_permille = { value = \"5\" }", "rh_permille: got \"5\", want 0 to 1000"},
        {"env", "rh_permille = { capture = \"n\", map = { a = 5 } }", "rh_permille: got a map, want a number"},
        {"fault.raised", "code = { value = \"E1\" }\nseverity = { value = \"bad\" }",
         "severity: got \"bad\", want one of hard"},
        {"fault.raised", "code = { value = \"E1\" }\nseverity = { capture = \"n\" }",
         "severity: got a capture without a map"},
        {"fault.raised", "code = { value = \"E1\" }\nseverity = { capture = \"n\", map = { 1 = \"bad\" } }",
         "severity: got \"bad\""},
        {"fault.raised",
         "code = { value = \"E1\" }\nseverity = { capture = \"n\", map = { 1 = \"hard\" }, otherwise = \"x\" }",
         "severity: got \"x\""},
        {"part.replaced", "part = { value = \"tube\" }\nmajor = { value = 1 }", "major: the schema does not take 1"},
        {"power.on", "origin = { capture = \"n\" }", "origin: want a value that is"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.fields);
        const auto file = parse("[[rule]]\nname = \"r\"\nmatch = '(?P<n>\\d+)'\nevent = \"" + row.event +
                                "\"\n[rule.fields]\n" + row.fields + "\n");
        REQUIRE_FALSE(file.has_value());
        CHECK_MESSAGE(file.error().message.find(row.want) != std::string::npos, file.error().message);
    }
}

TEST_CASE("patterns: numbers are scaled exactly") {
    struct Row {
        const char* text;
        Scaling scaling;
        std::optional<std::int64_t> want;
    };
    const Row rows[] = {
        {"12", {}, 12},
        {"-12.5", {.multiply = 1000}, -12500},
        {"+0.5", {}, 1},  // half away from zero
        {"-0.5", {}, -1},
        {"0.4999", {}, 0},
        {"1,25", {.multiply = 100, .decimal_comma = true}, 125},
        {"1.25", {.decimal_comma = true}, {}},
        {"1,25", {}, {}},
        {"212", {.subtract = 32, .multiply = 5000, .divide = 9}, 100000},
        {"1.1", {.multiply = 1'000'000'000}, 1'100'000'000},
        {"9007199254740991", {}, 9007199254740991},
        {"9007199254740992", {}, {}},
        {"999999999999999999", {}, {}},
        {"1234567890123456789", {}, {}},  // more digits than are read
        {"", {}, {}},
        {"-", {}, {}},
        {".5", {}, {}},
        {"1.2.3", {}, {}},
        {"1e5", {}, {}},
        {"0x1f", {}, {}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(scaled_number(row.text, row.scaling) == row.want);
    }
}

TEST_CASE("patterns: a value out of range leaves its field out, or the event that needs it") {
    LineReader lines = reader(R"([[rule]]
name = "env"
match = 'oil=(?P<oil>[\d.-]+)(?: rh=(?P<rh>\d+))?'
event = "env"
[rule.fields]
oil_mc = { capture = "oil", multiply = 1000 }
rh_permille = { capture = "rh" }
[[rule]]
name = "fault"
match = 'fault (?P<code>[\d#]+) (?P<level>\w+)'
event = "fault.raised"
[rule.fields]
code = { capture = "code" }
severity = { capture = "level", map = { high = "hard" } }
)");
    CHECK(lines.read("oil=40.5 rh=300", now_ms)->body == R"({"oil_mc":40500,"rh_permille":300})");
    CHECK(lines.read("oil=40.5", now_ms)->body == R"({"oil_mc":40500})");
    CHECK(lines.counters().out_of_range == 0);
    CHECK(lines.read("oil=4000000 rh=300", now_ms)->body == R"({"rh_permille":300})");
    CHECK(lines.counters().out_of_range == 1);
    CHECK(lines.read("fault 17 high", now_ms)->body == R"({"code":"17","severity":"hard"})");
    CHECK_FALSE(lines.read("fault 17 low", now_ms).has_value());
    CHECK_FALSE(lines.read("fault 123456789012345678901234567890123 high", now_ms).has_value());
    CHECK(lines.counters().out_of_range == 3);
    CHECK_FALSE(lines.read("nothing", now_ms).has_value());
    CHECK(lines.counters().unmatched == 1);
    CHECK(lines.counters().events == 4);
}

TEST_CASE("patterns: the first rule that matches decides, unless what it must not match is there") {
    LineReader lines = reader(R"([[rule]]
name = "first"
match = 'door'
unless = 'test'
event = "power.on"
[[rule]]
name = "second"
match = 'door|window'
event = "power.off"
)");
    CHECK(lines.read("door", now_ms)->type == "power.on");
    CHECK(lines.read("door, test", now_ms)->type == "power.off");
    CHECK(lines.read("window", now_ms)->type == "power.off");
    CHECK_FALSE(lines.read("window", now_ms)->at_ms.has_value());
}

TEST_CASE("patterns: times, lines without one, and one event in so many seconds") {
    LineReader lines = reader(R"([log]
time = '^(\S+ \S+) '
time_format = "%Y-%m-%d %H:%M:%S"
[[rule]]
name = "r"
match = 'up'
event = "power.on"
every_s = 60
)");
    CHECK_FALSE(lines.read("no time", now_ms).has_value());
    CHECK(lines.read("2026-01-01 00:00:00 up", now_ms)->at_ms == 1'767'225'600'000);
    CHECK_FALSE(lines.read("2026-01-01 00:00:59 up", now_ms).has_value());
    CHECK(lines.counters().suppressed == 1);
    CHECK(lines.read("2026-01-01 00:01:00 up", now_ms)->at_ms == 1'767'225'660'000);
    // The line before it was at 00:01:00, and a clock that was set back does not silence the rule.
    CHECK(lines.read("2025-12-31 23:00:00 up", now_ms)->at_ms == 1'767'222'000'000);
    CHECK_FALSE(lines.read("up", now_ms).has_value());
    CHECK_FALSE(lines.read("2026-99-01 00:00:00 down", now_ms).has_value());
    CHECK(lines.counters().bad_time == 1);
}

TEST_CASE("patterns: a line longer than any expression's patience is read in linear time") {
    LineReader lines = reader(R"([[rule]]
name = "r"
match = '(a+)+(a+)+(a+)+b$'
event = "power.on"
)");
    CHECK_FALSE(lines.read(std::string(16'000, 'a'), now_ms).has_value());
}
