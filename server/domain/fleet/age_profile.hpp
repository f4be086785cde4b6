#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gantry::fleet {

// COCIR's rule for an installed base of imaging equipment (W11): at least 60 % up to 5 years old, at most 30 % of 6 to
// 10 years, at most 10 % older.
struct AgeRule {
    std::int64_t young_years = 5, middle_years = 10;
    std::int64_t young_permille_min = 600, middle_permille_max = 300, old_permille_max = 100;
};

// How many devices are how old; those whose year of manufacture is not known count in no share.
struct AgeProfile {
    std::size_t young = 0, middle = 0, old = 0, unknown = 0;
    std::size_t known() const { return young + middle + old; }
    bool operator==(const AgeProfile&) const = default;
};

enum class AgeBreach : std::uint8_t { too_few_young, too_many_middle, too_many_old };

// `made_ms`: when each device was manufactured, UTC. Up to the day of its fifth birthday a device is young.
AgeProfile age_profile(std::span<const std::optional<std::int64_t>> made_ms, std::int64_t now_ms,
                       const AgeRule& rule = {});
// Which parts of the rule the profile breaks; none when no age is known.
std::vector<AgeBreach> breaches(const AgeProfile& profile, const AgeRule& rule = {});

}  // namespace gantry::fleet
