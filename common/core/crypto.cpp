#include "common/core/crypto.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <stdexcept>
#include <utility>

namespace gantry {
namespace {

// A failure here means that a library is broken or out of memory: nothing a caller could act on.
void must(bool ok, const char* what) {
    if (!ok) throw std::runtime_error{std::string{what} + " failed"};
}

void need_sodium() {
    static const bool ready = sodium_init() >= 0;
    must(ready, "sodium_init");
}

const EVP_MD* sha256_algorithm() {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    must(algorithm != nullptr, "EVP_MD_fetch(SHA256)");
    return algorithm;
}

struct ContextFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<EVP_MD_CTX, ContextFree>;

}  // namespace

struct Sha256::Impl {
    ContextPtr context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : impl_{std::make_unique<Impl>()} {
    must(impl_->context != nullptr, "EVP_MD_CTX_new");
    must(EVP_DigestInit_ex2(impl_->context.get(), sha256_algorithm(), nullptr) == 1, "EVP_DigestInit_ex2");
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(ByteView bytes) {
    must(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()) == 1, "EVP_DigestUpdate");
    return *this;
}

Hash Sha256::finish() {
    Hash out{};
    must(EVP_DigestFinal_ex(impl_->context.get(), out.data(), nullptr) == 1, "EVP_DigestFinal_ex");
    must(EVP_DigestInit_ex2(impl_->context.get(), nullptr, nullptr) == 1, "EVP_DigestInit_ex2");
    return out;
}

Hash sha256(std::initializer_list<ByteView> parts) {
    thread_local Sha256 hasher;
    for (const ByteView part : parts) hasher.update(part);
    return hasher.finish();
}

Hash hmac_sha256(ByteView key, ByteView data) {
    Hash out{};
    unsigned size = 0;
    must(HMAC(sha256_algorithm(), key.data(), static_cast<int>(key.size()), data.data(), data.size(), out.data(),
              &size) != nullptr,
         "HMAC");
    return out;
}

struct SigningKey::Impl {
    explicit Impl(const KeySeed& seed) {
        need_sodium();
        crypto_sign_seed_keypair(public_key.data(), secret.data(), seed.data());
    }
    ~Impl() { sodium_memzero(secret.data(), secret.size()); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};  // seed, then public key
    PublicKey public_key{};
};

SigningKey SigningKey::from_seed(const KeySeed& seed) {
    auto impl = std::make_shared<const Impl>(seed);
    const PublicKey public_key = impl->public_key;
    return SigningKey{std::move(impl), public_key};
}

Signature SigningKey::sign(ByteView message) const {
    Signature out{};
    crypto_sign_detached(out.data(), nullptr, message.data(), message.size(), impl_->secret.data());
    return out;
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
    need_sodium();
    return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

}  // namespace gantry
