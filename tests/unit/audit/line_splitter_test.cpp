#include "agent/audit/domain/line_splitter.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "agent/audit/domain/limits.hpp"

using namespace gantry;
using namespace gantry::audit;

namespace {

// All lines of `bytes` fed in pieces of `piece` bytes; the sizes they took must add up to what was fed.
std::vector<std::string> split(const std::string& bytes, std::size_t piece, std::uint64_t* too_long = nullptr) {
    LineSplitter splitter;
    std::vector<std::string> out;
    std::uint64_t taken = 0;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        splitter.feed(std::string_view{bytes}.substr(at, piece));
        while (const auto line = splitter.next()) {
            out.emplace_back(line->text);
            taken += line->bytes;
        }
        CHECK(taken + splitter.pending() == std::min(at + piece, bytes.size()));
    }
    if (const auto line = splitter.rest()) {
        out.emplace_back(line->text);
        taken += line->bytes;
    }
    CHECK(taken == bytes.size());
    CHECK(splitter.pending() == 0);
    if (too_long != nullptr) *too_long = splitter.too_long();
    return out;
}

}  // namespace

TEST_CASE("lines: cut the same however they arrive") {
    const std::string bytes{"one\ntwo\r\n\n\xFF three\0four\nlast", 27};
    const std::vector<std::string> want = {"one", "two", "", std::string{"\xFF three\0four", 12}, "last"};
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
        CAPTURE(piece);
        CHECK(split(bytes, piece) == want);
    }
    CHECK(split("", 1).empty());
    CHECK(split("\n", 1) == std::vector<std::string>{""});
}

TEST_CASE("lines: one that is too long is skipped to its end, counted, and not kept") {
    const std::size_t most = audit::limits::line_bytes_max;
    const std::string bytes = "a\n" + std::string(most, 'x') + "\n" + std::string(most + 1, 'y') + "\n" +
                              std::string(5 * most, 'z') + "\nb\n";
    for (const std::size_t piece : {1000UL, most, 3 * most, 100 * most}) {
        CAPTURE(piece);
        std::uint64_t too_long = 0;
        const auto lines = split(bytes, piece, &too_long);
        CHECK(lines == std::vector<std::string>{"a", std::string(most, 'x'), "b"});
        CHECK(too_long == 2);
    }
    LineSplitter splitter;
    for (int i = 0; i < 1000; ++i) {
        splitter.feed(std::string(most, 'x'));
        CHECK_FALSE(splitter.next().has_value());
    }
    CHECK(splitter.pending() == 1000 * most);
    CHECK(splitter.too_long() == 1);
    splitter.feed("\nnext\n");
    CHECK(splitter.next()->text == "next");
}
