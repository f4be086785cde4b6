// The agent's half, one promise at a time: what may make it forget, pause, speak or stop.
#include "agent/domain/delivery.hpp"

#include <doctest/doctest.h>

#include "common/core/chain.hpp"

using namespace gantry;
using namespace gantry::agent;

namespace {

constexpr EpochId epoch_id{0xA1};
constexpr BootId boot{0x01};
constexpr BootId other_boot{0x02};

// An outbox of one epoch whose chain values are their own numbers.
struct Outbox : History {
    std::uint64_t last = 20;
    static Hash head(std::uint64_t seq) {
        return Hash{0x77, static_cast<std::uint8_t>(seq >> 8), static_cast<std::uint8_t>(seq)};
    }
    std::optional<Hash> head_at(const EpochId& id, std::uint64_t seq) const override {
        return id == epoch_id && seq <= last ? std::optional{head(seq)} : std::nullopt;
    }
};

struct Bench {
    Outbox outbox;
    Delivery delivery;
    Millis now = 1'000'000;

    explicit Bench(std::uint64_t last = 20, std::uint64_t acked = 0, std::uint64_t pruned = 0)
        : outbox{},
          delivery{agent::Settings{},
                   {EpochState{epoch_id, std::nullopt, Hash{9}, 1, last, Outbox::head(last), acked, pruned, false}},
                   outbox,
                   42} {
        outbox.last = last;
        delivery.connected(now);
    }

    template <class Wanted>
    std::optional<Wanted> take() {
        while (auto action = delivery.next(now, 1))
            if (auto* wanted = std::get_if<Wanted>(&*action)) return *wanted;
        return std::nullopt;
    }
    void greet(std::uint64_t high = 0, bool conflict = false) {
        const auto hello = take<SendHello>();
        REQUIRE(hello.has_value());
        const auto at = std::min(high, outbox.last);
        delivery.receive(
            StateReply{hello->nonce,
                       boot,
                       1,
                       now,
                       now,
                       {{epoch_id, high, at, at ? std::optional{Outbox::head(at)} : std::nullopt, conflict}}},
            now);
    }
    Ack ack(std::uint64_t seq) const { return Ack{boot, 1, epoch_id, seq, Outbox::head(seq), 0, 0, std::nullopt, 512}; }
    std::uint64_t acked() const { return delivery.epochs().front().acked; }
    std::optional<SendFrame> fly() {
        auto frame = take<SendFrame>();
        if (frame) delivery.frame_sent(frame->epoch, frame->first + frame->records_max - 1, now);
        return frame;
    }
};

}  // namespace

TEST_CASE("delivery: nothing flies before the collector answered the last hello") {
    Bench b;
    const auto hello = b.take<SendHello>();
    REQUIRE(hello.has_value());
    CHECK(hello->epochs.size() == 1);
    CHECK_FALSE(b.fly().has_value());
    b.delivery.receive(StateReply{"another-nonce", boot, 1, 0, 0, {{epoch_id, 20, 20, Outbox::head(20), false}}},
                       b.now);
    CHECK_FALSE(b.delivery.is_greeted());
    CHECK(b.acked() == 0);
    b.delivery.receive(StateReply{hello->nonce, boot, 1, 0, 0, {{epoch_id, 0, 0, std::nullopt, false}}}, b.now);
    const auto frame = b.fly();
    REQUIRE(frame.has_value());
    CHECK(frame->first == 1);
    CHECK(frame->records_max == 20);
}

TEST_CASE("delivery: only a receipt of this boot, this epoch and my own head counts") {
    struct Row {
        const char* name;
        Ack ack;
        std::uint64_t want;
        bool greets_again;
    };
    Bench base;
    const Ack good = base.ack(7);
    Ack foreign_boot = good, wrong_head = good, no_head = good, beyond = good, foreign_epoch = good;
    foreign_boot.boot = other_boot;
    wrong_head.head = Outbox::head(8);
    no_head.head.reset();
    beyond.seq = 21;
    foreign_epoch.epoch = EpochId{0xEE};
    for (const Row& row : {Row{"good", good, 7, false}, Row{"another boot", foreign_boot, 0, true},
                           Row{"beside my history", wrong_head, 0, true}, Row{"no head", no_head, 0, true},
                           Row{"beyond my history", beyond, 0, true}, Row{"another epoch", foreign_epoch, 0, false}}) {
        CAPTURE(std::string{row.name});
        Bench b;
        b.greet();
        b.fly();
        b.delivery.receive(row.ack, b.now);
        CHECK(b.acked() == row.want);
        CHECK(b.delivery.is_greeted() == !row.greets_again);
        const auto marked = b.take<MarkAcked>();
        CHECK(marked.has_value() == (row.want > 0));
    }
}

TEST_CASE("delivery: a receipt before any state counts for nothing") {
    Bench b;
    b.take<SendHello>();
    b.delivery.receive(b.ack(7), b.now);
    CHECK(b.acked() == 0);
}

TEST_CASE("delivery: receipts are cumulative, and old ones change nothing") {
    Bench b;
    b.greet();
    b.fly();
    b.delivery.receive(b.ack(9), b.now);
    b.delivery.receive(b.ack(4), b.now);
    b.delivery.receive(b.ack(9), b.now);
    CHECK(b.acked() == 9);
    CHECK(b.delivery.pending() == 11);
}

TEST_CASE("delivery: credit bounds what is in flight, zero pauses for thirty seconds at most") {
    Bench b{2000};
    b.greet();
    CHECK(b.fly()->records_max == 256);
    CHECK(b.fly()->records_max == 256);
    CHECK_FALSE(b.fly().has_value());
    Ack pause = b.ack(512);
    pause.credit = 0;
    b.delivery.receive(pause, b.now);
    CHECK_FALSE(b.fly().has_value());
    b.now += 30'001;
    CHECK(b.fly()->first == 513);
}

TEST_CASE("delivery: a restored collector gets the tail again, and is told what is gone") {
    Bench b{20, 18, 5};
    b.greet(3);
    CHECK(b.take<MarkPending>()->seq == 3);
    const auto lost = b.take<SendLost>();
    REQUIRE(lost.has_value());
    CHECK(lost->from == 4);
    CHECK(lost->to == 5);
    CHECK(b.fly()->first == 6);
}

TEST_CASE("delivery: another history is contradicted until it is settled by rehoming") {
    Bench b;
    const auto hello = b.take<SendHello>();
    b.delivery.receive(StateReply{hello->nonce, boot, 1, 0, 0, {{epoch_id, 9, 9, Outbox::head(8), false}}}, b.now);
    const auto said = b.take<SendContradiction>();
    REQUIRE(said.has_value());
    CHECK(said->at == 9);
    CHECK(said->head == Outbox::head(9));
    CHECK_FALSE(b.fly().has_value());
    b.delivery.receive(Refusal{boot, epoch_id, 9, "conflict"}, b.now);
    b.now += 10'001;
    b.greet(9, true);
    CHECK(b.take<Rehome>()->epoch == epoch_id);
    CHECK(b.delivery.pending() == 0);
}

TEST_CASE("delivery: three equal refusals of one record poison it, unequal ones and other classes do not") {
    Bench b;
    b.greet();
    const auto refuse = [&](const char* code) {
        b.now += 6'000;
        b.fly();
        b.delivery.receive(Refusal{boot, epoch_id, 5, code}, b.now);
        return b.take<Poison>();
    };
    CHECK_FALSE(refuse("schema").has_value());
    CHECK_FALSE(refuse("schema").has_value());
    CHECK_FALSE(refuse("utf8").has_value());
    CHECK_FALSE(refuse("schema").has_value());
    CHECK_FALSE(refuse("schema").has_value());
    CHECK(refuse("schema")->seq == 5);
    for (int i = 0; i < 5; ++i) CHECK_FALSE(refuse("unknown_type").has_value());
    CHECK(b.delivery.pending() == 20);
}

TEST_CASE("delivery: an identity refusal stops sending and keeps everything") {
    Bench b;
    b.greet();
    b.fly();
    b.delivery.receive(Refusal{boot, epoch_id, 1, "unknown_key"}, b.now);
    CHECK(b.take<Alarm>().has_value());
    b.now += 60'000;
    CHECK_FALSE(b.take<SendHello>().has_value());
    b.now += 300'000;
    CHECK(b.take<SendHello>().has_value());
    CHECK(b.delivery.pending() == 20);
}

TEST_CASE("delivery: at most one hello in ten seconds, whatever others say") {
    Bench b;
    int hellos = 0;
    for (int i = 0; i < 100; ++i) {
        b.now += 500;
        b.delivery.collector_status(i % 2 ? boot : other_boot, b.now);
        hellos += b.take<SendHello>().has_value();
    }
    CHECK(hellos >= 4);
    CHECK(hellos <= 5);
}

TEST_CASE("delivery: two silent retry periods reconnect; the period doubles to five minutes") {
    Bench b;
    b.greet();
    b.fly();
    const Millis start = b.now;
    std::optional<Reconnect> reconnect;
    while (!reconnect && b.now - start < 60'000) {
        b.now += 100;
        while (auto action = b.delivery.next(b.now, 1)) {
            if (std::holds_alternative<Reconnect>(*action)) reconnect.emplace();
            if (auto* frame = std::get_if<SendFrame>(&*action))
                b.delivery.frame_sent(frame->epoch, frame->first + frame->records_max - 1, b.now);
        }
    }
    REQUIRE(reconnect.has_value());
    CHECK(b.now - start >= 4'000 + 6'400);   // 5 s and 10 s, each less 20 %
    CHECK(b.now - start <= 6'000 + 14'500);  // … plus 20 %, twice on the second
}

TEST_CASE("delivery: usage waits a second for company, a fault does not wait") {
    Bench b{20, 20};
    b.greet(20);
    CHECK_FALSE(b.fly().has_value());
    b.outbox.last = 21;
    b.delivery.appended(epoch_id, 21, Outbox::head(21), false, b.now);
    CHECK_FALSE(b.fly().has_value());
    CHECK(b.delivery.next_wakeup(b.now) == b.now + 1000);
    b.now += 1000;
    CHECK(b.fly()->first == 21);
    b.outbox.last = 22;
    b.delivery.appended(epoch_id, 22, Outbox::head(22), true, b.now);
    CHECK(b.fly()->first == 22);
}

TEST_CASE("delivery: with a backlog the newest epoch takes turns with the oldest") {
    Bench b{30'000};
    b.greet();
    CHECK(b.take<OpenBacklogEpoch>().has_value());
    b.delivery.epoch_opened(
        EpochState{EpochId{0xB2}, EpochParent{epoch_id, 30'000, {}}, Hash{9}, 1, 3, Hash{3}, 0, 0, false}, b.now);
    const auto first = b.fly();
    const auto second = b.fly();
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(first->epoch != second->epoch);
}

TEST_CASE("delivery: a broker's refusal closes the window for a while and is said") {
    Bench b;
    b.greet();
    b.fly();
    b.delivery.publish_refused(0x87, b.now);
    CHECK(b.take<Alarm>()->text.find("0x87") != std::string::npos);
    CHECK_FALSE(b.fly().has_value());
    b.now += 6'001;
    CHECK(b.fly()->first == 1);
}
