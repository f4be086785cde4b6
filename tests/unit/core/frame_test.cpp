#include "common/core/frame.hpp"

#include <doctest/doctest.h>

#include "common/core/chain.hpp"
#include "common/core/limits.hpp"

using namespace gantry;

namespace {

const DeviceId dev = DeviceId::parse("ct-1").value();
const EpochId epoch{1, 2, 3};

SigningKey key() { return SigningKey::from_seed(KeySeed{7}); }

Bytes sample(int count, std::size_t record_bytes = 40) {
    const std::string record(record_bytes, 'r');
    std::vector<FrameEntry> entries;
    for (int i = 0; i < count; ++i) entries.push_back(FrameEntry::of_record(as_bytes(record)));
    return encode_frame(dev, epoch, 1, chain_start(dev, epoch, zero_hash), entries, key());
}

}  // namespace

TEST_CASE("frame: every prefix is refused, and no byte may follow") {
    Bytes frame = sample(3);
    for (std::size_t size = 0; size < frame.size(); ++size)
        CHECK_FALSE(decode_frame(ByteView{frame}.first(size)).has_value());
    REQUIRE(decode_frame(frame).has_value());
    frame.push_back(0);
    CHECK_FALSE(decode_frame(frame).has_value());
}

TEST_CASE("frame: no flipped bit survives decoding and verification") {
    const Bytes frame = sample(2);
    const PublicKey verifier{key().public_key()};
    for (std::size_t i = 0; i < frame.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            Bytes bent = frame;
            bent[i] = static_cast<std::uint8_t>(bent[i] ^ (1 << bit));
            const auto decoded = decode_frame(bent);
            if (decoded) CHECK_FALSE(verify_frame(*decoded, dev, verifier).has_value());
        }
    }
}

TEST_CASE("frame: limits are stated in the error") {
    CHECK(decode_frame(sample(256)).has_value());
    Bytes none = sample(1);
    none[29] = none[30] = 0;
    CHECK(decode_frame(none).error().message.find("want 1 to 256") != std::string::npos);
    const Bytes huge(limits::frame_bytes_max + 1);
    CHECK(decode_frame(huge).error().code == Errc::too_large);
    // A length that claims four gigabytes must not be believed.
    Bytes claim = sample(1);
    claim[63] = 0xFF;
    CHECK_FALSE(decode_frame(claim).has_value());
    Bytes flags = sample(1);
    flags[4] = 1;
    CHECK(decode_frame(flags).error().message.find("flags") != std::string::npos);
}
