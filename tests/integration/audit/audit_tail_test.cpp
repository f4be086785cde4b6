// gantry-audit tail and read as programs: logs that rotate while they are written, kill -9 at any moment, and the whole
// road to the collector's log.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <random>

#include "agent/audit/domain/limits.hpp"
#include "tests/integration/audit/fake_intake.hpp"
#include "tests/integration/audit/sender.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/child.hpp"
#include "tests/support/gantry.hpp"
#include "tests/support/log_check.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/audit/fixture.hpp"
#include "tests/unit/audit/log_maker.hpp"

using namespace gantry;
using namespace gantry::testing;
using namespace gantry::audit::testing;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::string patterns(const std::string& model) {
    return (source_dir() / "config/audit/patterns" / (model + ".toml")).string();
}

std::vector<std::string> tail_of(const TempDir& dir, const fs::path& intake, std::vector<std::string> more) {
    std::vector<std::string> out = {
        program("gantry-audit"),  "tail",     "--patterns",   patterns("acme-ct9"), "--state",
        (dir / "state").string(), "--intake", intake.string()};
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

void append(const fs::path& file, const std::string& text) {
    std::ofstream out{file, std::ios::binary | std::ios::app};
    out << text;
}

// A fault whose code says which it is.
std::string fault(int n) {
    return fmt::format("2026-03-04 05:{:02}:{:02}.{:03} [ERROR] TUBE  E-{:05} raised: SECRET\n", n / 60 % 60, n % 60,
                       n % 1000, n);
}

// How often each fault's code stands in the lines.
std::map<int, int> codes_of(const std::vector<std::string>& lines) {
    std::map<int, int> out;
    for (const std::string& line : lines)
        if (const auto at = line.find("\"code\":\"E-"); at != std::string::npos)
            ++out[std::stoi(line.substr(at + 10, 5))];
    return out;
}

}  // namespace

TEST_CASE("tail: what is written while it runs, through both kinds of rotation") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    const fs::path log = dir / "ct.log";
    append(log, fault(0));
    Child tail{tail_of(dir, dir / "in.sock", {log.string()}), {.log = dir / "tail.log"}};
    REQUIRE(wait_until([&] { return intake.count() == 1; }));
    int n = 1;
    for (int rotation = 1; rotation <= 3; ++rotation) {
        for (int i = 0; i < 50; ++i) append(log, fault(n++));
        fs::rename(log, dir / fmt::format("ct.log.{}", rotation));
        for (int i = 0; i < 50; ++i) append(log, fault(n++));
        REQUIRE(wait_until([&] { return intake.count() == static_cast<std::size_t>(n); }, 20s));
        for (int i = 0; i < 20; ++i) append(log, fault(n++));
        fs::copy_file(log, dir / fmt::format("ct.log.{}", 10 + rotation));
        fs::resize_file(log, 0);
        append(log, fault(n++));
        REQUIRE(wait_until([&] { return intake.count() == static_cast<std::size_t>(n); }, 20s));
    }
    CHECK(tail.stop() == Exit{});
    const auto lines = intake.lines();
    const auto codes = codes_of(lines);
    CHECK(codes.size() == static_cast<std::size_t>(n));
    CHECK(lines.size() == static_cast<std::size_t>(n));
    for (const std::string& line : lines) REQUIRE(line.find("SECRET") == std::string::npos);
    const std::string said = read_text(dir / "tail.log");
    CHECK(said.find("SECRET") == std::string::npos);
    CHECK_MESSAGE(said.find("\"rotations\":6") != std::string::npos, said);
}

TEST_CASE("tail: killed with -9 at random, nothing is lost, and no more than a batch comes twice for each kill") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    const fs::path log = dir / "ct.log";
    std::mt19937 random{20260304};
    int written = 0;
    int kills = 0;
    int rotated = 0;
    for (; kills < 20; ++kills) {
        Child tail{tail_of(dir, dir / "in.sock", {log.string()}), {.log = dir / "tail.log"}};
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{50 + random() % 400};
        while (std::chrono::steady_clock::now() < end) {
            for (unsigned i = 0; i < 20; ++i) append(log, fault(written++));
            std::this_thread::sleep_for(2ms);
        }
        tail.signal(SIGKILL);
        tail.wait();
        // Rotation while nobody looks.
        if (kills % 3 == 0) fs::rename(log, dir / fmt::format("ct.log.{}", ++rotated));
    }
    Child tail{tail_of(dir, dir / "in.sock", {log.string()}), {.log = dir / "tail.log"}};
    append(log, fault(written++));
    CHECK(wait_until([&] { return codes_of(intake.lines()).size() == static_cast<std::size_t>(written); }, 60s));
    CHECK(tail.stop() == Exit{});
    const auto lines = intake.lines();
    CHECK(codes_of(lines).size() == static_cast<std::size_t>(written));
    const std::size_t twice = lines.size() - static_cast<std::size_t>(written);
    MESSAGE(fmt::format("{} lines, {} kills, {} came twice", written, kills, twice));
    CHECK(twice <= static_cast<std::size_t>(kills) * audit::limits::batch_events_max);
    for (const auto& [code, times] : codes_of(lines)) CHECK(times <= 2);
}

TEST_CASE("tail: an intake that is away, SIGTERM meanwhile, and a pattern file that is changed") {
    const TempDir dir;
    const fs::path log = dir / "ct.log";
    fs::copy_file(patterns("acme-ct9"), dir / "p.toml");
    for (int n = 0; n < 100; ++n) append(log, fault(n));
    const auto argv = tail_of(dir, dir / "in.sock", {"--patterns", (dir / "p.toml").string(), log.string()});
    {
        Child tail{argv, {.log = dir / "tail.log"}};
        REQUIRE(wait_until(
            [&] { return read_text(dir / "tail.log").find("waiting for the intake") != std::string::npos; }));
        CHECK(tail.stop(20s) == Exit{});
    }
    FakeIntake intake{dir / "in.sock"};
    Child tail{argv, {.log = dir / "tail.log"}};
    REQUIRE(wait_until([&] { return intake.count() == 100; }));
    write_text(dir / "p.toml", "nonsense = 1\n");
    tail.signal(SIGHUP);
    CHECK(wait_until(
        [&] { return read_text(dir / "tail.log").find("the patterns stay as they were") != std::string::npos; }));
    write_text(dir / "p.toml", "[[rule]]\nname = \"r\"\nmatch = 'TUBE'\nevent = \"power.on\"\n");
    tail.signal(SIGHUP);
    REQUIRE(wait_until([&] {
        append(log, fault(100));
        std::this_thread::sleep_for(50ms);
        return intake.lines().back().find("power.on") != std::string::npos;
    }));
    CHECK(tail.stop() == Exit{});
}

TEST_CASE("read: prints what would be sent and a line for each file; refused files are named and the others done") {
    const TempDir dir;
    for (const char* model : {"acme-ct9", "huaxing-x64", "norden-spira"}) {
        CAPTURE(model);
        const MadeLog made = make_log(model, 3, 200);
        write_text(dir / "made.log", made.bytes);
        const Ran ran =
            run({program("gantry-audit"), "read", "--patterns", patterns(model), (dir / "made.log").string()});
        CHECK(ran.exit == Exit{});
        CHECK(std::ranges::count(ran.out, '\n') == 201);
        CHECK(ran.out.find("SECRET") == std::string::npos);
        CHECK(ran.out.find("{\"type\":\"report\",\"file\":\"" + (dir / "made.log").string() + "\"") !=
              std::string::npos);
        CHECK(ran.out.find("\"events\":200") != std::string::npos);
    }
    const std::string one = syslog_of(xml_of({.event = 110113, .type = 110139}));
    const std::string two = syslog_of(xml_of({.event = 110113, .type = 110140}));
    write_text(dir / "bare.xml", xml_of({}));
    write_text(dir / "one.syslog", one);
    write_text(dir / "framed", std::to_string(one.size()) + " " + one + std::to_string(two.size()) + " " + two);
    write_text(dir / "cut", std::to_string(one.size()) + " " + one.substr(0, 100));
    write_text(dir / "bad", "SECRET");
    const auto read = [&](std::vector<std::string> files) {
        std::vector<std::string> argv = {program("gantry-audit"), "read"};
        for (const std::string& file : files) argv.push_back((dir / file).string());
        return run(argv);
    };
    const Ran good = read({"bare.xml", "one.syslog", "framed"});
    CHECK(good.exit == Exit{});
    CHECK_MESSAGE(std::ranges::count(good.out, '\n') == 6, good.out);  // 1 + 1 + 1 (one of two is known) and 3 reports
    CHECK(good.out.find("\"repeated\":1") != std::string::npos);
    CHECK(good.out.find("SECRET") == std::string::npos);
    const Ran mixed = read({"bad", "one.syslog", "cut"});
    CHECK(mixed.exit == Exit{65, 0});
    CHECK(std::ranges::count(mixed.out, '\n') == 2);
    CHECK(mixed.err.find("bad: ") != std::string::npos);
    CHECK(mixed.err.find("message 1 is cut off") != std::string::npos);
    CHECK(mixed.err.find("SECRET") == std::string::npos);
    CHECK(read({"nosuch"}).exit == Exit{74, 0});
    CHECK(read({}).exit == Exit{2, 0});
}

TEST_CASE("tail: settings are checked") {
    const TempDir dir;
    write_text(dir / "p.toml", "[[rule]]\nname = \"r\"\nmatch = '('\nevent = \"power.on\"\n");
    const Ran bad = run({program("gantry-audit"), "tail", "--check-config", "--patterns", (dir / "p.toml").string()});
    CHECK(bad.exit == Exit{78, 0});
    CHECK_MESSAGE(bad.err.find("p.toml:3: rule ") != std::string::npos, bad.err);
    CHECK(run({program("gantry-audit"), "tail", "--check-config", "--patterns", patterns("acme-ct9")}).exit == Exit{});
    CHECK(run({program("gantry-audit"), "tail", "x", "--intake", "i", "--state", (dir / "s").string()}).exit ==
          Exit{2, 0});
    CHECK(
        run({program("gantry-audit"), "tail", "x", "--patterns", patterns("acme-ct9"), "--state", (dir / "s").string()})
            .exit == Exit{2, 0});
    CHECK(run(tail_of(dir, "i", {})).exit == Exit{2, 0});
    CHECK(run(tail_of(dir, "i", {"x", "--tz", "Mars/Olympus"})).exit == Exit{78, 0});
}

TEST_CASE("the whole road: messages and log lines end in the collector's log, each once, without a name") {
    const TempDir dir;
    Broker broker{dir / "broker"};
    Collector collector{dir.path(), broker.url()};
    Agent agent{dir / "agent", "ct-1", broker.url(), collector.provisioning()};
    collector.register_device("ct-1", agent.record_key());
    agent.start();
    const fs::path log = dir / "ct.log";
    for (int n = 0; n < 300; ++n) append(log, fault(n));
    Child tail{tail_of(dir, agent.intake(), {log.string()}), {.log = dir / "tail.log"}};
    Child serve{{program("gantry-audit"), "serve", "--udp", "127.0.0.1:0", "--intake", agent.intake().string(),
                 "--state", (dir / "serve").string()},
                {.log = dir / "serve.log"}};
    const std::string mark = "\"udp\":\"127.0.0.1:";
    REQUIRE(wait_until([&] { return read_text(dir / "serve.log").find(mark) != std::string::npos; }));
    const std::string said = read_text(dir / "serve.log");
    const auto port = static_cast<std::uint16_t>(std::stoi(said.substr(said.find(mark) + mark.size())));
    const int types[] = {110120, 110122, 110139, 110131, 110140, 110133, 110127, 110121};
    for (const int type : types) send_datagram(port, syslog_of(xml_of({.event = 110113, .type = type})));
    // 300 faults, 8 messages, and the agent's own first record.
    CHECK(wait_until([&] { return count_records(collector.database()) >= 309; }, 60s));
    CHECK(tail.stop() == Exit{});
    CHECK(serve.stop() == Exit{});
    std::map<std::string, int> by_type;
    for (const StoredRecord& record : read_records(collector.database())) {
        CHECK(record.bytes.find("SECRET") == std::string::npos);
        const auto at = record.bytes.find("\"type\":\"") + 8;
        ++by_type[record.bytes.substr(at, record.bytes.find('"', at) - at)];
    }
    CHECK(by_type["fault.raised"] == 300);
    CHECK(by_type["power.on"] == 1);
    CHECK(by_type["power.off"] == 1);
    CHECK(by_type["service.session"] == 2);
    CHECK(by_type["config.changed"] == 1);
    CHECK(by_type["audit"] == 3);
    CHECK(faults_of_log(collector.database(), {}).empty());
}
