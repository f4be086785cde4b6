#include "common/core/messages.hpp"

#include <doctest/doctest.h>

#include "common/core/limits.hpp"

using namespace gantry;

namespace {

const DeviceId dev = DeviceId::parse("ct-1").value();
const EpochId epoch{0xAA, 0x01};
const Hash head{0x11, 0x22};
const EpochParent parent{EpochId{0xBB}, 7, Hash{0x33}};

// Each body survives encode, decode, encode, and is refused at every prefix.
template <class Body, class Decode>
void check_round_trip(const Body& body, Decode decode) {
    const std::string json = encode_body(body);
    CAPTURE(json);
    const auto decoded = decode(json);
    REQUIRE(decoded.has_value());
    CHECK(encode_body(*decoded) == json);
    for (std::size_t size = 0; size < json.size(); ++size)
        CHECK_FALSE(decode(std::string_view{json}.substr(0, size)).has_value());
    CHECK_FALSE(decode(json + "x").has_value());
    CHECK_FALSE(decode(std::string_view{"{}"}).has_value());
}

}  // namespace

TEST_CASE("messages: every body round trips") {
    check_round_trip(Hello{"n1", 1, 2, "b1", {{epoch, parent, 3, head}, {epoch, std::nullopt, 0, zero_hash}}},
                     decode_hello);
    check_round_trip(
        StateReply{"n1", BootId{1}, 2, 3, 4, {{epoch, 9, 5, head, false}, {epoch, 0, 0, std::nullopt, true}}},
        decode_state);
    check_round_trip(Ack{BootId{1}, 1, epoch, 3, head, 3, 5, std::nullopt, 512}, decode_ack);
    check_round_trip(Ack{BootId{1}, 1, epoch, 0, std::nullopt, 0, 5, 1, 0}, decode_ack);
    check_round_trip(Refusal{BootId{1}, epoch, 4, "schema"}, decode_refusal);
    check_round_trip(Lost{epoch, parent, 2, 9, head, Hash{0x44}, 3}, decode_lost);
    check_round_trip(Beat{1, 2, 3, 4, "0.1.0"}, decode_beat);
    check_round_trip(Settings{3, 500}, decode_settings);
    check_round_trip(Rekey{PublicKey{9}, true}, decode_rekey);
    check_round_trip(Contradiction{epoch, 3, head}, decode_contradiction);
}

TEST_CASE("messages: members not known are passed over, doubled and ill-formed ones refused") {
    const std::string ack = encode_body(Ack{BootId{1}, 1, epoch, 3, head, 3, 5, std::nullopt, 512});
    const std::string open = ack.substr(0, ack.size() - 1);
    CHECK(decode_ack(open + R"(,"later":{"x":[1]}})").has_value());
    CHECK_FALSE(decode_ack(open + R"(,"seq":4})").has_value());
    CHECK_FALSE(decode_ack(open + R"(,"later":1.5})").has_value());
    CHECK_FALSE(decode_lost(encode_body(Lost{epoch, parent, 9, 2, head, head, 1})).has_value());
}

TEST_CASE("messages: a hello of 64 epochs fits, one of 65 is refused") {
    Hello hello{"n", 1, 1, "b", std::vector<HelloEpoch>(64, HelloEpoch{epoch, parent, 1, head})};
    CHECK(decode_hello(encode_body(hello)).has_value());
    const SigningKey key = SigningKey::from_seed(KeySeed{1});
    CHECK(seal_message(MessageKind::hello, dev, encode_body(hello), key).size() < limits::message_bytes_max);
    hello.epochs.push_back({});
    CHECK_FALSE(decode_hello(encode_body(hello)).has_value());
}

TEST_CASE("messages: the signature binds kind, device, direction and bytes") {
    const SigningKey key = SigningKey::from_seed(KeySeed{1});
    const PublicKey verifier{key.public_key()};
    const std::string json = encode_body(Beat{1, 2, 3, 4, "0.1.0"});
    const Bytes sealed = seal_message(MessageKind::beat, dev, json, key);
    auto envelope = open_message(sealed);
    REQUIRE(envelope.has_value());
    CHECK(verify_message(*envelope, dev, verifier));
    CHECK_FALSE(verify_message(*envelope, DeviceId::parse("ct-2").value(), verifier));
    envelope->kind = MessageKind::hello;
    CHECK_FALSE(verify_message(*envelope, dev, verifier));
    for (std::size_t i = 4; i < sealed.size(); ++i) {
        Bytes bent = sealed;
        bent[i] ^= 1;
        const auto opened = open_message(bent);
        if (opened) CHECK_FALSE(verify_message(*opened, dev, verifier));
    }
}

TEST_CASE("messages: refusal codes fall into their classes") {
    for (const char* code : {"schema", "utf8", "too_large"}) CHECK(refusal_class(code) == RefusalClass::record);
    for (const char* code : {"unknown_type", "unknown_version", "busy", "something_new"})
        CHECK(refusal_class(code) == RefusalClass::later);
    for (const char* code : {"unknown_key", "revoked", "bad_signature", "part", "conflict"})
        CHECK(refusal_class(code) == RefusalClass::identity);
}
