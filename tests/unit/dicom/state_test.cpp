#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "agent/dicom/intake_client.hpp"
#include "agent/dicom/limits.hpp"
#include "agent/dicom/state_store.hpp"
#include "common/core/crypto.hpp"
#include "common/io/unix_socket.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/dicom/fixture.hpp"

using namespace gantry;
using namespace gantry::dicom;
using namespace gantry::dicom::testing;
using gantry::testing::TempDir;

TEST_CASE("state: what was delivered survives a restart") {
    const TempDir dir;
    const std::string one[] = {"aa", "bb"};
    {
        StateStore store{dir / "dicom.db"};
        store.remember(one, 1000);
        store.tell_identity("dev", "body", 1000);
        CHECK(store.begin_step("s1", {"exam", 5, "SN", "M", "X"}, 1000) == 0);
    }
    StateStore store{dir / "dicom.db"};
    CHECK(store.seen("aa"));
    CHECK(store.seen("bb"));
    CHECK_FALSE(store.seen("cc"));
    CHECK(store.told_identity("dev") == "body");
    CHECK(store.step_state("s1") == StateStore::StepState::open);
    CHECK(store.open_step("s1")->exam_h == "exam");
    CHECK(store.open_step("s1")->start_ms == 5);
    store.end_step("s1", 2000);
    CHECK(store.step_state("s1") == StateStore::StepState::closed);
    CHECK_FALSE(store.open_step("s1").has_value());
}

TEST_CASE("state: rows older than 400 days go") {
    StateStore store{""};
    const std::string old[] = {"old"};
    const std::string fresh[] = {"fresh"};
    store.remember(old, 1000);
    store.remember(fresh, 2000);
    CHECK(store.evict(1000 + dicom::limits::seen_age_ms_max) == 0);
    CHECK(store.evict(1001 + dicom::limits::seen_age_ms_max) == 1);
    CHECK_FALSE(store.seen("old"));
    CHECK(store.seen("fresh"));
}

TEST_CASE("state: at the limit of open steps the oldest goes and is counted") {
    StateStore store{""};
    for (std::int64_t at = 0; at < dicom::limits::open_steps_max; ++at) {
        REQUIRE(store.begin_step("s" + std::to_string(at), {"e", 0, "", "", ""}, 1000 + at) == 0);
    }
    CHECK(store.begin_step("one more", {"e", 0, "", "", ""}, 999'999) == 1);
    CHECK(store.step_state("s0") == StateStore::StepState::unknown);
    CHECK(store.step_state("s1") == StateStore::StepState::open);
    CHECK(store.step_state("one more") == StateStore::StepState::open);
}

TEST_CASE("pseudonyms: one key for each host, made once, private") {
    const TempDir dir;
    const Pseudonymiser first = Pseudonymiser::of_folder(dir.path());
    const Pseudonymiser again = Pseudonymiser::of_folder(dir.path());
    CHECK(first.uid("1.2.3") == again.uid("1.2.3"));
    CHECK(first.uid("1.2.3") != first.uid("1.2.4"));
    CHECK(first.uid("1.2.3").size() == 32);
    CHECK(Pseudonymiser::random().uid("1.2.3") != first.uid("1.2.3"));
    const auto key = dir / "pseudonym.key";
    struct stat status {};
    REQUIRE(::stat(key.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    ::chmod(key.c_str(), 0644);
    CHECK_THROWS_WITH(Pseudonymiser::of_folder(dir.path()), doctest::Contains("0600"));
    // HMAC-SHA256 with 32 bytes of 7, first half.
    CHECK(Pseudonymiser{test_key()}.uid("1.2.3") ==
          to_hex(ByteView{hmac_sha256(test_key(), as_bytes("1.2.3"))}.first(16)));
}

namespace {

// An intake that answers each line with the next of the given answers; "" closes the connection.
class ScriptedIntake {
public:
    ScriptedIntake(const std::filesystem::path& socket, std::vector<std::string> answers)
        : listener_{unix_socket::listen(socket, 0600).value()}, answers_{std::move(answers)}, thread_{[this] {
              run();
          }} {}
    ~ScriptedIntake() {
        stop_ = true;
        thread_.join();
    }
    std::vector<std::string> lines;

private:
    void run() {
        std::size_t next = 0;
        while (!stop_) {
            pollfd ready{listener_.get(), POLLIN, 0};
            if (::poll(&ready, 1, 20) <= 0) continue;
            UniqueFd peer{::accept(listener_.get(), nullptr, nullptr)};
            std::string pending;
            bool open = true;
            while (open && !stop_) {
                pollfd readable{peer.get(), POLLIN, 0};
                if (::poll(&readable, 1, 20) <= 0) continue;
                char buffer[4096];
                const ssize_t got = ::recv(peer.get(), buffer, sizeof buffer, 0);
                if (got <= 0) break;
                pending.append(buffer, static_cast<std::size_t>(got));
                for (auto end = pending.find('\n'); open && end != std::string::npos; end = pending.find('\n')) {
                    lines.push_back(pending.substr(0, end));
                    pending.erase(0, end + 1);
                    const std::string answer = next < answers_.size() ? answers_[next++] : "ok";
                    open = !answer.empty();
                    if (open && answer != "silence") {
                        const std::string line = answer + "\n";
                        (void)!::send(peer.get(), line.data(), line.size(), MSG_NOSIGNAL);
                    }
                }
            }
        }
    }
    UniqueFd listener_;
    std::vector<std::string> answers_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace

TEST_CASE("intake: only ok counts, and the order of answers is the order of lines") {
    const TempDir dir;
    ScriptedIntake intake{dir / "in.sock", {"ok a 1 b", "error schema usage.exposure: no", "ok a 2 b"}};
    IntakeClient client{dir / "in.sock", std::chrono::seconds{5}};
    const Delivery delivery = client.deliver({"one", "two", "three"});
    CHECK(delivery.accepted == std::vector<bool>{true, false, true});
    REQUIRE(delivery.failure.has_value());
    CHECK(delivery.failure->code == Errc::schema);
    CHECK(client.deliver({"four"}).accepted == std::vector<bool>{true});
}

TEST_CASE("intake: failures that may pass") {
    const TempDir dir;
    IntakeClient nobody{dir / "nobody.sock", std::chrono::milliseconds{200}};
    CHECK(nobody.deliver({"one"}).failure->code == Errc::unavailable);

    struct Row {
        std::string_view why;
        std::vector<std::string> answers;
        std::vector<bool> accepted;
    };
    for (const Row& row : {
             Row{"full", {"ok", "error full outbox"}, {true, false}},
             Row{"io", {"error io disk", "ok"}, {false, true}},
             Row{"closes", {"ok", ""}, {true, false}},
             Row{"says nothing", {"ok", "silence"}, {true, false}},
             Row{"says nonsense", {"ok", "hello"}, {true, false}},
         }) {
        CAPTURE(row.why);
        const TempDir own;
        ScriptedIntake intake{own / "in.sock", row.answers};
        IntakeClient client{own / "in.sock", std::chrono::milliseconds{300}};
        const Delivery delivery = client.deliver({"one", "two"});
        CHECK(delivery.accepted == row.accepted);
        REQUIRE(delivery.failure.has_value());
        CHECK(delivery.failure->code == Errc::unavailable);
        if (row.why == "closes") CHECK(client.deliver({"three"}).accepted == std::vector<bool>{true});  // connects anew
    }
}

TEST_CASE("intake: more than a socket's buffer goes through") {
    const TempDir dir;
    ScriptedIntake intake{dir / "in.sock", {}};
    IntakeClient client{dir / "in.sock", std::chrono::seconds{20}};
    const std::vector<std::string> lines(2000, std::string(1000, 'x'));
    const Delivery delivery = client.deliver(lines);
    CHECK_FALSE(delivery.failure.has_value());
    CHECK(std::ranges::count(delivery.accepted, true) == 2000);
}
