// The tools of the other integration tests, tried on themselves: a tool that cannot fail would prove nothing.
#include <doctest/doctest.h>

#include "tests/support/broker.hpp"
#include "tests/support/child.hpp"
#include "tests/support/line_client.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

using namespace gantry::testing;
using namespace std::chrono_literals;

TEST_CASE("child: output, exit code, signal and a program that is not there") {
    const Ran said = run({"sh", "-c", "echo out; echo err >&2; exit 3"});
    CHECK(said.out == "out\n");
    CHECK(said.err == "err\n");
    CHECK(said.exit == Exit{3, 0});

    Child sleeper{{"sleep", "100"}};
    CHECK(sleeper.running());
    CHECK_FALSE(sleeper.wait(50ms).has_value());
    sleeper.signal(SIGKILL);
    CHECK(sleeper.wait() == Exit{0, SIGKILL});
    CHECK(run({"/nowhere/at/all"}).exit == Exit{127, 0});
}

TEST_CASE("child: what it started goes with it") {
    const TempDir dir;
    {
        Child parent{{"sh", "-c", "sleep 100 & echo $!; wait"}, {.log = {}, .output = dir / "pid"}};
        REQUIRE(wait_until([&] { return !read_text(dir / "pid").empty(); }));
    }
    const pid_t grandchild = std::stoi(read_text(dir / "pid"));
    CHECK(wait_until([&] { return ::kill(grandchild, 0) != 0; }, 2s));
}

TEST_CASE("broker: accepts, dies, comes back on the same port") {
    const TempDir dir;
    Broker broker{dir / "broker"};
    const auto port = broker.port();
    CHECK(port_answers(port));
    broker.kill_now();
    CHECK_FALSE(port_answers(port));
    broker.start();
    CHECK(port_answers(port));
}

TEST_CASE("line client: nobody there, and the promise of an answer") {
    const TempDir dir;
    CHECK_FALSE(LineClient::connect(dir / "none").has_value());
    const auto promise = parse_ok("ok 00ff 12 abcd");
    REQUIRE(promise.has_value());
    CHECK(promise->epoch == "00ff");
    CHECK(promise->seq == 12);
    CHECK(promise->head == "abcd");
    CHECK_FALSE(parse_ok("error full 3").has_value());
}
