#include <doctest/doctest.h>

#include "server/ingest/register_entry.hpp"

using namespace gantry;
using namespace gantry::ingest;

namespace {
const std::string key_hex(64, 'a');
}

TEST_CASE("register: an entry survives the way through the log") {
    const auto entry = parse_register_entry(
        R"({"id":"ct-1","record_key":")" + key_hex +
        R"(","maker":"Neusoft","model":"NeuViz 128","serial":"N-1","site":"site-1","tz":"Asia/Shanghai",)"
        R"("modality":"CT","name":"一号 CT","org":"hospital-1","udi":"(01)069"})");
    REQUIRE(entry.has_value());
    const std::string json = fact_leaf_json(register_fact(*entry));
    CHECK(canonical_json(json).value() == json);
    CHECK(entry_of_fact(parse_fact_leaf(json).value()).value() == *entry);
}

TEST_CASE("register: what is refused, and why") {
    struct Row {
        std::string json, want;
    };
    for (const Row& row : {
             Row{"[]", "want one JSON object"},
             Row{"{", "want one JSON object"},
             Row{R"({"record_key":")" + key_hex + "\"}", "id: want a text"},
             Row{R"({"id":"CT 1","record_key":")" + key_hex + "\"}", "want only a-z"},
             Row{R"({"id":"ct-1","record_key":7})", "record_key: want a text"},
             Row{R"({"id":"ct-1","record_key":"abc"})", "want 64 lower-case hexadecimal digits"},
             Row{R"({"id":"ct-1","record_key":")" + key_hex + R"(","modell":"x"})", "did you mean model"},
             Row{R"({"id":"ct-1","record_key":")" + key_hex + R"(","maker":7})", "maker: want a text"},
             Row{R"({"id":"ct-1","record_key":")" + key_hex + R"(","maker":")" + std::string(200, 'x') + "\"}",
                 "want at most 128"},
             Row{R"({"id":"ct-1","record_key":")" + key_hex + R"(","maker":"a\u0007"})", "control characters"},
         }) {
        CAPTURE(row.json);
        const auto entry = parse_register_entry(row.json);
        REQUIRE(entry.has_error());
        CAPTURE(entry.error().message);
        CHECK(entry.error().message.find(row.want) != std::string::npos);
    }
}
