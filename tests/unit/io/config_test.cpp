#include "common/io/config.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <memory>

#include "common/io/args.hpp"
#include "common/io/log.hpp"
#include "tests/support/temp_dir.hpp"

using namespace gantry;
using gantry::testing::TempDir;

namespace {

Result<Config> load(const std::filesystem::path& file, std::map<std::string, std::string> flags = {},
                    std::map<std::string, std::string> environment = {}) {
    const auto kept = std::make_shared<std::map<std::string, std::string>>(std::move(environment));
    return Config::load({.file = file,
                         .default_file = {},
                         .flags = std::move(flags),
                         .environment = [kept](const char* name) -> const char* {
                             const auto found = kept->find(name);
                             return found == kept->end() ? nullptr : found->second.c_str();
                         }});
}

}  // namespace

TEST_CASE("config: flag beats environment beats conf.d beats file beats default") {
    const TempDir dir;
    std::filesystem::create_directory(dir / "conf.d");
    std::ofstream{dir / "a.toml"} << "a = 1\nb = 1\nc = 1\nd = 1\n";
    std::ofstream{dir / "conf.d" / "10.toml"} << "b = 2\nc = 2\nd = 2\n";
    std::ofstream{dir / "conf.d" / "20.toml"} << "c = 3\nd = 3\n";
    auto config = load(dir / "a.toml", {{"d", "5"}}, {{"GANTRY_D", "4"}, {"GANTRY_MQTT_URL", "mqtt://x"}}).value();
    CHECK(config.integer("a", 0, 9, 0) == 1);
    CHECK(config.integer("b", 0, 9, 0) == 2);
    CHECK(config.integer("c", 0, 9, 0) == 3);
    CHECK(config.integer("d", 0, 9, 0) == 5);
    CHECK(config.integer("e", 0, 9, 7) == 7);
    CHECK(config.text("mqtt.url") == "mqtt://x");
    CHECK(config.finish().has_value());
    CHECK(config.describe().find("d = 5  (command line)") != std::string::npos);
}

TEST_CASE("config: each error says where, what was found and what is wanted") {
    struct Row {
        const char* text;
        const char* want;
    };
    for (const Row& row : {
             Row{"[ingest]\nbatch_max = \"lots\"\n",
                 ":2:13: ingest.batch_max: got \"lots\", want a whole number from 1 to 10000"},
             Row{"[ingest]\nbatch_max = 0\n", "got \"0\", want a whole number from 1 to 10000"},
             Row{"[ingest]\nbatch_max = true\n", "got \"true\", want a whole number"},
             Row{"[ingest]\nbatch_maxx = 5\n", "unknown key ingest.batch_maxx: did you mean ingest.batch_max?"},
             Row{"on = \"yes\"\n", "on: got \"yes\", want true or false"},
             Row{"mode = \"c\"\n", "mode: got \"c\", want one of a, b"},
             Row{"name = 5\n", "name: got \"5\", want text in quotes"},
         }) {
        CAPTURE(row.text);
        const TempDir dir;
        std::ofstream{dir / "a.toml"} << row.text;
        auto config = load(dir / "a.toml").value();
        config.integer("ingest.batch_max", 1, 10000, 256);
        config.boolean("on", false);
        config.choice("mode", {"a", "b"}, "a");
        config.text("name");
        const auto done = config.finish();
        REQUIRE(!done);
        CHECK_MESSAGE(done.error().message.find(row.want) != std::string::npos, done.error().message);
    }
}

TEST_CASE("config: a file that is no TOML is refused with its line; one that was named must exist") {
    const TempDir dir;
    std::ofstream{dir / "a.toml"} << "a = 1\nb = = 2\n";
    const auto bad = load(dir / "a.toml");
    REQUIRE(!bad);
    CHECK(bad.error().message.find("a.toml:2:") != std::string::npos);
    CHECK(load(dir / "none.toml").error().code == Errc::not_found);
}

TEST_CASE("args: flags, values, words and the nearest flag") {
    constexpr Flag table[] = {{"--mqtt", "URL", "mqtt.url", "broker"}, {"--json", "", "", "as JSON"}};
    const char* good[] = {"x", "run", "--mqtt", "mqtt://a", "--json", "--", "--mqtt"};
    const auto args = parse_args(7, good, table).value();
    CHECK(args.words == std::vector<std::string>{"run", "--mqtt"});
    CHECK(args.settings(table) == std::map<std::string, std::string>{{"mqtt.url", "mqtt://a"}});
    CHECK(args.has("--json"));
    const char* typo[] = {"x", "--mqt"};
    CHECK(parse_args(2, typo, table).error().message == "unknown flag --mqt: did you mean --mqtt?");
    const char* cut[] = {"x", "--mqtt"};
    CHECK(parse_args(2, cut, table).error().message == "--mqtt: got nothing, want URL");
}

TEST_CASE("log: one line whatever is in it, valid JSON, text for people") {
    const std::string nasty = "a\nb\x01\xff";
    const auto json =
        log::format_line(log::Format::json, log::Level::warn, "msg\n", {{"k", nasty}, {"n", 5}, {"b", true}}, 0);
    CHECK(json ==
          "{\"t\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warn\",\"program\":\"gantry\",\"msg\":\"msg\\n\",\"k\":\"a?"
          "b??\",\"n\":5,"
          "\"b\":true}\n");
    const auto text = log::format_line(log::Format::text, log::Level::info, "x\ny", {{"k", "v w"}, {"n", 5}}, 1'000);
    CHECK(text == "1970-01-01T00:00:01.000Z info  x y k=\"v w\" n=5\n");
}
