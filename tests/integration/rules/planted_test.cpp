// Wrongs planted by the simulator are found through the whole route: signed frames over a real broker, declarations and
// papers by HTTP, the collector's own judgement; and the command that a case names finds each again.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <set>

#include "tests/support/desk.hpp"
#include "tests/support/wait.hpp"

using namespace gantry;
using namespace gantry::testing;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;

constexpr int days = 20;
constexpr std::int64_t day_ms = 86'400'000;

struct Planted {
    std::string rule, device;
    auto operator<=>(const Planted&) const = default;
};

std::set<Planted> truth_in(const std::filesystem::path& file) {
    std::set<Planted> out;
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);) {
        const json::value wrong = json::parse(line);
        out.insert({wrong.at("rule").as_string().c_str(), wrong.at("device").as_string().c_str()});
    }
    return out;
}

class City : public Desk {
public:
    City() {
        const auto made = run({program("gantry-sim"), "keys", "--devices", "8", "--hospitals", "4", "--seed", "5",
                               "--from", from_.substr(0, 10)});
        std::ofstream{dir / "register.ndjson"} << made.out;
        REQUIRE(gantry({"register", "--from", (dir / "register.ndjson").string()}).exit == Exit{});
    }

    // Twenty days up to today, with one of each wrong.
    std::set<Planted> live(const std::string& wrongs) {
        const std::string truth = (dir / "truth.ndjson").string();
        const Ran ran = run({program("gantry-sim"),
                             "fleet",
                             "--devices",
                             "8",
                             "--hospitals",
                             "4",
                             "--seed",
                             "5",
                             "--from",
                             from_.substr(0, 10),
                             "--days",
                             std::to_string(days),
                             "--violations",
                             wrongs,
                             "--violation-block",
                             "8",
                             "--truth",
                             truth,
                             "--to-mqtt",
                             broker_url(),
                             "--provisioning",
                             collector.provisioning().string(),
                             "--declare",
                             fmt::format("http://127.0.0.1:{}", collector.port()),
                             "--json"},
                            240s);
        CAPTURE(ran.err);
        REQUIRE(ran.exit == Exit{});
        const json::value told = json::parse(ran.out);
        CHECK(told.at("declarations_refused").as_int64() == 0);
        CHECK(told.at("answered").as_int64() == told.at("sent").as_int64());
        return truth_in(truth);
    }

    json::array findings(const Planted& wrong) const {
        const json::value page = get(fmt::format("/api/v1/findings?device={}&rule={}", wrong.device, wrong.rule));
        return page.at("items").as_array();
    }

    // How many findings the command that a case names prints: `gantry judge` with these words.
    std::size_t found_again(const json::value& finding) const {
        const std::string device = finding.at("device").as_string().c_str();
        const std::string rule = finding.at("rule").as_string().c_str(), key = finding.at("key").as_string().c_str();
        return asked({"judge", "--device", device, "--rule", rule, "--key", key}).as_array().size();
    }

private:
    std::string from_ = time_from_now(-days * day_ms);
};

}  // namespace

TEST_CASE("rules: dark scans, ghosts, clones, resurrections and work that was done on paper only are found") {
    City city;
    const std::set<Planted> planted = city.live("V14,V19,V26,V27,V51,V56");
    for (const char* rule : {"V14", "V19", "V26", "V27", "V51", "V56"}) {
        CAPTURE(rule);
        CHECK(std::ranges::any_of(planted, [&](const Planted& wrong) { return wrong.rule == rule; }));
    }
    bool clone_found = false;
    for (const Planted& wrong : planted) {
        if (wrong.rule.starts_with("W")) continue;
        CAPTURE(wrong.rule);
        CAPTURE(wrong.device);
        json::array found;
        // Twenty days come in at once here: of a pair of clones, the one whose plate was copied is found only while the
        // copy shows itself.
        const bool clone = wrong.rule == "V51";
        const bool is_found = wait_until([&] { return !(found = city.findings(wrong)).empty(); }, clone ? 10s : 90s);
        clone_found = clone_found || (clone && is_found);
        if (!clone) CHECK(is_found);
        for (const json::value& finding : found) {
            if (finding.at("rule_version").as_int64() == 0) continue;  // found by the state alone, as it came in
            CHECK(city.found_again(finding) == 1);
        }
    }
    CHECK(clone_found);
}
