#include <doctest/doctest.h>

#include <thread>

#include "server/ingest/queue.hpp"

using gantry::ingest::BoundedQueue;

namespace {
const auto any = [](const auto&) { return true; };
}

TEST_CASE("queue: count and bytes each have a limit") {
    BoundedQueue<int> by_count{2, 1000};
    CHECK(by_count.try_push(1, 1));
    CHECK(by_count.try_push(2, 1));
    CHECK_FALSE(by_count.try_push(3, 1));
    CHECK(by_count.fill_permille() == 1000);

    BoundedQueue<int> by_bytes{100, 10};
    CHECK(by_bytes.try_push(1, 6));
    CHECK_FALSE(by_bytes.try_push(2, 6));
    CHECK(by_bytes.try_push(3, 4));
    std::vector<int> out;
    CHECK(by_bytes.take(out, 10, std::nullopt, any));
    CHECK(out == std::vector<int>{1, 3});
    CHECK(by_bytes.bytes() == 0);
}

TEST_CASE("queue: the taker says where a batch ends, and the rest stays in order") {
    BoundedQueue<int> queue{10, 1000};
    for (int i = 1; i <= 6; ++i) queue.push_over_limit(int{i});
    std::vector<int> out;
    int sum = 0;
    queue.take(out, 10, std::nullopt, [&](int next) { return (sum += next) <= 6; });
    CHECK(out == std::vector<int>{1, 2, 3});
    out.clear();
    queue.take(out, 2, std::nullopt, any);
    CHECK(out == std::vector<int>{4, 5});
}

TEST_CASE("queue: closing lets out what is inside and nothing in") {
    BoundedQueue<int> queue{2, 100};
    queue.try_push(1, 1);
    queue.close();
    CHECK_FALSE(queue.try_push(2, 1));
    CHECK_FALSE(queue.push(2, 1));
    std::vector<int> out;
    CHECK(queue.take(out, 10, std::nullopt, any));
    CHECK(out == std::vector<int>{1});
    CHECK_FALSE(queue.take(out, 10, std::nullopt, any));
}

TEST_CASE("queue: a pusher waits for room, also with an item larger than all room") {
    BoundedQueue<int> queue{4, 10};
    queue.push(1, 10);
    std::thread pusher{[&] { queue.push(2, 50); }};
    std::vector<int> out;
    while (out.size() < 2) queue.take(out, 1 + out.size(), std::nullopt, any);
    pusher.join();
    CHECK(out == std::vector<int>{1, 2});
}
