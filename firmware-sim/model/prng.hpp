#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gantry::sim {

/// Seeded random numbers that are the same on every machine. The standard library fixes its engines but not its
/// distributions, and libm differs in the last bit between platforms, so both are written out here: xoshiro256** and
/// distributions that use only IEEE basic operations.
class Prng {
public:
    explicit Prng(std::uint64_t seed) noexcept;

    /// A stream of its own for one purpose of one device: equal keys give equal streams, unequal keys unrelated ones.
    static Prng keyed(std::uint64_t seed, std::uint64_t a, std::uint64_t b, std::uint64_t c) noexcept;

    std::uint64_t next() noexcept;
    double uniform() noexcept;  ///< In [0, 1).
    double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }
    std::int64_t between(std::int64_t low, std::int64_t high) noexcept;  ///< Both ends included; needs low <= high.
    bool chance(double probability) noexcept { return uniform() < probability; }
    double normal() noexcept;  ///< Mean 0, deviation 1; the sum of twelve uniforms, so never beyond 6.
    double lognormal(double median, double sigma) noexcept;
    double exponential(double mean) noexcept;
    double weibull(double shape, double scale) noexcept;
    int poisson(double mean) noexcept;
    /// An index drawn in proportion to its weight; needs at least one weight above 0.
    std::size_t pick(std::span<const double> weights) noexcept;

private:
    std::array<std::uint64_t, 4> state_;
};

/// One 64-bit value out of a key; the base of every invented identifier.
std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) noexcept;

double exp_portable(double x) noexcept;
double log_portable(double x) noexcept;  ///< Needs x > 0.

}  // namespace gantry::sim
