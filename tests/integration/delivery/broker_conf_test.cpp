// The shipped mosquitto configuration, with real certificates: a device is who its certificate says, and reads and
// writes only its own.
#include <doctest/doctest.h>
#include <unistd.h>

#include <optional>

#include "tests/support/broker.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

using namespace gantry::testing;
using namespace std::chrono_literals;

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const auto at = text.find(what);
    REQUIRE_MESSAGE(at != std::string::npos, "not in the shipped configuration: " << what);
    return text.replace(at, what.size(), by);
}

// The shipped file with the paths and the port of this test.
class ShippedBroker {
public:
    explicit ShippedBroker(const TempDir& dir) : dir_{dir}, port_{free_port()} {
        const auto shipped = source_dir() / "config/mosquitto";
        REQUIRE(run({(source_dir() / "tests/support/make_certs").string(), dir.path().string(), "broker",
                     "gantry-collector", "ct-1", "ct-2"})
                    .exit == Exit{});
        std::string conf = read_text(shipped / "gantry.conf");
        for (const char* file : {"ca.crt", "broker.crt", "broker.key"})
            conf = replaced(conf, std::string{"/etc/gantry/tls/"} + file, (dir / file).string());
        conf = replaced(conf, "acl_file /etc/mosquitto/gantry.acl", "acl_file " + (shipped / "gantry.acl").string());
        conf = replaced(conf, "listener 8883", "listener " + std::to_string(port_) + " 127.0.0.1");
        conf = replaced(conf, "log_dest syslog", "log_dest stderr");
        conf = replaced(conf, "connection_messages false", "connection_messages true");
        if (::getuid() == 0) conf += "user root\n";
        write_text(dir / "mosquitto.conf", conf);
        child_.emplace(std::vector<std::string>{"mosquitto", "-c", (dir / "mosquitto.conf").string()},
                       Child::Options{.log = dir / "broker.log"});
        REQUIRE_MESSAGE(wait_until([&] { return port_answers(port_); }), read_text(dir / "broker.log"));
    }

    std::vector<std::string> client(const std::string& program, const std::string& cert,
                                    std::vector<std::string> more) const {
        std::vector<std::string> argv{"stdbuf",
                                      "-oL",
                                      program,
                                      "-V",
                                      "mqttv5",
                                      "-h",
                                      "127.0.0.1",
                                      "-p",
                                      std::to_string(port_),
                                      "--cafile",
                                      (dir_ / "ca.crt").string()};
        if (!cert.empty())
            argv.insert(argv.end(),
                        {"--cert", (dir_ / (cert + ".crt")).string(), "--key", (dir_ / (cert + ".key")).string()});
        argv.insert(argv.end(), more.begin(), more.end());
        return argv;
    }

    std::string log() const { return read_text(dir_ / "broker.log"); }

private:
    const TempDir& dir_;
    std::uint16_t port_;
    std::optional<Child> child_;
};

}  // namespace

TEST_CASE("shipped broker: a certificate fixes the client id") {
    const TempDir dir;
    const ShippedBroker broker{dir};
    Child thief{broker.client("mosquitto_sub", "ct-1", {"-i", "gantry-collector", "-t", "gantry/v1/00/ct-1/down"}),
                {.log = dir / "sub"}};
    REQUIRE(wait_until([&] { return broker.log().find("New client connected") != std::string::npos; }));
    CHECK(broker.log().find(" as ct-1 (") != std::string::npos);
    CHECK(broker.log().find(" as gantry-collector (") == std::string::npos);
}

TEST_CASE("shipped broker: no certificate, no connection") {
    const TempDir dir;
    const ShippedBroker broker{dir};
    CHECK(run(broker.client("mosquitto_pub", "", {"-q", "1", "-t", "gantry/v1/00/ct-1/up", "-m", "x"})).exit.code != 0);
}

TEST_CASE("shipped broker: who may write what") {
    const TempDir dir;
    const ShippedBroker broker{dir};
    struct Row {
        std::string cert, topic;
        bool allowed;
    };
    for (const Row& row : {
             Row{"ct-1", "gantry/v1/00/ct-1/up", true},
             Row{"ct-1", "gantry/v1/00/ct-1/status", true},
             Row{"ct-1", "gantry/v1/00/ct-2/up", false},
             Row{"ct-1", "gantry/v1/00/ct-1/down", false},
             Row{"ct-1", "gantry/v1/_collector/c1/status", false},
             Row{"gantry-collector", "gantry/v1/00/ct-2/down", true},
             Row{"gantry-collector", "gantry/v1/_collector/c1/status", true},
             Row{"gantry-collector", "gantry/v1/00/ct-1/up", false},
         }) {
        CAPTURE(row.cert);
        CAPTURE(row.topic);
        const Ran ran = run(broker.client("mosquitto_pub", row.cert, {"-q", "1", "-d", "-t", row.topic, "-m", "x"}));
        // 0x87, 135: not authorized. 0x10, 16: taken, nobody listens.
        CHECK((ran.out.find("RC:135") == std::string::npos) == row.allowed);
        CHECK(ran.out.find("PUBACK") != std::string::npos);
    }
}

TEST_CASE("shipped broker: a device hears nothing of another device") {
    const TempDir dir;
    const ShippedBroker broker{dir};
    Child nosy{broker.client("mosquitto_sub", "ct-1", {"-q", "1", "-d", "-t", "gantry/v1/#", "-W", "20"}),
               {.log = dir / "nosy"}};
    REQUIRE(wait_until([&] { return read_text(dir / "nosy").find("Subscribed") != std::string::npos; }));
    for (const char* device : {"ct-2", "ct-1"}) {
        REQUIRE(run(broker.client("mosquitto_pub", "gantry-collector",
                                  {"-q", "1", "-t", std::string{"gantry/v1/00/"} + device + "/down", "-m",
                                   std::string{"for "} + device}))
                    .exit == Exit{});
    }
    REQUIRE(wait_until([&] { return read_text(dir / "nosy").find("for ct-1") != std::string::npos; }));
    CHECK(read_text(dir / "nosy").find("for ct-2") == std::string::npos);
}
