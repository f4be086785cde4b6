#include "common/core/bytes.hpp"

#include <doctest/doctest.h>

using namespace gantry;

TEST_CASE("hex: round trip and refusals") {
    const Bytes bytes{0x00, 0x7f, 0xff};
    CHECK(to_hex(bytes) == "007fff");
    CHECK(array_from_hex<3>("007fff").value() == std::array<std::uint8_t, 3>{0x00, 0x7f, 0xff});
    for (const char* bad : {"007ff", "007fff0", "007FFF", "00 fff", "g07fff"}) {
        CAPTURE(bad);
        CHECK_FALSE(array_from_hex<3>(bad).has_value());
    }
}

TEST_CASE("base64: RFC 4648 vectors, and only the canonical form") {
    struct Row {
        const char* plain;
        const char* coded;
    };
    for (const Row& row : {Row{"", ""}, Row{"f", "Zg=="}, Row{"fo", "Zm8="}, Row{"foo", "Zm9v"},
                           Row{"foob", "Zm9vYg=="}, Row{"fooba", "Zm9vYmE="}, Row{"foobar", "Zm9vYmFy"}}) {
        CAPTURE(row.plain);
        CHECK(base64_encode(as_bytes(row.plain)) == row.coded);
        CHECK(as_text(base64_decode(row.coded).value()) == row.plain);
    }
    for (const char* bad : {"Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm 9v", "Zm9-"}) {
        CAPTURE(bad);
        CHECK_FALSE(base64_decode(bad).has_value());
    }
}

TEST_CASE("reader: never past the end") {
    const Bytes bytes{1, 2, 3};
    ByteReader in{bytes};
    CHECK(in.u16() == 0x0102);
    CHECK(in.u32() == 0);
    CHECK(in.failed());
    CHECK(in.u8() == 0);
    CHECK(in.bytes(1).empty());
    CHECK(in.position() == 2);
    ByteReader huge{bytes};
    CHECK(huge.bytes(~std::size_t{0}).empty());
    CHECK(huge.failed());
}
