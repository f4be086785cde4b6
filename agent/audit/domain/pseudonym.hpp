#pragma once

#include <string>
#include <string_view>

#include "common/core/bytes.hpp"
#include "common/core/crypto.hpp"

namespace gantry::audit {

// Turns names into pseudonyms: HMAC-SHA256 under a key that stays on this host and never rotates, first 16 bytes as
// hex. Equal names give equal pseudonyms on one host and unrelated ones on another. `domain` keeps kinds of names
// apart.
class Pseudonyms {
public:
    explicit Pseudonyms(const Hash& key) : key_{key} {}

    std::string of(std::string_view domain, std::string_view name) const {
        std::string text{domain};
        text.append("|").append(name);
        return to_hex(ByteView{hmac_sha256(key_, as_bytes(text))}.first(16));
    }

private:
    Hash key_;
};

}  // namespace gantry::audit
