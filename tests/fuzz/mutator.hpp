#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <vector>

#include "common/core/bytes.hpp"

// Seeded mutation of good examples, the same for every format. GANTRY_FUZZ_ROUNDS and GANTRY_FUZZ_SEED set length and
// start.
namespace gantry::testing {

class Mutator {
public:
    explicit Mutator(std::uint64_t seed) : state_{seed} {}

    Bytes mutate(Bytes bytes) {
        for (std::uint64_t n = 1 + below(3); n > 0; --n) change(bytes);
        return bytes;
    }

private:
    void change(Bytes& bytes) {
        const std::size_t at = bytes.empty() ? 0 : below(bytes.size());
        const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        static constexpr std::string_view interesting = "{}[]\",:0-9\\u\x00\x7f\x80\xff";
        switch (below(6)) {
            case 0:
                if (!bytes.empty()) bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1U << below(8)));
                break;
            case 1:
                if (!bytes.empty()) bytes[at] = static_cast<std::uint8_t>(interesting[below(interesting.size())]);
                break;
            case 2:
                bytes.insert(here, static_cast<std::uint8_t>(below(256)));
                break;
            case 3:
                if (!bytes.empty()) bytes.erase(here);
                break;
            case 4:
                bytes.resize(at);
                break;
            default: {  // repeat a stretch: duplicate keys, doubled entries
                const Bytes stretch{
                    here, here + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size() - at, 1 + below(24)))};
                bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), stretch.begin(), stretch.end());
            }
        }
    }
    std::uint64_t below(std::uint64_t limit) {
        std::uint64_t z = (state_ += 0x9E37'79B9'7F4A'7C15);
        z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
        z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
        return (z ^ (z >> 31)) % limit;
    }
    std::uint64_t state_;
};

inline std::uint64_t setting(const char* name, std::uint64_t fallback) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : fallback;
}

// Mutates each seed for a share of the rounds; `accepted` counts the mutants that were still taken. `share`: what costs
// much is tried in one of so many rounds.
template <class Try>
void fuzz(const char* name, const std::vector<Bytes>& seeds, Try try_one, std::uint64_t share = 1) {
    const std::uint64_t rounds = setting("GANTRY_FUZZ_ROUNDS", 40'000) / share;
    const std::uint64_t seed = setting("GANTRY_FUZZ_SEED", 1);
    Mutator mutator{seed};
    std::uint64_t accepted = 0;
    for (const Bytes& original : seeds) REQUIRE(try_one(original));
    for (std::uint64_t i = 0; i < rounds; ++i) accepted += try_one(mutator.mutate(seeds[i % seeds.size()]));
    std::cout << name << ": " << rounds << " mutants from seed " << seed << ", " << accepted << " accepted\n";
    CHECK(accepted < rounds);
}

inline std::vector<Bytes> texts(std::initializer_list<std::string_view> all) {
    std::vector<Bytes> out;
    for (const std::string_view text : all) out.emplace_back(text.begin(), text.end());
    return out;
}

}  // namespace gantry::testing
