#include "firmware-sim/emit/options.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

using namespace gantry::sim;

namespace {

auto parse(std::vector<const char*> words) {
    words.insert(words.begin(), "gantry-sim");
    return parse_run_options(static_cast<int>(words.size()), words.data());
}

}  // namespace

TEST_CASE("options: what is asked for") {
    const auto run =
        parse({"fleet", "--hospitals", "3", "--devices", "20", "--from", "2026-01-02", "--days", "5", "--seed", "9",
               "--truth", "t", "--to-intake", "d", "--rate", "50.5", "--violations", "V19,V46"});
    REQUIRE(run.has_value());
    CHECK(run->route == Route::intake);
    CHECK(run->target == "d");
    CHECK(run->fleet.devices == 20);
    CHECK(run->fleet.seed == 9);
    CHECK(run->rate_per_s == 50.5);
    int planted = 0;
    for (const bool on : run->fleet.violations) planted += on ? 1 : 0;
    CHECK(planted == 2);
    CHECK(parse({"keys", "--devices", "2"})->keys_only);
    CHECK(parse({"fleet", "--from", "2026-01-01", "--to-file", "-", "--rate", "max"})->rate_per_s == 0);
}

TEST_CASE("options: what is refused names the flag and what is wanted") {
    struct Row {
        std::vector<const char*> words;
        std::string_view want;
    };
    const std::vector<Row> rows{
        {{"fleet", "--from", "2026-01-01"}, "got 0 targets"},
        {{"fleet", "--from", "2026-01-01", "--to-file", "a", "--to-intake", "b"}, "got 2 targets"},
        {{"fleet", "--to-file", "a"}, "--from: missing"},
        {{"fleet", "--from", "soon", "--to-file", "a"}, "--from: got 'soon', want YYYY-MM-DD"},
        {{"fleet", "--from", "2026-01-01", "--to-file", "a", "--devices", "0"},
         "--devices: got '0', want a number from 1 to"},
        {{"fleet", "--from", "2026-01-01", "--to-file", "a", "--days", "x"}, "--days: got 'x'"},
        {{"fleet", "--from", "2026-01-01", "--to-file", "a", "--rate", "-1"}, "--rate"},
        {{"fleet", "--from", "2026-01-01", "--to-file", "a", "--violations", "V99"},
         "got 'V99', want default, none, all"},
        {{"fleet", "--from", "2026-01-01", "--to-file", "a", "--devices-prefix", "-x"}, "--devices-prefix"},
        {{"fleet", "--from", "2026-01-01", "--to-mqtt", "a", "--records-per-frame", "257"}, "--records-per-frame"},
        {{"fleet", "--from", "2026-01-01", "--to-mqtt", "a", "--mqtt-version", "4"}, "want 5 or 3.1.1"},
        {{"flet"}, "got command 'flet', want fleet"},
        {{"fleet", "--day", "3"}, "did you mean"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.want);
        const auto run = parse(row.words);
        REQUIRE_FALSE(run.has_value());
        CHECK(run.error().message.find(row.want) != std::string::npos);
    }
}
