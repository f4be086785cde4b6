#include "agent/audit/routes.hpp"

#include <doctest/doctest.h>

#include "tests/unit/audit/fixture.hpp"

using namespace gantry;
using namespace gantry::audit;

namespace {

constexpr const char* table = R"(unassigned = "u"
[[route]]
certificate = "c1"
intake = "by-certificate"
[[route]]
peer = "10.0.0.1"
intake = "by-peer"
[[route]]
peer = "10.0.0.1"
host = "h1"
intake = "by-peer-and-host"
[[route]]
ae = "AE1"
intake = "by-ae"
[[route]]
host = "h1"
intake = "by-host"
)";

}  // namespace

TEST_CASE("routes: the best that fits") {
    const RouteTable routes = RouteTable::parse(table, "routes.toml").value();
    struct Row {
        Sender sender;
        const char* want;
        bool unassigned;
    };
    const Row rows[] = {
        {{"c1", "10.0.0.1", "AE1", "h1"}, "by-certificate", false},
        {{"c2", "10.0.0.1", "AE1", "h1"}, "by-peer-and-host", false},
        {{"", "10.0.0.1", "AE1", "h2"}, "by-peer", false},
        {{"", "10.0.0.2", "AE1", "h1"}, "by-ae", false},
        {{"", "10.0.0.2", "AE2", "h1"}, "by-host", false},
        {{"c2", "10.0.0.2", "AE2", "h2"}, "u", true},
        {{}, "u", true},
    };
    for (const Row& row : rows) {
        CAPTURE(row.want);
        const auto choice = routes.choose(row.sender);
        CHECK(choice.intake == row.want);
        CHECK(choice.unassigned == row.unassigned);
    }
    const auto only = RouteTable::single("one").choose({});
    CHECK(only.intake == "one");
    CHECK_FALSE(only.unassigned);
}

TEST_CASE("routes: faults are told with file, line and reason") {
    struct Row {
        const char* toml;
        const char* want;
    };
    const Row rows[] = {
        {"x = ", "routes.toml:1: "},
        {"[[route]]\nhost = \"h\"\nintake = \"i\"\n", "got no unassigned"},
        {"unassigned = \"u\"\nnonsense = 1\n", "routes.toml:2: got \"nonsense\""},
        {"unassigned = \"u\"\n[[route]]\nintake = \"i\"\n", "routes.toml:2: route: got no condition"},
        {"unassigned = \"u\"\n[[route]]\nhost = \"h\"\n", "routes.toml:2: route: got no intake"},
        {"unassigned = \"u\"\n[[route]]\nhosts = \"h\"\nintake = \"i\"\n", "routes.toml:3: route: got \"hosts\""},
        {"unassigned = \"u\"\n[[route]]\nhost = 5\nintake = \"i\"\n", "routes.toml:3: route: got \"host\""},
        {"unassigned = \"u\"\n[[route]]\nhost = \"\"\nintake = \"i\"\n", "routes.toml:3: route: got \"host\""},
        {"unassigned = \"u\"\n[[route]]\nhost = \"h\"\nintake = \"i\"\n[[route]]\nhost = \"h\"\nintake = \"j\"\n",
         "routes.toml:5: route: the same conditions are there twice"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.toml);
        const auto routes = RouteTable::parse(row.toml, "routes.toml");
        REQUIRE_FALSE(routes.has_value());
        CHECK_MESSAGE(routes.error().message.find(row.want) != std::string::npos, routes.error().message);
    }
    CHECK(RouteTable::parse(audit::testing::read_text(GANTRY_SOURCE_DIR "/config/audit-routes.toml"), "shipped")
              .has_value());
}
