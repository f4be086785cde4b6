#include "server/http/sse.hpp"

#include <doctest/doctest.h>

using namespace gantry::http;

TEST_CASE("sse: an event is text with an empty line after it") {
    CHECK(sse_text({7, "record", "{\"a\":1}"}) == "id: 7\nevent: record\ndata: {\"a\":1}\n\n");
    CHECK(sse_text({std::nullopt, "device", "{}"}) == "event: device\ndata: {}\n\n");
    CHECK(sse_text({std::nullopt, "", "a\nb\r\nc"}) == "data: a\ndata: b\ndata: c\n\n");
    CHECK(sse_comment("ping") == ": ping\n\n");
    CHECK(sse_retry(3000) == "retry: 3000\n\n");
}

TEST_CASE("sse: Last-Event-ID is a log index and nothing else") {
    CHECK(parse_last_event_id("0").value() == 0);
    CHECK(parse_last_event_id("9007199254740991").value() == 9007199254740991ULL);
    for (const char* bad : {"", " 1", "1 ", "-1", "1.0", "x", "9007199254740992", "99999999999999999999999"})
        CHECK_MESSAGE(!parse_last_event_id(bad), bad);
}

TEST_CASE("sse: where to begin") {
    struct Row {
        std::optional<std::uint64_t> last;
        std::uint64_t size;
        ReplayFrom want;
    };
    for (const Row& row :
         {Row{std::nullopt, 100, ReplayFrom::live}, Row{99, 100, ReplayFrom::store}, Row{90, 100, ReplayFrom::store},
          Row{89, 100, ReplayFrom::store}, Row{88, 100, ReplayFrom::reset}, Row{100, 100, ReplayFrom::reset},
          Row{0, 0, ReplayFrom::reset}})
        CHECK(replay_from(row.last, row.size, 10) == row.want);  // 89 is 10 behind the newest, 99
}

TEST_CASE("queue: bounded in bytes, and full for good") {
    SseQueue queue{10};
    queue.push("12345", 1);
    queue.push("67890", 2);
    CHECK(!queue.overflowed());
    queue.push("x", 3);
    CHECK(queue.overflowed());
    CHECK(queue.take() == "1234567890");
    queue.push("y", 4);
    CHECK(queue.empty());
}

TEST_CASE("queue: what a replay sent already is not sent again") {
    SseQueue queue{100};
    queue.push("a", 5);
    queue.push("d", std::nullopt);
    queue.push("b", 6);
    queue.replayed_through(5);
    CHECK(queue.bytes() == 2);
    CHECK(queue.take() == "db");
    queue.push("late", 5);
    queue.push("c", 7);
    CHECK(queue.take() == "c");
}
