#include "common/core/record.hpp"

#include <doctest/doctest.h>

using namespace gantry;

namespace {

const std::string good =
    R"({"seq":2,"t":1795000001000,"mono":2000,"boot":"b1","clk":"sync","src":"rdsr","at":1794999990000,"type":"usage.exposure","body":{"x":1}})";

std::string with(std::string_view from, std::string_view to) {
    std::string out = good;
    const auto at = out.find(from);
    REQUIRE(at != std::string::npos);
    return out.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("record: the views are the members") {
    const auto record = parse_record(good);
    REQUIRE(record.has_value());
    CHECK(record->seq == 2);
    CHECK(record->t_ms == 1795000001000);
    CHECK(record->at_ms == 1794999990000);
    CHECK(record->src == Source::rdsr);
    CHECK(record->type == "usage.exposure");
    CHECK(record->body == R"({"x":1})");
    CHECK(encode_record(*record, record->body) == good);
}

TEST_CASE("record: at may be absent, nothing else") {
    CHECK(parse_record(with(R"("at":1794999990000,)", "")).has_value());
    for (const char* member : {R"("seq":2,)", R"("t":1795000001000,)", R"("mono":2000,)", R"("boot":"b1",)",
                               R"("clk":"sync",)", R"("src":"rdsr",)", R"("type":"usage.exposure",)"}) {
        CAPTURE(member);
        CHECK_FALSE(parse_record(with(member, "")).has_value());
    }
}

TEST_CASE("record: strict in order, values and end") {
    struct Row {
        const char* from;
        const char* to;
    };
    for (const Row& row :
         {Row{R"("seq":2,"t":1795000001000)", R"("t":1795000001000,"seq":2)"}, Row{"\"seq\":2", "\"seq\":0"},
          Row{"\"seq\":2", "\"seq\":-1"}, Row{"\"clk\":\"sync\"", "\"clk\":\"ok\""},
          Row{"\"src\":\"rdsr\"", "\"src\":\"me\""}, Row{"\"boot\":\"b1\"", "\"boot\":\"B 1\""},
          Row{"\"boot\":\"b1\"", "\"boot\":\"\""}, Row{"{\"x\":1}", "[1]"}, Row{"{\"x\":1}}", "{\"x\":1},\"y\":2}"},
          Row{"{\"x\":1}}", "{\"x\":1}} "}, Row{"{\"x\":1}}", "{\"x\":1.5}}"}}) {
        CAPTURE(row.to);
        CHECK_FALSE(parse_record(with(row.from, row.to)).has_value());
    }
    for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(parse_record(good.substr(0, size)).has_value());
}

TEST_CASE("record: over 16 KiB is too large") {
    const std::string padding(limits::record_bytes_max, 'x');
    const auto refused = parse_record(with("{\"x\":1}", "{\"x\":\"" + padding + "\"}"));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::too_large);
}
