// gantry-dicom as a program: real associations by DCMTK's own tools and by a small requestor, and an intake that speaks
// the agent's line protocol.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "tests/integration/dicom/mpps_scu.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/dicom/dose_report_builder.hpp"

using namespace gantry;
using namespace gantry::testing;
using namespace gantry::dicom::testing;
namespace json = boost::json;

namespace {

constexpr const char* dose_class = "1.2.840.10008.5.1.4.1.1.88.67";

// Answers `ok` to every line and keeps it. While `refuse` is set, answers `error full` instead.
class FakeIntake {
public:
    explicit FakeIntake(const std::filesystem::path& socket) {
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_, 8) == 0);
        thread_ = std::thread{[this] { run(); }};
    }
    ~FakeIntake() {
        stop_ = true;
        thread_.join();
        for (const int peer : peers_) ::close(peer);
        ::close(listener_);
    }
    std::vector<std::string> lines() const {
        const std::lock_guard lock{mutex_};
        return lines_;
    }
    std::size_t count(const std::string& type) const {
        const auto all = lines();
        return static_cast<std::size_t>(std::ranges::count_if(
            all, [&](const std::string& line) { return line.find("\"type\":\"" + type + "\"") != std::string::npos; }));
    }
    std::atomic<bool> refuse{false};

private:
    void run() {
        std::vector<std::string> pending;
        while (!stop_) {
            std::vector<pollfd> ready{{listener_, POLLIN, 0}};
            for (const int peer : peers_) ready.push_back({peer, POLLIN, 0});
            if (::poll(ready.data(), ready.size(), 20) <= 0) continue;
            for (std::size_t at = 0; at < peers_.size(); ++at) {
                if ((ready[at + 1].revents & POLLIN) != 0) read_from(peers_[at], pending[at]);
            }
            if ((ready[0].revents & POLLIN) == 0) continue;
            peers_.push_back(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
            pending.emplace_back();
        }
    }
    void read_from(int peer, std::string& pending) {
        char buffer[65536];
        const ssize_t got = ::recv(peer, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got <= 0) return;
        pending.append(buffer, static_cast<std::size_t>(got));
        for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
            std::string answer = "error full outbox\n";
            if (!refuse) {
                const std::lock_guard lock{mutex_};
                lines_.push_back(pending.substr(0, end));
                answer = "ok " + std::string(32, 'a') + " " + std::to_string(lines_.size()) + " " +
                         std::string(64, 'b') + "\n";
            }
            pending.erase(0, end + 1);
            (void)!::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
    }

    int listener_ = -1;
    std::vector<int> peers_;
    std::atomic<bool> stop_{false};
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
    std::thread thread_;
};

// A running `gantry-dicom serve` on a port of its own choice.
class Server {
public:
    Server(const TempDir& dir, std::vector<std::string> flags) : log_{dir / "serve.log"} {
        std::vector<std::string> argv = {program("gantry-dicom"),  "serve", "--port",       "0", "--state",
                                         (dir / "state").string(), "--tz",  "Asia/Shanghai"};
        argv.insert(argv.end(), flags.begin(), flags.end());
        std::filesystem::remove(log_);
        child_.emplace(argv, Child::Options{.log = log_});
        REQUIRE(wait_until([&] { return read_text(log_).find("\"port\":") != std::string::npos || !child_->running(); },
                           std::chrono::seconds{30}));
        const std::string text = read_text(log_);
        const auto at = text.find("\"port\":");
        REQUIRE_MESSAGE(at != std::string::npos, text);
        port = std::stoi(text.substr(at + 7));
    }
    std::string log() const { return read_text(log_); }
    std::optional<Exit> stop() { return child_->stop(); }
    int port = 0;

private:
    std::filesystem::path log_;
    std::optional<Child> child_;
};

std::string write_file(const std::filesystem::path& path, const Bytes& bytes) {
    std::ofstream out{path, std::ios::binary};
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path.string();
}

FakeReport report_with(int events, const std::string& sop = "1.2.3.1") {
    FakeReport report;
    report.sop_uid = sop;
    for (int at = 1; at <= events; ++at) report.acquisitions.push_back(acquisition("1.2.3.9." + std::to_string(at)));
    return report;
}

int connect_tcp(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

// The server counts an association as over a moment after the peer has seen its release, so opening may have to be
// tried again.
std::unique_ptr<MppsScu> open_scu(int port, const std::string& ae) {
    std::unique_ptr<MppsScu> out;
    wait_until([&] {
        try {
            out = std::make_unique<MppsScu>(port, ae);
        } catch (const std::runtime_error&) {
            return false;
        }
        return true;
    });
    REQUIRE(out != nullptr);
    return out;
}

}  // namespace

TEST_CASE("serve: DCMTK's own tools are answered, a report once however often it is sent") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    const std::string port = std::to_string(server.port);
    CHECK(run({"echoscu", "127.0.0.1", port}).exit == Exit{});
    FakeReport enhanced = report_with(1, "1.2.3.2");
    enhanced.sop_class = "1.2.840.10008.5.1.4.1.1.88.22";
    enhanced.acquisitions = {acquisition("1.2.3.8.1")};
    FakeReport projection = report_with(1, "1.2.3.3");
    projection.projection = true;
    const std::string first = write_file(dir / "a.dcm", dicom_file(report_with(3)));
    const std::string second = write_file(dir / "b.dcm", dicom_file(enhanced, Syntax::implicit_little));
    const std::string third = write_file(dir / "c.dcm", dicom_file(projection));
    for (int round = 0; round < 2; ++round) CHECK(run({"storescu", "127.0.0.1", port, first, second}).exit == Exit{});
    const Ran refused = run({"storescu", "-v", "127.0.0.1", port, third});
    CHECK((refused.out + refused.err).find("DataSetDoesNotMatchSOPClass") != std::string::npos);
    CHECK(intake.count("usage.exposure") == 4);
    CHECK(intake.count("usage.dose") == 2);
    CHECK(intake.count("identity") == 1);
    for (const std::string& line : intake.lines()) CHECK(line.find("SECRET") == std::string::npos);
    CHECK(server.log().find("SECRET") == std::string::npos);
    CHECK(server.log().find("1.2.3.") == std::string::npos);
    CHECK(server.stop() == Exit{});
}

TEST_CASE("serve: success only after the intake's ok; after a restart nothing is counted twice") {
    const TempDir dir;
    const auto socket = dir / "in.sock";
    const Bytes dataset = dicom_dataset(report_with(2));
    {
        Server server{dir, {"--intake", socket.string()}};
        MppsScu scu{server.port, "CT_1"};
        CHECK(scu.store(dose_class, "1.2.3.1", dataset).status == 0xa700);  // nobody listens
        FakeIntake intake{socket};
        intake.refuse = true;
        CHECK(scu.store(dose_class, "1.2.3.1", dataset).status == 0xa700);
        CHECK(intake.lines().empty());
        intake.refuse = false;
        CHECK(scu.store(dose_class, "1.2.3.1", dataset).status == 0);
        CHECK(intake.count("usage.exposure") == 2);
        CHECK(server.stop() == Exit{});
    }
    std::filesystem::remove(socket);
    FakeIntake intake{socket};
    Server server{dir, {"--intake", socket.string()}};
    MppsScu scu{server.port, "CT_1"};
    CHECK(scu.store(dose_class, "1.2.3.1", dataset).status == 0);
    CHECK(intake.lines().empty());
}

TEST_CASE("serve: an MPPS through its life, also over a restart") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    FakeStep end;
    end.status = "DISCONTINUED";
    end.reason = "110501";
    end.time = "174500";
    {
        Server server{dir, {"--intake", (dir / "in.sock").string()}};
        MppsScu scu{server.port, "CT_1"};
        CHECK(scu.set("1.2.3.5", mpps_set(end)).status == 0x0112);
        CHECK(scu.create("1.2.3.5", mpps_create({})).status == 0);
        CHECK(scu.create("1.2.3.5", mpps_create({})).status == 0x0111);
        CHECK(server.stop() == Exit{});
    }
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    MppsScu scu{server.port, "CT_1"};
    CHECK(scu.echo());
    CHECK(scu.set("1.2.3.5", mpps_set(end)).status == 0);
    const DimseAnswer late = scu.set("1.2.3.5", mpps_set(end));
    CHECK(late.status == 0x0110);
    CHECK(late.error_id == 0xa710);
    CHECK(late.comment == "Performed Procedure Step Object may no longer be updated");
    REQUIRE(intake.lines().size() == 2);
    const json::object start = json::parse(intake.lines()[0]).as_object();
    const json::object done = json::parse(intake.lines()[1]).as_object();
    CHECK(start.at("type") == "usage.exam.start");
    CHECK(start.at("at").as_int64() == 1704446400000);  // 17:20 in Shanghai
    CHECK(done.at("type") == "usage.exam.end");
    CHECK(done.at("body").at("reason") == "equipment_failure");
    CHECK(done.at("body").at("duration_ms").as_int64() == 25 * 60 * 1000);
    CHECK(done.at("body").at("exam_h") == start.at("body").at("exam_h"));
}

TEST_CASE("serve: routes by calling AE and serial, and the rest is unassigned with its origin") {
    const TempDir dir;
    FakeIntake first{dir / "one.sock"};
    FakeIntake second{dir / "two.sock"};
    FakeIntake unassigned{dir / "rest.sock"};
    write_text(dir / "routes.toml", "unassigned = \"" + (dir / "rest.sock").string() +
                                        "\"\n[[route]]\nae = \"CT_1\"\nintake = \"" + (dir / "one.sock").string() +
                                        "\"\n[[route]]\nserial = \"SN-2\"\nintake = \"" + (dir / "two.sock").string() +
                                        "\"\n");
    Server server{dir, {"--routes", (dir / "routes.toml").string()}};
    FakeReport one = report_with(1, "1.2.3.1");
    FakeReport two = report_with(0, "1.2.3.2");
    two.acquisitions = {acquisition("1.2.3.7.1")};
    two.header_serial = "SN-2";
    two.observer_serial = "SN-2";
    FakeReport stranger = report_with(0, "1.2.3.3");
    stranger.acquisitions = {acquisition("1.2.3.6.1")};
    stranger.header_serial = "SN-9";
    stranger.observer_serial = "SN-9";
    CHECK(MppsScu{server.port, "CT_1"}.store(dose_class, "1.2.3.1", dicom_dataset(one)).status == 0);
    CHECK(MppsScu{server.port, "CT_7"}.store(dose_class, "1.2.3.2", dicom_dataset(two)).status == 0);
    CHECK(MppsScu{server.port, "CT_7"}.store(dose_class, "1.2.3.3", dicom_dataset(stranger)).status == 0);
    CHECK(first.count("usage.exposure") == 1);
    CHECK(second.count("usage.exposure") == 1);
    REQUIRE(unassigned.count("usage.exposure") == 1);
    CHECK(unassigned.lines().front().find("\"origin\":{\"ae\":\"CT_7\",\"serial\":\"SN-9\"") != std::string::npos);
    CHECK(first.lines().front().find("origin") == std::string::npos);
}

TEST_CASE("serve: silent and hostile peers hold up nobody, a ninth association is rejected") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    Server server{dir, {"--intake", (dir / "in.sock").string()}};
    std::vector<int> silent;
    for (int at = 0; at < 12; ++at) silent.push_back(connect_tcp(server.port));
    const unsigned char half[] = {1, 0, 0, 0, 0x10, 0, 0, 1};  // the beginning of an association request
    (void)!::send(silent[0], half, sizeof half, MSG_NOSIGNAL);
    for (const std::string_view noise : {"GET / HTTP/1.1\r\n\r\n", "\x01\x00\xff\xff\xff\xff"}) {
        const int peer = connect_tcp(server.port);
        (void)!::send(peer, noise.data(), noise.size(), MSG_NOSIGNAL);
        ::close(peer);
    }
    const auto before = std::chrono::steady_clock::now();
    CHECK(MppsScu{server.port, "CT_1"}.store(dose_class, "1.2.3.1", dicom_dataset(report_with(1))).status == 0);
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds{10});

    std::vector<std::unique_ptr<MppsScu>> many;
    for (int at = 0; at < 8; ++at) many.push_back(open_scu(server.port, "CT_" + std::to_string(at)));
    CHECK_THROWS(MppsScu(server.port, "CT_9"));
    for (const auto& scu : many) CHECK(scu->echo());
    many.pop_back();
    CHECK(wait_until([&] {
        try {
            return MppsScu{server.port, "CT_9"}.echo();
        } catch (const std::runtime_error&) {
            return false;
        }
    }));
    many.clear();
    for (const int peer : silent) ::close(peer);
    CHECK(server.stop() == Exit{});
}

TEST_CASE("watch: each file once, whole files only, nothing moved") {
    const TempDir dir;
    FakeIntake intake{dir / "in.sock"};
    std::filesystem::create_directory(dir / "drop");
    const auto start = [&] {
        return Child{{program("gantry-dicom"), "watch", (dir / "drop").string(), "--state", (dir / "state").string(),
                      "--intake", (dir / "in.sock").string()},
                     {.log = dir / "watch.log"}};
    };
    Child child = start();
    const Bytes whole = dicom_file(report_with(2));
    write_file(dir / "drop/SECRET name.dcm", whole);
    CHECK(wait_until([&] { return intake.count("usage.exposure") == 2; }));
    // A file that grows is read once it stands still.
    write_file(dir / "drop/growing.dcm", Bytes(whole.begin(), whole.begin() + 700));
    std::this_thread::sleep_for(std::chrono::milliseconds{600});
    FakeReport more = report_with(3, "1.2.3.12");
    write_file(dir / "drop/growing.dcm", dicom_file(more));
    write_file(dir / "drop/noise.dcm", Bytes(500, 0x20));
    CHECK(wait_until([&] { return intake.count("usage.exposure") == 3; }));
    CHECK(wait_until([&] { return read_text(dir / "watch.log").find("refused") != std::string::npos; }));
    CHECK(child.stop() == Exit{});
    const std::size_t lines = intake.lines().size();
    Child again = start();
    CHECK(wait_until([&] { return read_text(dir / "watch.log").find("\"repeated\":3") != std::string::npos; }));
    CHECK(again.stop() == Exit{});
    CHECK(intake.lines().size() == lines);
    CHECK(std::filesystem::exists(dir / "drop/SECRET name.dcm"));
    CHECK(read_text(dir / "watch.log").find("SECRET") == std::string::npos);
}

TEST_CASE("read: a line for each observation and file, reasons on stderr, exit codes") {
    const TempDir dir;
    const std::string good = write_file(dir / "good.dcm", dicom_file(report_with(2)));
    FakeReport projection = report_with(1);
    projection.projection = true;
    const std::string other = write_file(dir / "other.dcm", dicom_file(projection));
    const Bytes whole = dicom_file(report_with(2));
    const std::string cut = write_file(dir / "cut.dcm", Bytes(whole.begin(), whole.begin() + 900));
    const std::string tool = program("gantry-dicom");

    const Ran ran = run({tool, "read", other, good, cut, good, "--tz", "Asia/Shanghai"});
    CHECK(ran.exit.code == 65);
    CHECK(ran.err.find("other.dcm: not a CT dose report") != std::string::npos);
    CHECK(ran.err.find("cut.dcm: ") != std::string::npos);
    CHECK(ran.out.find("\"new_events\":2") != std::string::npos);
    CHECK(ran.out.find("\"new_events\":0") != std::string::npos);
    std::size_t lines = 0;
    for (std::size_t at = 0; at < ran.out.size(); at = ran.out.find('\n', at) + 1, ++lines)
        json::parse(ran.out.substr(at, ran.out.find('\n', at) - at));
    CHECK(lines == 6);  // identity, two exposures, the totals, and a line for each time the file was read
    CHECK(run({tool, "read", good}).exit.code == 0);
    CHECK(run({tool, "read", (dir / "absent").string()}).exit.code == 74);
    CHECK(run({tool, "read"}).exit.code == 2);
    CHECK(run({tool, "dance"}).exit.code == 2);
    CHECK(run({tool, "serve", "--state", dir.path().string()}).exit.code == 2);
    CHECK(run({tool, "read", "--tz", "Asia/Atlantis", good}).exit.code == 78);
    CHECK(run({tool, "read", "--site-config", good, good}).exit.code == 78);
    CHECK(run({tool, "--help"}).exit.code == 0);
    CHECK(run({tool, "--version"}).out.find("gantry-dicom ") == 0);
    // A state folder remembers over runs, with a key of its own.
    const std::string state = (dir / "state").string();
    CHECK(run({tool, "read", "--state", state, good}).out.find("\"new_events\":2") != std::string::npos);
    CHECK(run({tool, "read", "--state", state, good}).out.find("\"new_events\":0") != std::string::npos);
}
