#include "common/core/crypto.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>
#include <utility>

namespace gantry {
namespace {

// A failure here means OpenSSL is broken or out of memory: nothing a caller could act on.
void must(int ok, const char* what) {
    if (ok != 1) throw std::runtime_error{std::string{"OpenSSL: "} + what + " failed"};
}

const EVP_MD* sha256_algorithm() {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    must(algorithm != nullptr, "EVP_MD_fetch(SHA256)");
    return algorithm;
}

struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyFree>;

struct ContextFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<EVP_MD_CTX, ContextFree>;

EVP_MD_CTX* thread_context() {
    thread_local const ContextPtr context{EVP_MD_CTX_new()};
    must(context != nullptr, "EVP_MD_CTX_new");
    EVP_MD_CTX_reset(context.get());
    return context.get();
}

}  // namespace

struct Sha256::Impl {
    ContextPtr context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : impl_{std::make_unique<Impl>()} {
    must(impl_->context != nullptr, "EVP_MD_CTX_new");
    must(EVP_DigestInit_ex2(impl_->context.get(), sha256_algorithm(), nullptr), "EVP_DigestInit_ex2");
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(ByteView bytes) {
    must(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()), "EVP_DigestUpdate");
    return *this;
}

Hash Sha256::finish() {
    Hash out{};
    must(EVP_DigestFinal_ex(impl_->context.get(), out.data(), nullptr), "EVP_DigestFinal_ex");
    must(EVP_DigestInit_ex2(impl_->context.get(), nullptr, nullptr), "EVP_DigestInit_ex2");
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
    KeyPtr key;
};

SigningKey SigningKey::from_seed(const KeySeed& seed) {
    KeyPtr key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size())};
    must(key != nullptr, "EVP_PKEY_new_raw_private_key");
    PublicKey public_key{};
    std::size_t size = public_key.size();
    must(EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size), "EVP_PKEY_get_raw_public_key");
    return SigningKey{std::make_shared<const Impl>(Impl{std::move(key)}), public_key};
}

Signature SigningKey::sign(ByteView message) const {
    EVP_MD_CTX* const context = thread_context();
    must(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, impl_->key.get()), "EVP_DigestSignInit");
    Signature out{};
    std::size_t size = out.size();
    must(EVP_DigestSign(context, out.data(), &size, message.data(), message.size()), "EVP_DigestSign");
    return out;
}

struct Verifier::Impl {
    KeyPtr key;
};

Verifier::Verifier(const PublicKey& key)
    : impl_{std::make_shared<const Impl>(
          Impl{KeyPtr{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size())}})},
      key_{key} {}

bool Verifier::verify(ByteView message, const Signature& signature) const {
    if (!impl_->key) return false;
    EVP_MD_CTX* const context = thread_context();
    must(EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, impl_->key.get()), "EVP_DigestVerifyInit");
    return EVP_DigestVerify(context, signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace gantry
