#include "agent/core/watch.hpp"

#include <doctest/doctest.h>

#include "agent/core/host.hpp"
#include "common/core/crypto.hpp"
#include "common/io/files.hpp"
#include "tests/support/temp_dir.hpp"

using namespace gantry;
using namespace gantry::agent;
using enum Watch::Room;

namespace {
constexpr std::int64_t minute = 60'000;
constexpr std::int64_t hour = 60 * minute;
}  // namespace

TEST_CASE("watch: an hour is one bit a minute, and is told when it is over") {
    Watch watch;
    watch.tick(10 * hour, 0);
    watch.tick(10 * hour + 59 * minute, 59 * minute);
    CHECK(watch.ready(plenty).empty());
    watch.tick(11 * hour, hour);
    const auto ready = watch.ready(plenty);
    REQUIRE(ready.size() == 1);
    CHECK(ready[0].type == "coverage");
    CHECK(ready[0].body == R"({"hour":36000000,"map":"800000000000001"})");  // bits 59 and 0
    CHECK(watch.ready(little).empty());  // A nearly full outbox gets no hours; they wait.
    watch.appended(1);
    CHECK(watch.ready(plenty).empty());
}

TEST_CASE("watch: a jump of the clock is told, drift and sleep are not") {
    Watch watch;
    watch.tick(1'000'000, 1'000);
    watch.tick(1'060'900, 61'000);     // 0.9 s of drift
    watch.tick(9'999'900, 9'000'000);  // asleep in between: both clocks went on
    CHECK(watch.ready(little).empty());
    watch.tick(9'999'900 + minute - 5'000, 9'000'000 + minute);
    const auto ready = watch.ready(little);
    REQUIRE(ready.size() == 1);
    CHECK(ready[0].type == "clock");
    CHECK(ready[0].body == R"({"step_ms":-5000})");
}

TEST_CASE("watch: refused lines become one gap, told when there is room again") {
    Watch watch;
    watch.refused("full", 100);
    watch.refused("full", 300);
    CHECK(watch.ready(none).empty());
    const auto ready = watch.ready(little);
    REQUIRE(ready.size() == 1);
    CHECK(ready[0].body == R"({"count":2,"from":100,"to":300,"reason":"full"})");
    watch.appended(1);
    CHECK(watch.ready(little).empty());
    CHECK(watch.refused_total() == 2);
}

TEST_CASE("host: the fingerprint depends on device and host, and a uuid read on another host does not count") {
    const gantry::testing::TempDir dir;
    const auto a = DeviceId::parse("a").value();
    const auto b = DeviceId::parse("b").value();
    const HostFiles files{dir / "machine-id", dir / "uuid"};
    CHECK(host_fingerprint(a, files).parts == 0);
    files::write_atomic(dir / "machine-id", "m1\n").value();
    const auto plain = host_fingerprint(a, files);
    CHECK(plain.parts == 1);
    CHECK(plain.value == hmac_sha256(as_bytes("a"), as_bytes("m1\n-")));
    CHECK(host_fingerprint(b, files).value != plain.value);
    files::write_atomic(dir / "uuid", "m1 UUID-1\n").value();
    CHECK(host_fingerprint(a, files).parts == 3);
    CHECK(host_fingerprint(a, files).value == hmac_sha256(as_bytes("a"), as_bytes("m1\nuuid-1")));
    files::write_atomic(dir / "machine-id", "m2\n").value();  // A copied disk with a fresh machine id.
    CHECK(host_fingerprint(a, files).parts == 1);
}
