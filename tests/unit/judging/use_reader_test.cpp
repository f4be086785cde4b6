#include "server/judging/use_reader.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

namespace {

constexpr std::int64_t hour = 3'600'000;
constexpr std::int64_t base = TestAgent::start_ms - TestAgent::start_ms % hour;

std::vector<rules::UseEvent> read(const TestCollector& collector, const std::vector<std::int64_t>& wanted) {
    store::StoreReader reader{collector.database()};
    return judging::read_uses(reader, 1, reader.hours(1, 0, base + 1000 * hour), wanted);
}

}  // namespace

TEST_CASE(
    "uses: those of the wanted hours, each once, in order, whatever came between and in whatever order they came") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    TestAgent other{"ct-2", 2};
    REQUIRE(collector.add(agent).has_value());
    REQUIRE(collector.add(other).has_value());
    // Ten exposures in each of five hours; then late ones of the first and third, and one told again.
    for (std::uint64_t n = 0; n < 50; ++n) {
        agent.expose(n, base + static_cast<std::int64_t>(n / 10) * hour + static_cast<std::int64_t>(n % 10) * 60'000);
        other.expose(n, base);
    }
    agent.append("power.on", "{}", base);
    agent.expose(100, base + 5'000);
    agent.expose(102, base + 2 * hour + 5'000);
    agent.expose(3, base + 3 * 60'000);
    const std::size_t count = agent.epoch().records.size();
    REQUIRE(collector.deliver(agent, 1, 20));
    REQUIRE(collector.deliver(other, 1, 51));
    REQUIRE(collector.deliver(agent, 21, count));

    CHECK(read(collector, {}).empty());
    CHECK(read(collector, {base + 100 * hour}).empty());
    const auto first = read(collector, {base});
    CHECK(first.size() == 11);
    CHECK(std::ranges::is_sorted(first, {}, &rules::UseEvent::at_ms));
    CHECK(first.at(1).at_ms == base + 5'000);
    CHECK(first.at(0).dlp_ugy_cm == 300'000);
    CHECK(first.at(0).patient);
    CHECK_FALSE(first.at(0).purpose_known);
    const auto three = read(collector, {base, base + hour, base + 2 * hour});
    CHECK(three.size() == 32);
    CHECK(read(collector, {base, base + hour, base + 2 * hour, base + 3 * hour, base + 4 * hour}).size() == 52);
}

TEST_CASE("uses: the exam's age band and a dose alert come with the exposure") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    const std::string exam(32, 'e');
    agent.append("usage.exam.start", R"({"exam_h":")" + exam + R"(","age_band":"5-9"})", base);
    agent.append("usage.exposure",
                 R"({"event_h":")" + std::string(32, '1') + R"(","exam_h":")" + exam +
                     R"(","acq":"localiser","purpose":"phantom","dose_alert":{"dlp_configured":true,)"
                     R"("dlp_alert_ugy_cm":10,"dlp_estimate_ugy_cm":11,"reason_given":false}})",
                 base + 1000);
    REQUIRE(collector.deliver(agent, 1, 3));
    const auto uses = read(collector, {base});
    REQUIRE(uses.size() == 1);
    CHECK(uses[0].age_band == "5-9");
    CHECK(uses[0].alert_passed);
    CHECK_FALSE(uses[0].alert_reason);
    CHECK(uses[0].alert_configured == true);
    CHECK_FALSE(uses[0].patient);
    CHECK(uses[0].purpose_known);
    CHECK(uses[0].localiser);
}
