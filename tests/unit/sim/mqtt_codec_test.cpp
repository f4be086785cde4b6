#include "firmware-sim/emit/mqtt_codec.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace gantry;
using namespace gantry::sim::mqtt;

namespace {

std::string hex_of(const Bytes& bytes) { return to_hex(bytes); }

Bytes bytes_of(std::string_view hex) {
    Bytes out(hex.size() / 2);
    REQUIRE(from_hex(hex, out).has_value());
    return out;
}

}  // namespace

TEST_CASE("mqtt codec: packets as the standard writes them") {
    Bytes out;
    append_connect(out, Version::v5, "ct-1", "ct-1", 60);
    CHECK(hex_of(out) ==
          "101700044d5154540582003c00"
          "000463742d31"
          "000463742d31");
    out.clear();
    append_connect(out, Version::v311, "a", "", 10);
    CHECK(hex_of(out) ==
          "100d00044d5154540402000a"
          "000161");
    out.clear();
    const std::array<std::string, 2> filters{"a/b", "+"};
    append_subscribe(out, Version::v5, 7, filters);
    CHECK(hex_of(out) ==
          "820d000700"
          "0003612f6201"
          "00012b01");
    out.clear();
    append_publish(out, Version::v5, 9, "t", as_bytes("xy"));
    CHECK(hex_of(out) ==
          "3208"
          "000174"
          "0009"
          "00"
          "7879");
    out.clear();
    append_publish(out, Version::v311, 9, "t", as_bytes("xy"));
    CHECK(hex_of(out) ==
          "3207"
          "000174"
          "0009"
          "7879");
    out.clear();
    append_puback(out, 258);
    append_pingreq(out);
    append_disconnect(out);
    CHECK(hex_of(out) ==
          "40020102"
          "c000"
          "e000");
}

TEST_CASE("mqtt codec: a packet is taken whole or not at all") {
    Bytes out;
    append_publish(out, Version::v5, 300, "gantry/v1/9c/ct-0001/down", as_bytes(std::string(300, 'z')));
    for (std::size_t size = 0; size < out.size(); ++size) {
        const auto part = first_packet(ByteView{out}.first(size));
        REQUIRE(part.has_value());
        CHECK_FALSE(part->has_value());
    }
    const auto whole = first_packet(out);
    REQUIRE(whole.has_value());
    REQUIRE(whole->has_value());
    CHECK((*whole)->bytes == out.size());
    const auto publish = decode_publish(Version::v5, (*whole)->flags, (*whole)->body);
    REQUIRE(publish.has_value());
    CHECK(publish->topic == "gantry/v1/9c/ct-0001/down");
    CHECK(publish->packet_id == 300);
    CHECK(publish->payload.size() == 300);
}

TEST_CASE("mqtt codec: answers of a broker") {
    // mosquitto 2.0: session flags, reason, properties {topic alias maximum 10, receive maximum 20}.
    const auto connack = decode_connack(Version::v5, bytes_of("0000"
                                                              "06"
                                                              "22000a"
                                                              "210014"));
    REQUIRE(connack.has_value());
    CHECK(connack->reason == 0);
    CHECK(connack->receive_maximum == 20);
    CHECK(decode_connack(Version::v5, bytes_of("000000"))->receive_maximum == 65'535);
    CHECK(decode_connack(Version::v311, bytes_of("0005"))->reason == 5);
    CHECK(decode_puback(bytes_of("0102"))->reason == 0);
    CHECK(decode_puback(bytes_of("010287"))->reason == 0x87);
    CHECK(*decode_suback(Version::v5, bytes_of("00010001")));
    CHECK_FALSE(*decode_suback(Version::v5, bytes_of("00010087")));
    CHECK_FALSE(*decode_suback(Version::v311, bytes_of("00010180")));
}

TEST_CASE("mqtt codec: nonsense is refused, not followed") {
    CHECK_FALSE(first_packet(bytes_of("30ffffffff01")).has_value());
    CHECK_FALSE(first_packet(bytes_of("30ffffff7f")).has_value());  // 256 MiB: more than is ever ours.
    CHECK_FALSE(decode_connack(Version::v5, bytes_of("00")).has_value());
    CHECK_FALSE(decode_connack(Version::v5, bytes_of("00000aff")).has_value());
    CHECK_FALSE(decode_connack(Version::v5, bytes_of("000003210000")).has_value());
    CHECK_FALSE(decode_publish(Version::v5, 0x02, bytes_of("0009616263")).has_value());
    CHECK_FALSE(decode_publish(Version::v5, 0x02, bytes_of("000161000000")).has_value());  // QoS 1 with packet id 0.
    CHECK_FALSE(decode_publish(Version::v5, 0x04, bytes_of("000161000100")).has_value());
    CHECK_FALSE(decode_puback(bytes_of("01")).has_value());
}
