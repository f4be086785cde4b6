#include "server/domain/fleet/age_profile.hpp"

#include <doctest/doctest.h>

using namespace gantry::fleet;

namespace {

constexpr std::int64_t day = 86'400'000;
constexpr std::int64_t made = 1'609'459'200'000;  // 2021-01-01T00:00Z
constexpr std::int64_t five = 1'767'225'600'000;  // 2026-01-01T00:00Z
constexpr std::int64_t ten = 1'924'992'000'000;   // 2031-01-01T00:00Z
constexpr std::int64_t leap = 1'582'934'400'000;  // 2020-02-29T00:00Z

AgeProfile of(std::int64_t made_ms, std::int64_t now_ms) {
    const std::optional<std::int64_t> one[] = {made_ms};
    return age_profile(one, now_ms);
}

}  // namespace

TEST_CASE("W11: a device is young up to its fifth birthday, and old after its tenth") {
    CHECK(of(made, five).young == 1);
    CHECK(of(made, five + 1).middle == 1);
    CHECK(of(made, ten).middle == 1);
    CHECK(of(made, ten + 1).old == 1);
    CHECK(of(leap, 1'740'787'200'000).young == 1);  // 2025-03-01: the year has no 29 February
    CHECK(of(leap, 1'740'787'200'000 + 1).middle == 1);
}

TEST_CASE("W11: shares are of the devices whose age is known, and a share at its limit keeps the rule") {
    std::vector<std::optional<std::int64_t>> fleet(6, five - day);
    fleet.insert(fleet.end(), 3, five - 8 * 365 * day);
    fleet.insert(fleet.end(), 1, five - 12 * 365 * day);
    fleet.insert(fleet.end(), 4, std::nullopt);
    CHECK(age_profile(fleet, five) == AgeProfile{6, 3, 1, 4});
    CHECK(breaches(age_profile(fleet, five)).empty());
    fleet[0] = five - 12 * 365 * day;
    CHECK(breaches(age_profile(fleet, five)) == std::vector{AgeBreach::too_few_young, AgeBreach::too_many_old});
    fleet[0] = five - 8 * 365 * day;
    CHECK(breaches(age_profile(fleet, five)) == std::vector{AgeBreach::too_few_young, AgeBreach::too_many_middle});
    CHECK(breaches(AgeProfile{0, 0, 0, 9}).empty());
}
