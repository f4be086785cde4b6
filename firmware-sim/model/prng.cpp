#include "firmware-sim/model/prng.hpp"

#include <bit>
#include <cmath>

namespace gantry::sim {
namespace {

constexpr double ln2 = 0.6931471805599453;

std::uint64_t splitmix(std::uint64_t& state) noexcept {
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

}  // namespace

Prng::Prng(std::uint64_t seed) noexcept : state_{} {
    for (auto& word : state_) word = splitmix(seed);
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) noexcept {
    std::uint64_t state = a;
    state = splitmix(state) ^ b;
    state = splitmix(state) ^ c;
    state = splitmix(state) ^ d;
    return splitmix(state);
}

Prng Prng::keyed(std::uint64_t seed, std::uint64_t a, std::uint64_t b, std::uint64_t c) noexcept {
    return Prng{mix(seed, a, b, c)};
}

std::uint64_t Prng::next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

double Prng::uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::int64_t Prng::between(std::int64_t low, std::int64_t high) noexcept {
    const auto width = static_cast<double>(high - low + 1);
    return low + static_cast<std::int64_t>(uniform() * width);
}

double Prng::normal() noexcept {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum - 6.0;
}

double Prng::lognormal(double median, double sigma) noexcept { return median * exp_portable(sigma * normal()); }

double Prng::exponential(double mean) noexcept { return -mean * log_portable(1.0 - uniform()); }

double Prng::weibull(double shape, double scale) noexcept {
    const double e = exponential(1.0);
    return e <= 0 ? 0 : scale * exp_portable(log_portable(e) / shape);
}

int Prng::poisson(double mean) noexcept {
    int count = 0;
    for (double left = exponential(1.0); left < mean; left += exponential(1.0)) ++count;
    return count;
}

std::size_t Prng::pick(std::span<const double> weights) noexcept {
    double sum = 0;
    for (const double weight : weights) sum += weight;
    double left = uniform() * sum;
    for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
        left -= weights[i];
        if (left < 0) return i;
    }
    return weights.size() - 1;
}

// e^x = 2^k e^r with |r| <= ln2/2; 14 Taylor terms bring the error below 1e-16 there.
double exp_portable(double x) noexcept {
    const double k = std::floor(x / ln2 + 0.5);
    const double r = x - k * ln2;
    double sum = 1, term = 1;
    for (int i = 1; i <= 14; ++i) {
        term *= r / i;
        sum += term;
    }
    return std::ldexp(sum, static_cast<int>(k));
}

// log(m 2^e) with m in [0.7, 1.41): 2 artanh(s), s = (m-1)/(m+1), |s| <= 0.172; 11 odd terms are enough.
double log_portable(double x) noexcept {
    int e = 0;
    double m = std::frexp(x, &e);
    if (m < 0.7071067811865476) {
        m *= 2;
        --e;
    }
    const double s = (m - 1) / (m + 1);
    double sum = 0, power = s;
    for (int i = 1; i <= 21; i += 2) {
        sum += power / i;
        power *= s * s;
    }
    return 2 * sum + e * ln2;
}

}  // namespace gantry::sim
