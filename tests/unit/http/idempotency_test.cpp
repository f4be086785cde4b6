#include "server/http/idempotency.hpp"

#include <doctest/doctest.h>

using namespace gantry;
using namespace gantry::http;
using Seen = IdempotencyKeys::Seen;

namespace {
Hash hash(std::uint8_t first) {
    Hash out{};
    out[0] = first;
    return out;
}
Response answer(unsigned status) { return {status, "application/json", nullptr, {}, false}; }
}  // namespace

TEST_CASE("key: fresh, under way, answered, and another request's") {
    IdempotencyKeys keys{10, 1000};
    CHECK(keys.begin("k", hash(1), 0).seen == Seen::fresh);
    CHECK(keys.begin("k", hash(1), 1).seen == Seen::in_flight);
    CHECK(keys.begin("k", hash(2), 1).seen == Seen::other);
    keys.finish("k", answer(201));
    const auto again = keys.begin("k", hash(1), 2);
    CHECK(again.seen == Seen::answered);
    CHECK(again.answer->status == 201);
    CHECK(keys.begin("k", hash(2), 2).seen == Seen::other);
}

TEST_CASE("key: forgotten when nothing came of it, and after its time") {
    IdempotencyKeys keys{10, 1000};
    keys.begin("k", hash(1), 0);
    keys.forget("k");
    CHECK(keys.begin("k", hash(2), 0).seen == Seen::fresh);
    keys.finish("k", answer(201));
    CHECK(keys.begin("k", hash(3), 1000).seen == Seen::other);
    CHECK(keys.begin("k", hash(3), 1001).seen == Seen::fresh);
}

TEST_CASE("key: when all places are taken the oldest answered one gives way; those under way stay") {
    IdempotencyKeys keys{2, 1'000'000};
    keys.begin("slow", hash(1), 0);
    keys.begin("done", hash(2), 1);
    CHECK(keys.begin("third", hash(3), 2).seen == Seen::full);
    keys.finish("done", answer(201));
    CHECK(keys.begin("third", hash(3), 3).seen == Seen::fresh);
    CHECK(keys.begin("slow", hash(1), 4).seen == Seen::in_flight);
    CHECK(keys.size() == 2);
}
