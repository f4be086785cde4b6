#include "agent/audit/domain/syslog.hpp"

#include <doctest/doctest.h>

#include "agent/audit/domain/limits.hpp"
#include "tests/unit/audit/fixture.hpp"

using namespace gantry;
using namespace gantry::audit;
using namespace gantry::audit::testing;

TEST_CASE("syslog: the parts of a message, with and without each of them") {
    const std::string bytes = syslog_of("<a/>");
    const auto full = parse_syslog(bytes);
    REQUIRE(full.has_value());
    CHECK(full->facility == 10);
    CHECK(full->severity == 5);
    CHECK(full->timestamp == "2026-03-04T05:06:07.089Z");
    CHECK(full->host == "SECRET-HOST");
    CHECK(full->app == "SECRET-APP");
    CHECK(full->process == "777");
    CHECK(full->id == "DICOM+RFC3881");
    CHECK(full->structured_data == "[x@32473 k=\"SECRET\\]\"]");
    CHECK(full->text == "<a/>");
    CHECK(full->utf8);

    const auto nil = parse_syslog("<0>1 - - - - - -");
    REQUIRE(nil.has_value());
    CHECK(nil->host.empty());
    CHECK(nil->timestamp.empty());
    CHECK(nil->structured_data.empty());
    CHECK(nil->text.empty());
    CHECK_FALSE(nil->utf8);
}

TEST_CASE("syslog: what is refused, and what just fits") {
    struct Row {
        std::string bytes;
        bool good;
    };
    const std::string tail = " - - - - - -";
    const Row rows[] = {
        {"<191>1" + tail, true},
        {"<192>1" + tail, false},  // a priority is 0 to 191
        {"<013>1" + tail, false},  // no leading zero
        {"<>1" + tail, false},
        {"<13>2" + tail, false},  // another version
        {"13>1" + tail, false},
        {"<13>1 2026-03-04T05:06:07Z h a p m -", true},
        {"<13>1 2026-03-04T05:06:07.123456+08:00 h a p m -", true},
        {"<13>1 2026-03-04T05:06:07.1234567Z h a p m -", false},  // at most 6 decimals
        {"<13>1 2026-03-04t05:06:07Z h a p m -", false},          // capitals
        {"<13>1 2026-03-04T05:06:07 h a p m -", false},           // an offset is required
        {"<13>1 - " + std::string(255, 'h') + " a p m -", true},
        {"<13>1 - " + std::string(256, 'h') + " a p m -", false},
        {"<13>1 - h " + std::string(49, 'a') + " p m -", false},
        {"<13>1 - h a " + std::string(129, 'p') + " m -", false},
        {"<13>1 - h a p " + std::string(33, 'm') + " -", false},
        {"<13>1 - h\x01 a p m -", false},
        {"<13>1 - h a p m [id]", true},
        {"<13>1 - h a p m [id a=\"\"][id2 b=\"x\\\"y\\\\z\\]\"] m", true},
        {"<13>1 - h a p m [id a=\"]\"]", false},  // must be escaped
        {"<13>1 - h a p m [id a=x]", false},
        {"<13>1 - h a p m [id a=\"x\"", false},
        {"<13>1 - h a p m []", false},
        {"<13>1 - h a p m -x", false},  // a space before the message
        {"", false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.bytes);
        CHECK(parse_syslog(row.bytes).has_value() == row.good);
    }
    const auto large = parse_syslog("<13>1 - - - - - - " + std::string(audit::limits::message_bytes_max, 'x'));
    REQUIRE_FALSE(large.has_value());
    CHECK(large.error().code == Errc::too_large);
}

TEST_CASE("syslog: octet counting finds frames however the bytes are cut") {
    const std::string first = "<13>1 - - - - - - one\ntwo";
    const std::string second = "<13>1 - - - - - - three";
    const std::string stream =
        std::to_string(first.size()) + " " + first + std::to_string(second.size()) + " " + second;
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        const auto frame = next_frame(std::string_view{stream}.substr(0, cut));
        REQUIRE(frame.has_value());
        const std::size_t whole = std::to_string(first.size()).size() + 1 + first.size();
        CHECK(frame->has_value() == (cut >= whole));
        if (*frame) {
            CHECK((*frame)->message == first);
            CHECK((*frame)->bytes == whole);
        }
    }
}

TEST_CASE("syslog: a stream that is no octet counting is given up") {
    for (const char* bad : {"<13>1 - - - - - - x", "x", " 5 hello", "0 ", "05 hello", "5x", "12\n"}) {
        CAPTURE(bad);
        const auto frame = next_frame(bad);
        REQUIRE_FALSE(frame.has_value());
        CHECK(frame.error().code == Errc::malformed);
    }
    const auto large = next_frame(std::to_string(audit::limits::message_bytes_max + 1));
    REQUIRE_FALSE(large.has_value());
    CHECK(large.error().code == Errc::too_large);
    CHECK(next_frame(std::to_string(audit::limits::message_bytes_max)).has_value());
}
