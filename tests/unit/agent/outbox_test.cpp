#include "agent/core/outbox.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "common/core/crypto.hpp"
#include "tests/support/temp_dir.hpp"

using namespace gantry;
using namespace gantry::agent;
using gantry::testing::TempDir;

namespace {

const DeviceId dev = DeviceId::parse("ct-1").value();
const Stamp noon{1'700'000'000'000, 5'000, "boot-1", ClockState::sync};
const EpochOpening opening{"install", Hash{7}, 1, "0.1.0"};

EpochId open(Outbox& outbox, std::string_view reason = "install", const Stamp& stamp = noon) {
    Outbox::Batch batch{outbox};
    EpochOpening with = opening;
    with.reason = reason;
    const auto epoch = batch.open_epoch(with, stamp);
    batch.commit();
    return epoch;
}

std::vector<Promise> append(Outbox& outbox, int count, const Stamp& stamp = noon) {
    Outbox::Batch batch{outbox};
    std::vector<Promise> out;
    for (int i = 0; i < count; ++i) out.push_back(batch.append({Source::log, {}, "power.on", "{}"}, stamp));
    batch.commit();
    return out;
}

void ack(Outbox& outbox, const EpochId& epoch, std::uint64_t seq) {
    Outbox::Batch batch{outbox};
    batch.set_acked(epoch, seq);
    batch.commit();
}

std::vector<std::string> bytes_of(Outbox& outbox, const EpochId& epoch, std::uint64_t first = 1) {
    std::vector<std::string> out;
    outbox.read(epoch, first, 100'000, [&](const StoredRecord& record) {
        out.push_back(record.bytes);
        return true;
    });
    return out;
}

// The chain, computed again from the stored bytes, must be the one that was promised.
void check_chain(Outbox& outbox) {
    for (const auto& state : outbox.states()) {
        Hash head = outbox.head_at(state.id, state.pruned).value();
        std::uint64_t seq = state.pruned;
        for (const auto& bytes : bytes_of(outbox, state.id, seq + 1)) {
            head = chain_next(head, as_bytes(bytes));
            ++seq;
            CHECK(outbox.head_at(state.id, seq) == head);
            CHECK(parse_record(bytes).value().seq == seq);
        }
        CHECK(seq == state.last_seq);
        CHECK(head == state.last_head);
    }
}

}  // namespace

TEST_CASE(
    "outbox: numbers have no holes, the chain starts from the epoch and its parent, and all is there after a restart") {
    const TempDir dir;
    EpochId first{}, second{};
    Promise last;
    {
        Outbox outbox{dir / "outbox.db", dev, {}};
        CHECK(outbox.empty());
        first = open(outbox);
        last = append(outbox, 3).back();
        CHECK(last.epoch == first);
        CHECK(last.seq == 4);  // epoch_open is 1.
    }
    Outbox outbox{dir / "outbox.db", dev, {}};
    CHECK(outbox.current().last_seq == 4);
    CHECK(outbox.current().last_head == last.head);
    second = open(outbox, "start");
    append(outbox, 1);
    CHECK(outbox.current().parent == EpochParent{first, 4, last.head});
    CHECK(outbox.head_at(second, 0) == chain_start(dev, second, last.head));
    CHECK(outbox.head_at(first, 0) == chain_start(dev, first, zero_hash));
    CHECK(outbox.head_at(second, 3) == std::nullopt);
    CHECK(outbox.pending_records() == 6);
    const std::string opened{parse_record(bytes_of(outbox, second).front()).value().body};
    CHECK(opened.find("\"reason\":\"start\"") != std::string::npos);
    CHECK(opened.find(to_hex(last.head)) != std::string::npos);
    check_chain(outbox);
}

TEST_CASE("outbox: a batch that is not committed changes neither the disk nor what is in memory") {
    const TempDir dir;
    Outbox outbox{dir / "outbox.db", dev, {}};
    open(outbox);
    const EpochState before = outbox.current();
    {
        Outbox::Batch batch{outbox};
        batch.append({Source::log, {}, "power.on", "{}"}, noon);
        batch.open_epoch(opening, noon);
    }
    CHECK(outbox.current().id == before.id);
    CHECK(outbox.current().last_seq == 1);
    CHECK(append(outbox, 1).front().seq == 2);
    check_chain(outbox);
}

TEST_CASE("outbox: only receipted records leave, and never before the longer of time and size") {
    constexpr std::int64_t day_ms = 86'400'000;
    struct Row {
        const char* what;
        OutboxLimits limits;
        std::int64_t age_ms;
        std::uint64_t acked;
        std::uint64_t want_pruned;
    };
    // 100 records of about 150 bytes are about 15 kB.
    for (const Row& row : {
             Row{"young and small stays", {1 << 30, 1 << 20, 30 * day_ms, 1 << 30}, day_ms, 101, 0},
             Row{"old but small stays", {1 << 30, 1 << 20, 30 * day_ms, 1 << 30}, 31 * day_ms, 101, 0},
             Row{"large but young stays", {1 << 30, 1'000, 30 * day_ms, 1 << 30}, day_ms, 101, 0},
             Row{"not receipted stays whatever its age", {1 << 30, 0, 0, 1'000}, 99 * day_ms, 0, 0},
             Row{"old and large goes, to the receipted place", {1 << 30, 0, 30 * day_ms, 1 << 30}, 31 * day_ms, 50, 50},
         }) {
        CAPTURE(row.what);
        const TempDir dir;
        Outbox outbox{dir / "outbox.db", dev, row.limits};
        const auto epoch = open(outbox);
        append(outbox, 100);
        ack(outbox, epoch, row.acked);
        while (outbox.prune(noon.t_ms + row.age_ms, 10, [](const EpochId&, std::uint64_t) {}) > 0) {
        }
        CHECK(outbox.current().pruned == row.want_pruned);
        CHECK(bytes_of(outbox, epoch).size() == 101 - row.want_pruned);
        check_chain(outbox);
    }
}

TEST_CASE("outbox: the hard cap of the tail goes before its age; pruned heads stay") {
    const TempDir dir;
    Outbox outbox{
        dir / "outbox.db",
        dev,
        {.pending_bytes_max = 1 << 30, .tail_bytes_min = 0, .tail_ms_min = 1LL << 50, .tail_bytes_max = 5'000}};
    const auto epoch = open(outbox);
    append(outbox, 100);
    ack(outbox, epoch, 101);
    std::uint64_t told = 0;
    while (outbox.prune(noon.t_ms, 7, [&](const EpochId&, std::uint64_t seq) { told = seq; }) > 0) {
    }
    CHECK(outbox.tail_bytes() <= 5'000);
    CHECK(outbox.tail_bytes() > 4'000);
    CHECK(outbox.current().pruned == told);
    CHECK(outbox.head_at(epoch, told).has_value());
    CHECK(outbox.head_at(epoch, told - 1) == std::nullopt);
    check_chain(outbox);
}

TEST_CASE("outbox: a restored collector makes receipted records pending again, byte for byte accounted") {
    const TempDir dir;
    Outbox outbox{dir / "outbox.db", dev, {}};
    const auto epoch = open(outbox);
    append(outbox, 9);
    const auto all = outbox.pending_bytes();
    ack(outbox, epoch, 8);
    CHECK(outbox.pending_records() == 2);
    CHECK(outbox.tail_bytes() + outbox.pending_bytes() == all);
    ack(outbox, epoch, 3);
    CHECK(outbox.pending_records() == 7);
    ack(outbox, epoch, 99);  // Beyond the history: clamped.
    CHECK(outbox.pending_bytes() == 0);
    CHECK(outbox.tail_bytes() == all);
}

TEST_CASE("outbox: rehoming carries what was not receipted into the new epoch, boxed once") {
    const TempDir dir;
    Outbox outbox{dir / "outbox.db", dev, {}};
    const auto first = open(outbox);
    append(outbox, 4);
    ack(outbox, first, 3);
    EpochId second{};
    {
        Outbox::Batch batch{outbox};
        second = batch.open_epoch(opening, noon);
        CHECK(batch.rehome(first, noon) == 2);  // 4 and 5
        batch.commit();
    }
    CHECK(outbox.find(first)->dead);
    const auto moved = bytes_of(outbox, second);
    REQUIRE(moved.size() == 3);
    const auto original = bytes_of(outbox, first)[3];
    CHECK(moved[1].find(base64_encode(as_bytes(original))) != std::string::npos);
    CHECK(outbox.pending_records() == 3);
    Outbox::Batch batch{outbox};
    const auto third = batch.open_epoch(opening, noon);
    CHECK(batch.rehome(second, noon) == 3);
    batch.commit();
    const auto again = bytes_of(outbox, third);
    CHECK(again[2].find(base64_encode(as_bytes(original))) != std::string::npos);  // Not a box in a box.
    check_chain(outbox);
}

TEST_CASE("outbox: a poisoned record flies as a tombstone and outlives the tail for a person") {
    const TempDir dir;
    {
        Outbox outbox{dir / "outbox.db", dev, {1 << 30, 0, 0, 1}};
        const auto epoch = open(outbox);
        append(outbox, 2);
        Outbox::Batch batch{outbox};
        const auto hash = batch.poison(epoch, 2, noon);
        CHECK(batch.poison(epoch, 99, noon) == std::nullopt);
        batch.commit();
        CHECK(hash == sha256(as_bytes(bytes_of(outbox, epoch)[1])));
        std::vector<bool> poisoned;
        outbox.read(epoch, 1, 3, [&](const StoredRecord& record) {
            poisoned.push_back(record.poisoned);
            return true;
        });
        CHECK(poisoned == std::vector<bool>{false, true, false});
        ack(outbox, epoch, 3);
        while (outbox.prune(noon.t_ms + 1, 10, [](const EpochId&, std::uint64_t) {}) > 0) {
        }
        CHECK(outbox.current().pruned == 3);
    }
    auto db = sql::open_reader(dir / "outbox.db");
    CHECK(std::get<0>(sql::Query<int>{db, "SELECT count(*) FROM poisoned"}.first().value()) == 1);
}

TEST_CASE("outbox: what was promised before a SIGKILL is there, in order, with the promised chain") {
    const TempDir dir;
    int pipe_fds[2];
    REQUIRE(::pipe(pipe_fds) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        Outbox outbox{dir / "outbox.db", dev, {}};
        open(outbox);
        while (true) {
            const auto promises = append(outbox, 5);
            for (const Promise& promise : promises) {
                if (::write(pipe_fds[1], &promise, sizeof promise) != static_cast<ssize_t>(sizeof promise)) ::_exit(1);
            }
        }
    }
    ::close(pipe_fds[1]);
    std::vector<Promise> promises;
    const auto read_one = [&] {
        Promise promise;
        if (::read(pipe_fds[0], &promise, sizeof promise) != static_cast<ssize_t>(sizeof promise)) return false;
        promises.push_back(promise);
        return true;
    };
    while (promises.size() < 200 && read_one()) {
    }
    ::kill(child, SIGKILL);
    while (read_one()) {
    }
    ::close(pipe_fds[0]);
    ::waitpid(child, nullptr, 0);
    REQUIRE(promises.size() >= 200);
    Outbox outbox{dir / "outbox.db", dev, {}};
    for (const Promise& promise : promises) CHECK(outbox.head_at(promise.epoch, promise.seq) == promise.head);
    CHECK(outbox.current().last_seq >= promises.back().seq);
    CHECK(outbox.current().last_seq <= promises.back().seq + 10);
    check_chain(outbox);
}

TEST_CASE("outbox: a last record that does not lead to its chain value is not continued") {
    const TempDir dir;
    {
        Outbox outbox{dir / "outbox.db", dev, {}};
        open(outbox);
        append(outbox, 2);
    }
    {
        sql::Database db{dir / "outbox.db", 2 /* SQLITE_OPEN_READWRITE */};
        db.exec("UPDATE record SET bytes = CAST(bytes || ' ' AS BLOB) WHERE place = (SELECT max(place) FROM record)");
    }
    CHECK_THROWS_AS((Outbox{dir / "outbox.db", dev, {}}), sql::SqlBroken);
}
