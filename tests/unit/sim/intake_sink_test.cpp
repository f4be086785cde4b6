#include "firmware-sim/emit/intake_sink.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "firmware-sim/model/observation.hpp"
#include "firmware-sim/model/prng.hpp"

using namespace gantry::sim;

namespace {

/// An intake that answers as told: now and then it says full, or hangs up with lines unanswered.
class RoughIntake {
public:
    RoughIntake(const std::string& path, double full, double hang_up) : full_{full}, hang_up_{hang_up} {
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_, 4) == 0);
        thread_ = std::thread{[this] { serve(); }};
    }
    ~RoughIntake() { join(); }
    RoughIntake(const RoughIntake&) = delete;
    RoughIntake& operator=(const RoughIntake&) = delete;

    /// Every line answered with ok, in order.
    const std::vector<std::string>& join() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
        if (listener_ >= 0) ::close(listener_);
        listener_ = -1;
        return taken_;
    }

private:
    bool readable(int fd) const {
        pollfd ready{fd, POLLIN, 0};
        while (!stop_)
            if (::poll(&ready, 1, 20) > 0) return true;
        return false;
    }
    void serve() {
        while (readable(listener_)) {
            const int peer = ::accept(listener_, nullptr, nullptr);
            talk(peer);
            ::close(peer);
        }
    }
    void talk(int peer) {
        std::string in;
        char chunk[4096];
        while (readable(peer)) {
            const auto got = ::read(peer, chunk, sizeof chunk);
            if (got <= 0) return;
            in.append(chunk, static_cast<std::size_t>(got));
            std::string out;
            for (std::size_t end; (end = in.find('\n')) != std::string::npos; in.erase(0, end + 1)) {
                if (prng_.chance(hang_up_)) return;
                if (prng_.chance(full_)) {
                    out += "error full no room\n";
                    continue;
                }
                taken_.push_back(in.substr(0, end));
                out += "ok 00 1 00\n";
            }
            if (::write(peer, out.data(), out.size()) < 0) return;
        }
    }

    double full_, hang_up_;
    int listener_ = -1;
    std::atomic<bool> stop_{false};
    Prng prng_{5};
    std::vector<std::string> taken_;
    std::thread thread_;
};

std::filesystem::path temp_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "gantry-sim-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    return name;
}

FleetOptions one_device() {
    FleetOptions options;
    options.devices = 1;
    options.from_ms = *parse_date("2026-05-04");
    options.days = 3;
    return options;
}

}  // namespace

TEST_CASE("intake sink: every line is answered, whatever the agent does") {
    struct Row {
        double full, hang_up;
    };
    for (const auto& [full, hang_up] : {Row{0, 0}, Row{0.02, 0}, Row{0.01, 0.01}}) {
        CAPTURE(full);
        CAPTURE(hang_up);
        const auto folder = temp_folder();
        Fleet fleet{one_device()};
        std::vector<FleetEvent> events;
        fleet.advance(fleet.end_ms(), false, events);
        std::vector<std::string> want;
        {
            RoughIntake intake{(folder / (fleet.profile(0).id + ".sock")).string(), full, hang_up};
            IntakeSink sink{fleet, folder.string(), std::chrono::seconds{10}};
            for (const auto& [device, event] : events) {
                const auto seen = observe(fleet.options(), fleet.profile(device), event);
                if (seen && !seen->agent_only) want.push_back(intake_line(*seen));
                sink.take(device, event);
            }
            CHECK(sink.drain(std::chrono::seconds{60}));
            CHECK(sink.tally().sent == want.size());
            CHECK(sink.tally().answered == want.size());
            CHECK(sink.tally().errors == 0);
            const auto& taken = intake.join();
            // Without trouble once and in order; with a hang-up what was taken and not answered may come twice.
            if (full == 0) CHECK(taken == want);
            if (hang_up == 0) CHECK(taken.size() == want.size());
            const std::multiset<std::string> all{taken.begin(), taken.end()};
            for (const auto& line : want) REQUIRE(all.contains(line));
        }
        std::filesystem::remove_all(folder);
    }
}

TEST_CASE("intake sink: nobody there is exit code 69, a folder too long for a socket is 2") {
    Fleet fleet{one_device()};
    std::vector<FleetEvent> events;
    fleet.advance(fleet.end_ms(), false, events);
    IntakeSink sink{fleet, "/nonexistent", std::chrono::milliseconds{200}};
    int code = 0;
    try {
        for (const auto& [device, event] : events) sink.take(device, event);
        sink.drain(std::chrono::seconds{5});
    } catch (const EmitError& error) {
        code = error.exit_code;
    }
    CHECK(code == exit_unavailable);
    CHECK_THROWS_AS((IntakeSink{fleet, std::string(120, 'x'), std::chrono::seconds{1}}), EmitError);
}
