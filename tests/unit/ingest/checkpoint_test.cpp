#include <doctest/doctest.h>

#include "common/io/sqlite.hpp"
#include "server/domain/checkpoint.hpp"
#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

namespace {

// A checkpointer beside a stopped collector.
struct Signer {
    explicit Signer(const TestCollector& collector)
        : checkpointer{collector.database(), "gantry/main/1", collector.log_key, queue, metrics} {}
    ingest::Metrics metrics;
    ingest::WriterQueue queue{10, 1000};
    ingest::Checkpointer checkpointer;
};

void feed(TestCollector& collector, TestAgent& agent, std::uint64_t count) {
    const std::uint64_t first = agent.epoch().records.size() + 1;
    for (std::uint64_t n = 0; n < count; ++n) agent.expose(n, TestAgent::start_ms);
    for (std::uint64_t at = first; at < first + count; at += 200)
        REQUIRE(collector.deliver(agent, at, std::min(at + 199, first + count - 1)).has_value());
}

}  // namespace

TEST_CASE("checkpoint: signs the root of what is stored, in a form that a third party reads") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    REQUIRE(collector.deliver(agent, 1, 1).has_value());
    feed(collector, agent, 600);
    collector.collector->stop();  // signs the last news
    store::StoreReader reader{collector.database()};
    const auto stored = reader.last_checkpoint();
    REQUIRE(stored.has_value());
    const auto opened = open_checkpoint(stored->note, NoteVerifier{"gantry/main/1", collector.log_key.public_key()});
    REQUIRE(opened.has_value());
    CHECK(opened->size == reader.log_state()->size);
    CHECK(opened->root == merkle::Frontier::parse(reader.log_state()->frontier)->root());
    // Any leaf can be proven against it from what is stored.
    const auto plan = merkle::plan_inclusion(300, opened->size).value();
    const auto fetch = [&](merkle::NodeId node) {
        return merkle::node_from_tiles(node, [&](unsigned level, std::uint64_t first, std::size_t count) {
            return reader.tile_hashes(level, first, count);
        });
    };
    const auto proof = merkle::build_proof(plan, fetch).value();
    CHECK(merkle::verify_inclusion(300, opened->size, *reader.leaf_hash(300), proof, opened->root).has_value());
}

TEST_CASE("checkpoint: goes on from the last one, and is silent without news") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    REQUIRE(collector.deliver(agent, 1, 1).has_value());
    feed(collector, agent, 300);
    collector.collector->stop();
    Signer signer{collector};
    const auto none = signer.checkpointer.make(1);
    REQUIRE(none.has_value());
    CHECK_FALSE(none->has_value());
}

TEST_CASE("checkpoint: a leaf that is not any more what was hashed is never signed for") {
    TestCollector collector;
    TestAgent agent{"ct-1"};
    REQUIRE(collector.add(agent).has_value());
    REQUIRE(collector.deliver(agent, 1, 1).has_value());
    feed(collector, agent, 300);
    collector.collector->stop();
    sql::Database shell{collector.database(), 0x2};
    SUBCASE("changed after it was stored and before it was signed") {
        shell.exec("DROP TRIGGER checkpoint_keeps_rows; DELETE FROM checkpoint");
        shell.exec(
            "DROP TRIGGER leaf_keeps_bytes; UPDATE leaf SET bytes = cast(replace(cast(bytes AS TEXT), '300000', "
            "'300001') AS BLOB) "
            "WHERE idx = 100");
        Signer signer{collector};
        const auto made = signer.checkpointer.make(1);
        REQUIRE(made.has_error());
        CHECK(made.error().code == Errc::unauthentic);
    }
    SUBCASE("changed after it was signed: the tiles still give the signed root, the leaf does not prove any more") {
        store::StoreReader reader{collector.database()};
        const auto signed_root = reader.last_checkpoint()->root;
        const auto size = reader.last_checkpoint()->size;
        const auto fetch = [&](merkle::NodeId node) {
            return merkle::node_from_tiles(node, [&](unsigned level, std::uint64_t first, std::size_t count) {
                return reader.tile_hashes(level, first, count);
            });
        };
        const auto proof = merkle::build_proof(merkle::plan_inclusion(100, size).value(), fetch).value();
        REQUIRE(merkle::verify_inclusion(100, size, *reader.leaf_hash(100), proof, signed_root).has_value());
        shell.exec("DROP TRIGGER leaf_keeps_bytes; UPDATE leaf SET recv_ms = recv_ms + 1 WHERE idx = 100");
        CHECK(merkle::verify_inclusion(100, size, *reader.leaf_hash(100), proof, signed_root).has_error());
    }
}
