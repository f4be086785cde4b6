// Rules R0 to R8, one by one.
#include "server/domain/admission.hpp"

#include <doctest/doctest.h>

#include "common/core/chain.hpp"
#include "common/core/crypto.hpp"

using namespace gantry;
using namespace gantry::admission;

namespace {

const DeviceId dev = DeviceId::parse("ct-1").value();
constexpr EpochId first_epoch{0xA1};
constexpr EpochId second_epoch{0xB2};
constexpr EpochId third_epoch{0xC3};
const Hash here{0x11};
const Hash elsewhere{0x22};

// A host's side of one epoch: makes frames of any stretch of it.
struct Epoch {
    EpochId id;
    std::optional<EpochParent> parent;
    Hash host = here;
    std::string voice = "r";  // what its records say, so that two histories differ

    std::string record(std::uint64_t seq) const { return voice + std::to_string(seq); }
    Hash head(std::uint64_t seq) const {
        Hash at = chain_start(dev, id, parent ? parent->last_head : zero_hash);
        for (std::uint64_t n = 1; n <= seq; ++n) at = chain_next(at, as_bytes(record(n)));
        return at;
    }
    EpochParent end(std::uint64_t seq) const { return {id, seq, head(seq)}; }
    VerifiedFrame frame(std::uint64_t first, std::uint64_t last, std::optional<std::uint64_t> bad = {},
                        std::optional<std::uint64_t> tombstone = {}) const {
        VerifiedFrame out;
        out.frame.epoch = id;
        out.frame.first = first;
        out.frame.base = head(first - 1);
        for (std::uint64_t n = first; n <= last; ++n) {
            const auto length = static_cast<std::uint32_t>(record(n).size());
            const Hash digest = sha256(as_bytes(record(n)));
            out.frame.entries.push_back({{}, tombstone == n, length, digest});
        }
        out.heads = frame_heads(out.frame);
        out.frame.head = out.heads.back();
        out.valid = bad ? static_cast<std::size_t>(*bad - first) : out.frame.entries.size();
        if (bad) out.refusal = "schema";
        if (first == 1) out.open = EpochOpen{parent, "start", host, 1};
        return out;
    }
};

const Epoch a{first_epoch, std::nullopt};

std::vector<std::string> facts_of(const Outcome& outcome) {
    std::vector<std::string> out;
    for (const Effect& effect : outcome.effects)
        if (const auto* fact = std::get_if<FactLeaf>(&effect)) out.push_back(fact->fact);
    return out;
}

int stored(const Outcome& outcome) {
    int count = 0;
    for (const Effect& effect : outcome.effects) count += std::holds_alternative<StoreRecord>(effect);
    return count;
}

using Facts = std::vector<std::string>;
const HeadAt no_history = [](const EpochId&, std::uint64_t) { return std::optional<Hash>{}; };

}  // namespace

TEST_CASE("R1, R2, R2b: new, known and half-known frames") {
    DeviceLedger ledger{dev};
    const Outcome fresh = admit(ledger, a.frame(1, 3), 1);
    CHECK(stored(fresh) == 3);
    CHECK(fresh.receipt->seq == 3);
    CHECK(*fresh.receipt->head == a.head(3));
    const Outcome again = admit(ledger, a.frame(1, 3), 2);
    CHECK(again.effects.empty());
    CHECK(again.duplicates == 3);
    CHECK(again.receipt->seq == 3);
    const Outcome half = admit(ledger, a.frame(2, 5), 3);
    CHECK(stored(half) == 2);
    CHECK(half.duplicates == 2);
    CHECK(half.receipt->seq == 5);
    CHECK(*half.receipt->head == a.head(5));
    CHECK(admit(ledger, a.frame(2, 3), 4).receipt->seq == 5);
}

TEST_CASE("R0: the valid prefix is stored, the rest refused; a tombstone advances") {
    DeviceLedger ledger{dev};
    const Outcome prefix = admit(ledger, a.frame(1, 5, 4), 1);
    CHECK(stored(prefix) == 3);
    CHECK(prefix.receipt->seq == 3);
    CHECK(prefix.refusal->seq == 4);
    CHECK(prefix.refusal->code == "schema");
    const Outcome bad = admit(ledger, a.frame(4, 5, 4), 2);
    CHECK(bad.effects.empty());
    CHECK(bad.refusal->seq == 4);
    CHECK(bad.receipt->seq == 3);
    const Outcome grave = admit(ledger, a.frame(4, 5, {}, 4), 3);
    CHECK(facts_of(grave) == Facts{"poisoned"});
    CHECK(stored(grave) == 1);
    CHECK(grave.receipt->seq == 5);
    CHECK(*grave.receipt->head == a.head(5));
    // The old frame, late: its bad record stands behind us already.
    CHECK_FALSE(admit(ledger, a.frame(1, 5, 4), 4).refusal.has_value());
}

TEST_CASE("R3: two histories for one place freeze the epoch, in all three forms") {
    const Epoch other{first_epoch, std::nullopt, here, "x"};
    SUBCASE("a frame whose base is beside") {
        DeviceLedger ledger{dev};
        admit(ledger, a.frame(1, 3), 1);
        const Outcome beside = admit(ledger, other.frame(4, 5), 2);
        CHECK(stored(beside) == 0);
        CHECK(facts_of(beside) == Facts{"identity_conflict"});
        CHECK(beside.refusal->code == "conflict");
        CHECK_FALSE(beside.receipt.has_value());
        CHECK(beside.conflict->ours == a.head(3));
        CHECK(beside.conflict->theirs == other.head(3));
        const Outcome frozen = admit(ledger, a.frame(4, 5), 3);
        CHECK(frozen.effects.empty());
        CHECK(frozen.refusal->code == "conflict");
    }
    SUBCASE("a frame that overlaps, or that ends at the same place") {
        for (const auto& frame : {other.frame(1, 5), other.frame(1, 3)}) {
            DeviceLedger ledger{dev};
            admit(ledger, a.frame(1, 3), 1);
            CHECK(facts_of(admit(ledger, frame, 2)) == Facts{"identity_conflict"});
        }
    }
    SUBCASE("a hello") {
        DeviceLedger ledger{dev};
        admit(ledger, a.frame(1, 3), 1);
        const HelloOutcome honest =
            admit(ledger, Hello{"n", 0, 0, "b", {{first_epoch, std::nullopt, 3, a.head(3)}}}, no_history);
        CHECK(honest.effects.empty());
        CHECK_FALSE(honest.epochs[0].conflict);
        const HelloOutcome bent =
            admit(ledger, Hello{"n", 0, 0, "b", {{first_epoch, std::nullopt, 3, other.head(3)}}}, no_history);
        CHECK(facts_of(bent) == Facts{"identity_conflict"});
        CHECK(bent.epochs[0].conflict);
        CHECK(*bent.epochs[0].head == a.head(3));
    }
    SUBCASE("a contradiction") {
        DeviceLedger ledger{dev};
        admit(ledger, a.frame(1, 3), 1);
        const HeadAt stored_heads = [](const EpochId&, std::uint64_t seq) { return std::optional{a.head(seq)}; };
        CHECK(admit(ledger, Contradiction{first_epoch, 2, a.head(2)}, stored_heads).effects.empty());
        CHECK(facts_of(admit(ledger, Contradiction{first_epoch, 2, other.head(2)}, stored_heads)) ==
              Facts{"identity_conflict"});
    }
}

TEST_CASE("R4: a gap stores nothing and asks; ten minutes open it, data or `lost` close it") {
    DeviceLedger ledger{dev};
    const Outcome unknown = admit(ledger, a.frame(3, 4), 1);
    CHECK(unknown.effects.empty());
    CHECK(unknown.receipt->seq == 0);
    CHECK_FALSE(unknown.receipt->head.has_value());
    CHECK(*unknown.receipt->want == 1);
    admit(ledger, a.frame(1, 2), 1000);
    const Outcome hole = admit(ledger, a.frame(5, 6), 2000);
    CHECK(hole.effects.empty());
    CHECK(*hole.receipt->want == 3);
    CHECK(tick(ledger, 2000 + gap_open_after_ms - 1).effects.empty());
    CHECK(facts_of(tick(ledger, 2000 + gap_open_after_ms)) == Facts{"gap_open"});
    CHECK(tick(ledger, 2001 + gap_open_after_ms).effects.empty());
    SUBCASE("data") { CHECK(facts_of(admit(ledger, a.frame(3, 4), 9'000'000)) == Facts{"gap_closed"}); }
    SUBCASE("lost") {
        const Outcome lost = admit(ledger, Lost{first_epoch, std::nullopt, 3, 6, a.head(6), here, 1}, 9'000'000);
        CHECK(facts_of(lost) == Facts{"lost", "gap_closed"});
        CHECK(lost.receipt->seq == 6);
        CHECK(*lost.receipt->head == a.head(6));
        CHECK(stored(admit(ledger, a.frame(7, 8), 9'000'001)) == 2);
        CHECK(admit(ledger, Lost{first_epoch, std::nullopt, 3, 6, a.head(6), here, 1}, 9'000'002).effects.empty());
    }
}

TEST_CASE("R5, R6: a child epoch after its parent's end, and before it") {
    DeviceLedger ledger{dev};
    admit(ledger, a.frame(1, 3), 1);
    SUBCASE("clean") {
        CHECK(facts_of(admit(ledger, Epoch{second_epoch, a.end(3)}.frame(1, 2), 2)).empty());
        CHECK(ledger.missing_records() == 0);
    }
    SUBCASE("parent's end missing, then closed by the data") {
        CHECK(facts_of(admit(ledger, Epoch{second_epoch, a.end(5)}.frame(1, 2), 2)) == Facts{"gap_open"});
        CHECK(ledger.missing_records() == 2);
        CHECK(facts_of(admit(ledger, a.frame(4, 4), 3)).empty());
        CHECK(facts_of(admit(ledger, a.frame(5, 5), 4)) == Facts{"gap_closed"});
        CHECK(ledger.missing_records() == 0);
    }
    SUBCASE("parent not known yet") {
        const Epoch b{second_epoch, a.end(3)};
        CHECK(facts_of(admit(ledger, Epoch{third_epoch, b.end(4)}.frame(1, 1), 2)) == Facts{"gap_open"});
        CHECK(ledger.missing_records() == 4);
        CHECK(facts_of(admit(ledger, b.frame(1, 4), 3)) == Facts{"gap_closed"});
        CHECK(ledger.missing_records() == 0);
    }
}

TEST_CASE("R7, R7b: a fork is told at once and once; a second voice makes it a conflict, silence a rollback") {
    DeviceLedger ledger{dev};
    admit(ledger, a.frame(1, 5), 1);
    const Epoch b{second_epoch, a.end(3)};  // branches off below high
    SUBCASE("below high, and nobody else speaks") {
        CHECK(facts_of(admit(ledger, b.frame(1, 2), 10)) == Facts{"fork"});
        CHECK(facts_of(admit(ledger, b.frame(3, 4), 20)).empty());
        CHECK(tick(ledger, 10 + rollback_after_ms - 1).effects.empty());
        CHECK(facts_of(tick(ledger, 10 + rollback_after_ms)) == Facts{"rollback"});
        CHECK(facts_of(admit(ledger, a.frame(6, 6), 30 + rollback_after_ms)).empty());
    }
    SUBCASE("below high, and both speak") {
        CHECK(facts_of(admit(ledger, b.frame(1, 2), 10)) == Facts{"fork"});
        CHECK(facts_of(admit(ledger, a.frame(6, 6), 20)).empty());
        CHECK(facts_of(admit(ledger, b.frame(3, 3), 30)) == Facts{"identity_conflict"});
        CHECK(facts_of(admit(ledger, a.frame(7, 7), 40)).empty());
        CHECK(stored(admit(ledger, a.frame(8, 8), 50)) == 1);  // a branch is no equivocation: both go on being stored
    }
    SUBCASE("a second child of the same end") {
        CHECK(facts_of(admit(ledger, Epoch{second_epoch, a.end(5)}.frame(1, 1), 10)).empty());
        CHECK(facts_of(admit(ledger, Epoch{third_epoch, a.end(5)}.frame(1, 1), 20)) == Facts{"fork"});
    }
    SUBCASE("the parent goes on beyond its child") {
        CHECK(facts_of(admit(ledger, Epoch{second_epoch, a.end(5)}.frame(1, 1), 10)).empty());
        CHECK(facts_of(admit(ledger, a.frame(6, 6), 20)) == Facts{"fork"});
        CHECK(facts_of(admit(ledger, a.frame(7, 7), 30)).empty());
    }
    SUBCASE("the child names another end of the same length") {
        const Epoch other{first_epoch, std::nullopt, here, "x"};
        CHECK(facts_of(admit(ledger, Epoch{second_epoch, other.end(5)}.frame(1, 1), 10)) == Facts{"fork"});
    }
}

TEST_CASE("R7c: another host under the same identity is told once, in whatever order they come") {
    DeviceLedger ledger{dev};
    admit(ledger, a.frame(1, 3), 1);
    const Epoch moved{second_epoch, a.end(3), elsewhere};
    CHECK(facts_of(admit(ledger, moved.frame(1, 2), 2)) == Facts{"host_changed"});
    CHECK(facts_of(admit(ledger, Epoch{third_epoch, moved.end(2), elsewhere}.frame(1, 1), 3)).empty());
}

TEST_CASE("R8: a first epoch although there is history") {
    DeviceLedger ledger{dev};
    SUBCASE("the disk was lost") {
        admit(ledger, a.frame(1, 3), 1);
        CHECK(facts_of(admit(ledger, Epoch{second_epoch, std::nullopt}.frame(1, 1), 2)) == Facts{"outbox_lost"});
    }
    SUBCASE("it is the missing beginning of what is known: no alarm") {
        const Epoch b{second_epoch, a.end(3)};
        CHECK(facts_of(admit(ledger, b.frame(1, 1), 1)) == Facts{"gap_open"});
        CHECK(facts_of(admit(ledger, a.frame(1, 3), 2)) == Facts{"gap_closed"});
    }
}

TEST_CASE("ledger: what the store keeps of an epoch comes back; damage is an error") {
    EpochLedger epoch;
    epoch.id = first_epoch;
    epoch.parent = a.end(3);
    epoch.host = here;
    epoch.host_parts = 3;
    epoch.frozen = true;
    epoch.gap_told = true;
    epoch.gap_want = 7;
    epoch.fork = Fork{second_epoch, 12, {first_epoch, third_epoch}, false};
    const std::string kept = serialize(epoch);
    const auto back = parse_epoch_ledger(first_epoch, 9, here, kept);
    REQUIRE(back.has_value());
    CHECK(serialize(*back) == kept);
    CHECK(back->fork == epoch.fork);
    CHECK(back->parent == epoch.parent);
    for (std::size_t size = 0; size < kept.size(); ++size)
        CHECK_FALSE(parse_epoch_ledger(first_epoch, 9, here, kept.substr(0, size)).has_value());
}
