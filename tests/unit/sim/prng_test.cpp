#include "firmware-sim/model/prng.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

using namespace gantry::sim;

TEST_CASE("prng: the stream is fixed for good") {
    // Written down once: a change here means that every seed tells another story.
    Prng prng{42};
    CHECK(prng.next() == 1546998764402558742ULL);
    CHECK(Prng{42}.next() != Prng{43}.next());
    CHECK(Prng::keyed(1, 2, 3, 4).next() == Prng::keyed(1, 2, 3, 4).next());
    CHECK(Prng::keyed(1, 2, 3, 4).next() != Prng::keyed(1, 2, 4, 3).next());
}

TEST_CASE("prng: own exp and log agree with libm") {
    for (double x = -20; x <= 20; x += 0.37) {
        CAPTURE(x);
        CHECK(exp_portable(x) == doctest::Approx(std::exp(x)).epsilon(1e-12));
        CHECK(log_portable(std::exp(x)) == doctest::Approx(x).epsilon(1e-12));
    }
}

TEST_CASE("prng: distributions have the moments they claim") {
    Prng prng{7};
    constexpr int n = 40'000;
    double uniform = 0, normal = 0, normal2 = 0, exponential = 0, poisson = 0, above_median = 0, weibull = 0;
    for (int i = 0; i < n; ++i) {
        uniform += prng.uniform();
        const double z = prng.normal();
        normal += z;
        normal2 += z * z;
        exponential += prng.exponential(3);
        poisson += prng.poisson(4.5);
        above_median += prng.lognormal(10, 0.4) > 10 ? 1 : 0;
        weibull += prng.weibull(2.5, 900);
    }
    // Four standard errors each.
    CHECK(uniform / n == doctest::Approx(0.5).epsilon(0.012));
    CHECK(std::abs(normal / n) < 4 / std::sqrt(n));
    CHECK(normal2 / n == doctest::Approx(1).epsilon(0.03));
    CHECK(exponential / n == doctest::Approx(3).epsilon(0.02));
    CHECK(poisson / n == doctest::Approx(4.5).epsilon(0.01));
    CHECK(above_median / n == doctest::Approx(0.5).epsilon(0.02));
    CHECK(weibull / n == doctest::Approx(900 * std::tgamma(1 + 1 / 2.5)).epsilon(0.01));
}

TEST_CASE("prng: between covers both ends, pick follows the weights") {
    Prng prng{1};
    std::array<int, 3> seen{};
    for (int i = 0; i < 3'000; ++i) {
        const auto value = prng.between(-1, 1);
        REQUIRE(value >= -1);
        REQUIRE(value <= 1);
        ++seen[static_cast<std::size_t>(value + 1)];
    }
    for (const int count : seen) CHECK(count > 850);
    constexpr std::array<double, 3> weights{0, 1, 3};
    std::array<int, 3> picked{};
    for (int i = 0; i < 4'000; ++i) ++picked[prng.pick(weights)];
    CHECK(picked[0] == 0);
    CHECK(picked[2] == doctest::Approx(3'000).epsilon(0.05));
}
