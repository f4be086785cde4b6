#include "server/domain/fleet/age_profile.hpp"

#include <chrono>

namespace gantry::fleet {
namespace {

// The same day so many years later; 29 February becomes 1 March.
std::int64_t birthday_ms(std::int64_t made_ms, std::int64_t years) {
    using namespace std::chrono;
    const sys_days made = floor<days>(sys_time<milliseconds>{milliseconds{made_ms}});
    const year_month_day day{made};
    const year_month_day then{day.year() + std::chrono::years{years}, day.month(), day.day()};
    const sys_days at = then.ok() ? sys_days{then} : sys_days{then.year() / std::chrono::March / 1};
    return duration_cast<milliseconds>(at.time_since_epoch()).count();
}

}  // namespace

AgeProfile age_profile(std::span<const std::optional<std::int64_t>> made_ms, std::int64_t now_ms, const AgeRule& rule) {
    AgeProfile out;
    for (const auto& made : made_ms) {
        if (!made)
            ++out.unknown;
        else if (now_ms <= birthday_ms(*made, rule.young_years))
            ++out.young;
        else if (now_ms <= birthday_ms(*made, rule.middle_years))
            ++out.middle;
        else
            ++out.old;
    }
    return out;
}

std::vector<AgeBreach> breaches(const AgeProfile& profile, const AgeRule& rule) {
    std::vector<AgeBreach> out;
    const auto known = static_cast<std::int64_t>(profile.known());
    if (known == 0) return out;
    // Whole numbers: a share of exactly the limit keeps the rule.
    const auto permille = [](std::size_t count) { return static_cast<std::int64_t>(count) * 1'000; };
    if (permille(profile.young) < rule.young_permille_min * known) out.push_back(AgeBreach::too_few_young);
    if (permille(profile.middle) > rule.middle_permille_max * known) out.push_back(AgeBreach::too_many_middle);
    if (permille(profile.old) > rule.old_permille_max * known) out.push_back(AgeBreach::too_many_old);
    return out;
}

}  // namespace gantry::fleet
