// gantry-audit serve as a program: real TLS with real certificates, real datagrams, and an intake that speaks the
// agent's line protocol.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "tests/integration/audit/fake_intake.hpp"
#include "tests/integration/audit/sender.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/audit/fixture.hpp"

using namespace gantry;
using namespace gantry::testing;
using namespace gantry::audit::testing;
using namespace std::chrono_literals;

namespace {

// A CA, the server's certificate, two scanners and a stranger of another CA. Made once for the program.
const std::filesystem::path& certs() {
    static const TempDir dir;
    static const std::filesystem::path made = [] {
        const std::string script = (source_dir() / "tests/support/make_certs").string();
        const auto good = dir / "good";
        if (run({script, good.string(), "server", "ct-east-1", "ct-east-2"}).exit != Exit{} ||
            run({script, (dir / "other").string(), "stranger"}).exit != Exit{})
            throw std::runtime_error{"make_certs failed"};
        for (const char* end : {".crt", ".key"})
            std::filesystem::copy_file(dir / "other" / (std::string{"stranger"} + end),
                                       good / (std::string{"stranger"} + end));
        return good;
    }();
    return made;
}

// A running `gantry-audit serve` on ports of its own choice.
class Server {
public:
    Server(const TempDir& dir, std::vector<std::string> flags) : log_{dir / "serve.log"} {
        argv_ = {program("gantry-audit"),
                 "serve",
                 "--state",
                 (dir / "state").string(),
                 "--tls",
                 "127.0.0.1:0",
                 "--udp",
                 "127.0.0.1:0",
                 "--cert",
                 (certs() / "server.crt").string(),
                 "--key",
                 (certs() / "server.key").string(),
                 "--ca",
                 (certs() / "ca.crt").string()};
        argv_.insert(argv_.end(), flags.begin(), flags.end());
        start();
    }
    void start() {
        std::filesystem::remove(log_);
        child_.emplace(argv_, Child::Options{.log = log_});
        REQUIRE(wait_until([&] { return log().find("\"serving\"") != std::string::npos || !child_->running(); }, 30s));
        REQUIRE_MESSAGE(child_->running(), log());
        tls = port_after("\"tls\":\"127.0.0.1:");
        udp = port_after("\"udp\":\"127.0.0.1:");
    }
    std::string log() const { return read_text(log_); }
    bool logged(const std::string& text) const {
        return wait_until([&] { return log().find(text) != std::string::npos; });
    }
    Child& child() { return *child_; }
    std::optional<Exit> stop() { return child_->stop(20s); }

    std::uint16_t tls = 0;
    std::uint16_t udp = 0;

private:
    std::uint16_t port_after(const std::string& text) const {
        const std::string all = log();
        return static_cast<std::uint16_t>(std::stoi(all.substr(all.find(text) + text.size())));
    }
    std::filesystem::path log_;
    std::vector<std::string> argv_;
    std::optional<Child> child_;
};

// Message n, each at a second of its own.
std::string message(int n, int type = 110122) {
    return syslog_of(
        xml_of({.event = 110114,
                .type = type,
                .time = fmt::format("2026-03-04T{:02}:{:02}:{:02}Z", n / 3600 % 24, n / 60 % 60, n % 60)}));
}

std::size_t distinct(std::vector<std::string> lines) {
    std::ranges::sort(lines);
    return static_cast<std::size_t>(std::ranges::unique(lines).begin() - lines.begin());
}

}  // namespace

TEST_CASE("serve: messages over TLS and UDP arrive once, in order, and without a name") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    {
        TlsSender sender{server.tls, certs(), "ct-east-1"};
        REQUIRE(sender.connected());
        std::string stream;
        for (int n = 0; n < 200; ++n) {
            const std::string one = message(n);
            stream += std::to_string(one.size()) + " " + one;
        }
        // In pieces that fit nothing.
        for (std::size_t at = 0; at < stream.size(); at += 4999) REQUIRE(sender.send_raw(stream.substr(at, 4999)));
        REQUIRE(wait_until([&] { return intake.count() == 200; }));
        const auto lines = intake.lines();
        CHECK(std::ranges::is_sorted(lines));  // their times count up, and nothing else differs
        for (int n = 0; n < 20; ++n) REQUIRE(sender.send(message(n)));
        REQUIRE(sender.send(message(200)));
        CHECK(wait_until([&] { return intake.count() == 201; }));
    }
    send_datagram(server.udp, message(5));  // known from TLS
    send_datagram(server.udp, message(201));
    CHECK(wait_until([&] { return intake.count() == 202; }));
    send_datagram(server.udp, "<13>1 - - - - - - SECRET no XML");
    send_datagram(server.udp, std::string(60'000, 'x'));
    CHECK(server.logged("\"refused\""));
    CHECK(server.stop() == Exit{});
    CHECK(intake.count() == 202);
    CHECK(distinct(intake.lines()) == 202);
    for (const std::string& line : intake.lines()) REQUIRE(line.find("SECRET") == std::string::npos);
    CHECK(server.log().find("SECRET") == std::string::npos);
    CHECK_MESSAGE(server.log().find("\"repeated\":21") != std::string::npos, server.log());
    CHECK(server.log().find("\"refused\":2") != std::string::npos);
    for (const auto& entry : std::filesystem::recursive_directory_iterator{dir / "state"})
        if (entry.is_regular_file()) CHECK(read_text(entry.path()).find("SECRET") == std::string::npos);
}

TEST_CASE("serve: what was delivered is known after a restart") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    {
        TlsSender sender{server.tls, certs(), "ct-east-1"};
        for (int n = 0; n < 10; ++n) REQUIRE(sender.send(message(n)));
        REQUIRE(wait_until([&] { return intake.count() == 10; }));
    }
    // Long enough after the last answer that it was remembered.
    std::this_thread::sleep_for(300ms);
    server.child().signal(SIGKILL);
    server.child().wait();
    server.start();
    TlsSender sender{server.tls, certs(), "ct-east-1"};
    for (int n = 0; n < 11; ++n) REQUIRE(sender.send(message(n)));
    CHECK(wait_until([&] { return intake.count() == 11; }));
    CHECK(server.stop() == Exit{});
    CHECK(distinct(intake.lines()) == 11);
}

TEST_CASE("serve: who has no certificate of our CA is not heard, and no old TLS") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    for (const char* name : {"", "stranger"}) {
        CAPTURE(name);
        TlsSender sender{server.tls, certs(), name};
        if (sender.connected()) {
            sender.send(message(1));
            CHECK(sender.closed_by_peer(5000));
        }
    }
    TlsSender old{server.tls, certs(), "ct-east-1", TLS1_1_VERSION};
    CHECK_FALSE(old.connected());
    TlsSender fair{server.tls, certs(), "ct-east-1", TLS1_2_VERSION};
    REQUIRE(fair.connected());
    REQUIRE(fair.send(message(2)));
    CHECK(wait_until([&] { return intake.count() == 1; }));
    CHECK(server.log().find("TLS handshake failed") != std::string::npos);
    CHECK(server.stop() == Exit{});
}

TEST_CASE("serve: without client certificates, when told so") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    Server server{dir, {"--intake", (dir / "in.sock").string(), "--client-certificate", "none"}};
    TlsSender sender{server.tls, certs(), ""};
    REQUIRE(sender.send(message(1)));
    CHECK(wait_until([&] { return intake.count() == 1; }));
    CHECK(server.log().find("not authenticated") != std::string::npos);
    CHECK(server.stop() == Exit{});
}

TEST_CASE("serve: a stream that cannot be followed is closed, the others go on") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    TlsSender good{server.tls, certs(), "ct-east-1"};
    for (const std::string& bad :
         {std::string{"<85>1 - - - - - - x"}, std::string{"99999999 x"}, std::string{"GET / HTTP/1.1\r\n"}}) {
        CAPTURE(bad);
        TlsSender sender{server.tls, certs(), "ct-east-2"};
        REQUIRE(sender.send_raw(std::to_string(message(7).size()) + " " + message(7) + bad));
        CHECK(sender.closed_by_peer(5000));
    }
    REQUIRE(good.send(message(1)));
    CHECK(wait_until([&] { return intake.count() == 2; }));  // message 7 counts once
    CHECK(server.stop() == Exit{});
}

TEST_CASE("serve: an intake that is away holds the senders back, and nothing is lost") {
    const TempDir dir;
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    std::string big = xml_of({.event = 110114, .type = 110122});
    big.replace(big.find("</ParticipantObjectIdentification>"), 0, "<x>" + std::string(50'000, 'x') + "</x>");
    TlsSender sender{server.tls, certs(), "ct-east-1"};
    for (int n = 0; n < 100; ++n) REQUIRE(sender.send(message(n)));
    CHECK(server.logged("waiting for the intake"));
    {
        // Another one cannot fill the memory: after some megabytes in the kernel it has to wait.
        TlsSender flood{server.tls, certs(), "ct-east-2"};
        CHECK(flood.held_back(syslog_of(big), 2000));
    }
    FakeIntake intake{dir / "in.sock"};
    intake.mode = FakeIntake::Mode::full;
    std::this_thread::sleep_for(700ms);
    CHECK(intake.count() == 0);
    intake.mode = FakeIntake::Mode::accept;
    CHECK(wait_until([&] { return intake.count() >= 100; }, 30s));
    CHECK(server.stop() == Exit{});
    const auto lines = intake.lines();
    int found = 0;
    for (int n = 0; n < 100; ++n) {
        const std::string at = fmt::format("\"at\":{}", 1772582400000LL + n * 1000LL);
        found += std::ranges::any_of(lines, [&](const std::string& line) { return line.find(at) != std::string::npos; })
                     ? 1
                     : 0;
    }
    CHECK(found == 100);
    CHECK(distinct(lines) == lines.size());
}

TEST_CASE("serve: what the intake refuses for good is given up and does not block the rest") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    intake.mode = FakeIntake::Mode::refuse;
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    TlsSender sender{server.tls, certs(), "ct-east-1"};
    REQUIRE(sender.send(message(1)));
    CHECK(server.logged("refuses an observation for good"));
    intake.mode = FakeIntake::Mode::accept;
    REQUIRE(sender.send(message(2)));
    CHECK(wait_until([&] { return intake.count() == 1; }));
    CHECK(server.stop() == Exit{});
}

TEST_CASE(
    "serve: SIGTERM delivers what has arrived; with the intake away it ends all the same and says what was lost") {
    const TempDir dir;
    {
        FakeIntake intake{dir / "in.sock"};
        Server server{dir, {"--intake", (dir / "in.sock").string()}};
        TlsSender sender{server.tls, certs(), "ct-east-1"};
        for (int n = 0; n < 100; ++n) REQUIRE(sender.send(message(n)));
        for (int n = 100; n < 150; ++n) send_datagram(server.udp, message(n));
        CHECK(server.stop() == Exit{});
        CHECK(intake.count() == 150);
    }
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    send_datagram(server.udp, message(500));
    CHECK(server.logged("waiting for the intake"));
    CHECK(server.stop() == Exit{});
    CHECK(server.log().find("\"lost\":1") != std::string::npos);
}

TEST_CASE("serve: datagrams beyond what may wait are dropped and counted") {
    const TempDir dir;
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    send_datagram(server.udp, message(0));
    CHECK(server.logged("waiting for the intake"));
    for (int n = 1; n < 3000; ++n) {
        send_datagram(server.udp, message(n));
        if (n % 50 == 0) std::this_thread::sleep_for(2ms);  // the kernel's own queue must not be the one that drops
    }
    FakeIntake intake{dir / "in.sock"};
    CHECK(wait_until([&] { return intake.count() >= 1001; }, 30s));
    CHECK(server.stop() == Exit{});
    CHECK(intake.count() >= 1001);
    CHECK(intake.count() < 1200);
    CHECK(server.log().find("datagrams dropped") != std::string::npos);
}

TEST_CASE("serve: routes choose the intake, strangers go to the unassigned one; SIGHUP reads them again") {
    const TempDir dir;
    FakeIntake one{dir / "one.sock"};
    FakeIntake two{dir / "two.sock"};
    FakeIntake rest{dir / "rest.sock"};
    const std::string routes =
        fmt::format("unassigned = \"{}\"\n[[route]]\ncertificate = \"ct-east-1\"\nintake = \"{}\"\n",
                    (dir / "rest.sock").string(), (dir / "one.sock").string());
    write_text(dir / "routes.toml", routes);
    Server server{dir, {"--routes", (dir / "routes.toml").string()}};
    TlsSender first{server.tls, certs(), "ct-east-1"};
    TlsSender second{server.tls, certs(), "ct-east-2"};
    REQUIRE(first.send(message(1)));
    REQUIRE(second.send(message(2)));
    send_datagram(server.udp, message(3));
    REQUIRE(wait_until([&] { return one.count() == 1 && rest.count() == 2; }));
    for (const std::string& line : rest.lines()) {
        CHECK(line.find("\"origin\":{\"source_h\":\"") != std::string::npos);
        CHECK(line.find("127.0.0.1") == std::string::npos);
        CHECK(line.find("ct-east-2") == std::string::npos);
    }
    CHECK(one.lines()[0].find("origin") == std::string::npos);
    CHECK(server.log().find("no route claims this sender") != std::string::npos);

    write_text(dir / "routes.toml", "nonsense");
    server.child().signal(SIGHUP);
    CHECK(server.logged("the routes stay as they were"));
    write_text(dir / "routes.toml", routes + fmt::format("[[route]]\ncertificate = \"ct-east-2\"\nintake = \"{}\"\n",
                                                         (dir / "two.sock").string()));
    std::this_thread::sleep_for(100ms);
    server.child().signal(SIGHUP);
    REQUIRE(wait_until([&] {
        const std::string log = server.log();
        return log.find("read again", log.find("read again") + 1) != std::string::npos;
    }));
    REQUIRE(second.send(message(4)));
    CHECK(wait_until([&] { return two.count() == 1; }));
    CHECK(server.stop() == Exit{});
}

TEST_CASE("serve: a second process on the same state, and wrong settings") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    const std::string socket = (dir / "in.sock").string();
    Server server{dir, {"--intake", socket}};
    const auto flags = [&](std::vector<std::string> more) {
        std::vector<std::string> out = {program("gantry-audit"),  "serve",    "--state",
                                        (dir / "other").string(), "--intake", socket};
        out.insert(out.end(), more.begin(), more.end());
        return run(out);
    };
    CHECK(run({program("gantry-audit"), "serve", "--udp", "127.0.0.1:0", "--state", (dir / "state").string(),
               "--intake", socket})
              .exit == Exit{69, 0});
    CHECK(flags({"--udp", fmt::format("127.0.0.1:{}", server.udp)}).exit == Exit{69, 0});
    CHECK(flags({"--udp", "0.0.0.0:0"}).exit == Exit{78, 0});
    CHECK(flags({"--udp", "localhost"}).exit == Exit{78, 0});
    CHECK(flags({"--tls", "127.0.0.1:0"}).exit == Exit{78, 0});
    CHECK(flags({"--tls", "127.0.0.1:0", "--cert", (certs() / "server.crt").string(), "--key",
                 (certs() / "ct-east-1.key").string(), "--ca", (certs() / "ca.crt").string()})
              .exit == Exit{78, 0});
    CHECK(flags({}).exit == Exit{2, 0});
    CHECK(flags({"--udp", "127.0.0.1:0", "--routes", "x"}).exit == Exit{2, 0});
    CHECK(run({program("gantry-audit"), "nonsense"}).exit == Exit{2, 0});
    CHECK(server.stop() == Exit{});
}
