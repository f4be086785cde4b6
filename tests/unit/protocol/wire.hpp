#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/core/messages.hpp"
#include "server/domain/verify.hpp"

// What flies in the simulated world: the product's own values. Signatures are left out, as every sender here is honest
// about who it is.
namespace gantry::simulated {

// A frame that owns the records it carries.
struct SentFrame {
    EpochId epoch{};
    std::uint64_t first = 0;
    Hash base{};
    std::vector<std::string> records;  // empty: a tombstone
    std::vector<Hash> digests;
    std::vector<std::uint32_t> lengths;
    std::optional<EpochOpen> open;
};

using Up = std::variant<Hello, SentFrame, Lost, Contradiction>;
using Down = std::variant<StateReply, Ack, Refusal>;

struct Random {
    std::uint64_t state;
    std::uint64_t bits() {
        std::uint64_t z = (state += 0x9E37'79B9'7F4A'7C15);
        z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
        z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
        return z ^ (z >> 31);
    }
    std::uint64_t below(std::uint64_t limit) { return bits() % limit; }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
    double unit() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
};

}  // namespace gantry::simulated
