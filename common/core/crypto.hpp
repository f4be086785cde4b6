#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include "common/core/bytes.hpp"

// Hashes and signatures as pure functions (OpenSSL inside). Keys are values; where they live on disk is not settled
// here.
namespace gantry {

using PublicKey = std::array<std::uint8_t, 32>;  // Ed25519, RFC 8032
using Signature = std::array<std::uint8_t, 64>;
using KeySeed = std::array<std::uint8_t, 32>;

// One SHA-256 context, reused: fetching the algorithm for each digest costs more than the digest (measured 2.4
// against 6.1 M/s). Not to be shared between threads.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    Sha256& update(ByteView bytes);
    Hash finish();  // and starts anew

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// SHA-256 of the parts, one after the other. Thread safe: each thread keeps a context of its own.
Hash sha256(std::initializer_list<ByteView> parts);
inline Hash sha256(ByteView bytes) { return sha256({bytes}); }

// HMAC-SHA256, RFC 2104.
Hash hmac_sha256(ByteView key, ByteView data);

// An Ed25519 private key. Copies share the key; it is wiped with the last copy.
class SigningKey {
public:
    static SigningKey from_seed(const KeySeed& seed);
    const PublicKey& public_key() const { return public_key_; }
    Signature sign(ByteView message) const;

private:
    struct Impl;
    SigningKey(std::shared_ptr<const Impl> impl, PublicKey public_key)
        : impl_{std::move(impl)}, public_key_{public_key} {}
    std::shared_ptr<const Impl> impl_;
    PublicKey public_key_;
};

// Whether `signature` is that of `key`'s owner over `message`: Ed25519, RFC 8032, by libsodium, whose stricter reading
// refuses keys of small order and encodings that are not canonical.
bool verify(const PublicKey& key, ByteView message, const Signature& signature);

}  // namespace gantry
