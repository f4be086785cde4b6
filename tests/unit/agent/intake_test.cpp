#include "agent/core/intake.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include "agent/core/intake_line.hpp"
#include "agent/core/outbox.hpp"
#include "common/core/limits.hpp"
#include "common/io/files.hpp"
#include "tests/support/temp_dir.hpp"

using namespace gantry;
using namespace gantry::agent;
using gantry::testing::TempDir;

namespace {

const Schema& schema() {
    static const Schema parsed = Schema::parse(files::read_all(GANTRY_TEST_SCHEMA).value()).value();
    return parsed;
}

void send_text(const UniqueFd& fd, std::string_view text) {
    REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

std::string receive_text(const UniqueFd& fd) {
    char buffer[4096];
    const auto got = ::recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string{};
}

}  // namespace

TEST_CASE("intake line: what is taken and what is refused, with its code") {
    struct Row {
        const char* line;
        const char* want;  // "ok TYPE" or the code
    };
    for (const Row& row : {
             Row{R"({"src":"log","type":"power.on","body":{}})", "ok power.on"},
             Row{R"({"body":{},"at":5,"type":"power.on","src":"manual"})", "ok power.on"},
             Row{R"( { "src" : "log" , "type":"power.on", "body": { } } )", "ok power.on"},
             Row{R"({"src":"log","type":"fault.raised","body":{"code":"E 1","severity":"hard"}})", "ok fault.raised"},
             Row{"", "malformed"},
             Row{"[]", "malformed"},
             Row{R"({"src":"log","type":"power.on","body":{}}x)", "malformed"},
             Row{R"({"src":"log","src":"log","type":"power.on","body":{}})", "malformed"},
             Row{R"({"src":"log","type":"power.on"})", "schema"},
             Row{R"({"type":"power.on","body":{}})", "schema"},
             Row{R"({"src":"log","body":{}})", "schema"},
             Row{R"({"src":"log","type":"power.on","body":[]})", "schema"},
             Row{R"({"src":"log","type":"power.on","body":{},"note":"x"})", "schema"},
             Row{R"({"src":"agent","type":"power.on","body":{}})", "schema"},
             Row{R"({"src":"log","type":"no.such","body":{}})", "schema"},
             Row{R"({"src":"log","type":"epoch_open","body":{}})", "schema"},
             Row{R"({"src":"log","type":"power.on","at":-1,"body":{}})", "schema"},
             Row{R"({"src":"log","type":"power.on","at":1.5,"body":{}})", "malformed"},
             Row{R"({"src":"log","type":"power.on","body":{"patient":"x"}})", "schema"},
             Row{"{\"src\":\"log\",\"type\":\"fault.raised\",\"body\":{\"code\":\"\xff\",\"severity\":\"hard\"}}",
                 "malformed"},
         }) {
        CAPTURE(row.line);
        const auto parsed = parse_intake_line(row.line, schema());
        const std::string got = parsed ? "ok " + parsed->type : std::string{intake_code(parsed.error().code)};
        CHECK(got == row.want);
    }
}

TEST_CASE("intake line: blanks go, but not inside text; faults are urgent, usage is not") {
    CHECK(without_blanks("{ \"a b\" : \"c \\\" d\" ,\t1}") == "{\"a b\":\"c \\\" d\",1}");
    const auto fault =
        parse_intake_line(R"({"src":"log","type":"fault.raised","body":{"code":"E 1","severity":"hard"}})", schema())
            .value();
    CHECK(fault.body == R"({"code":"E 1","severity":"hard"})");
    CHECK(fault.urgent);
    CHECK(!parse_intake_line(R"({"src":"log","type":"power.on","body":{}})", schema())->urgent);
}

TEST_CASE("intake line: whatever passes fits the record, also when it must travel in a box") {
    // The largest overhead: every number at its longest.
    RecordHead head{.seq = (1ULL << 53) - 1,
                    .t_ms = 4'102'444'800'000,
                    .mono_ms = (1LL << 53) - 1,
                    .boot = std::string_view{},
                    .clk = ClockState::unknown,
                    .src = Source::sensor,
                    .at_ms = 4'102'444'800'000,
                    .type = ""};
    const std::string boot(32, 'f');
    head.boot = boot;
    CHECK(encode_record(head, "").size() <= 250);  // record_overhead_bytes of intake_line.cpp
}

TEST_CASE("intake: answers in order, many lines at once, several clients in turn") {
    const TempDir dir;
    Intake intake{dir / "s", {.lines_a_round = 3}};
    const auto a = unix_socket::connect(dir / "s").value();
    const auto b = unix_socket::connect(dir / "s").value();
    send_text(a, "a1\na2\r\na3\na4\nhal");
    send_text(b, "b1\n");
    auto lines = intake.collect(0);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].text + lines[1].text + lines[2].text == "a1b1a2");  // b does not wait for all of a
    CHECK(intake.has_more());
    for (const auto& line : lines) intake.answer(line.client, "ok " + line.text);
    lines = intake.collect(0);
    for (const auto& line : lines) intake.answer(line.client, "ok " + line.text);
    intake.flush(0);
    CHECK(receive_text(a) == "ok a1\nok a2\nok a3\nok a4\n");
    CHECK(receive_text(b) == "ok b1\n");
    CHECK(!intake.has_more());
    send_text(a, "f\n");
    CHECK(intake.collect(0).at(0).text == "half");
}

TEST_CASE("intake: a line over the limit is told once and skipped to its end, whole or in pieces") {
    const TempDir dir;
    Intake intake{dir / "s", {.line_bytes_max = 100}};
    const auto client = unix_socket::connect(dir / "s").value();
    for (const std::size_t size : {101U, 150U, 5'000U}) {
        CAPTURE(size);
        std::vector<Intake::Line> got;
        const auto collect = [&] {
            for (auto& line : intake.collect(0)) got.push_back(std::move(line));
        };
        for (std::size_t sent = 0; sent < size; sent += 50) {
            send_text(client, std::string(std::min<std::size_t>(50, size - sent), 'x'));
            collect();
        }
        send_text(client, "\nnext\n");
        while (got.size() < 2 || intake.has_more()) collect();
        REQUIRE(got.size() == 2);
        CHECK(got[0].too_long);
        CHECK(got[1].text == "next");
        CHECK(!got[1].too_long);
    }
}

TEST_CASE("intake: a client that closes its writing half still gets its answers") {
    const TempDir dir;
    Intake intake{dir / "s", {}};
    const auto client = unix_socket::connect(dir / "s").value();
    send_text(client, "one\n");
    ::shutdown(client.get(), SHUT_WR);
    const auto lines = intake.collect(0);
    REQUIRE(lines.size() == 1);
    CHECK(intake.clients() == 1);
    intake.answer(lines[0].client, "ok");
    intake.flush(0);
    CHECK(receive_text(client) == "ok\n");
    CHECK(intake.clients() == 0);
}

TEST_CASE("intake: who reads no answers is not read from, and is closed after a while; too many clients are told") {
    const TempDir dir;
    Intake intake{dir / "s", {.clients_max = 1, .answers_bytes_max = 1'000, .stalled_ms_max = 100}};
    const auto client = unix_socket::connect(dir / "s").value();
    intake.collect(0);
    const auto second = unix_socket::connect(dir / "s").value();
    intake.collect(0);
    CHECK(receive_text(second).starts_with("error io too many clients"));
    CHECK(intake.refused_clients() == 1);
    CHECK(intake.clients() == 1);
    const std::string big(100'000, 'y');
    for (int i = 0; i < 100; ++i) intake.answer(1, big);  // More than any socket buffer.
    intake.flush(1'000);
    send_text(client, "more\n");
    CHECK(intake.collect(1'050).empty());
    CHECK(intake.next_deadline_ms() == 1'101);
    intake.flush(1'101);
    CHECK(intake.clients() == 0);
}
