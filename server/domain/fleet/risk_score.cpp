#include "server/domain/fleet/risk_score.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace gantry::fleet {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t year_days_times_four = 1'461;

std::int64_t days_between(std::int64_t from_ms, std::int64_t to_ms) {
    return std::max<std::int64_t>(0, (to_ms - from_ms) / day_ms);
}

std::int64_t finding_points(const RiskFinding& finding, std::int64_t now_ms, const RiskWeights& weights) {
    const auto full = static_cast<double>(weights.severity[static_cast<std::size_t>(finding.severity)]);
    const double age = static_cast<double>(days_between(finding.last_at_ms, now_ms));
    const double left = std::exp2(-age / static_cast<double>(std::max<std::int64_t>(1, weights.half_life_days)));
    const double settled = finding.open ? 1.0 : static_cast<double>(weights.settled_permille) / 1'000;
    return std::llround(full * left * settled);
}

void add_device(SiteRisk& site, const RiskDevice& device, std::int64_t now_ms, const RiskWeights& weights) {
    ++site.devices;
    for (const RiskFinding& finding : device.findings) {
        if (!finding.counts) continue;
        (finding.open ? site.open_findings : site.past_findings) += finding_points(finding, now_ms, weights);
    }
    if (device.made_ms) {
        const std::int64_t years = days_between(*device.made_ms, now_ms) * 4 / year_days_times_four;
        site.age += weights.year_of_age * std::max<std::int64_t>(0, years - weights.age_free_years);
    }
    if (device.silent_since_ms)
        site.silence +=
            weights.silent_day * std::min(weights.silent_days_max, days_between(*device.silent_since_ms, now_ms));
    site.missing += weights.missing_record *
                    std::min(weights.missing_records_max, static_cast<std::int64_t>(device.missing_records));
}

}  // namespace

std::vector<SiteRisk> rank_sites(std::span<const RiskDevice> devices, std::int64_t now_ms, const RiskWeights& weights) {
    std::map<std::pair<std::string, std::string>, SiteRisk> sites;
    for (const RiskDevice& device : devices) {
        SiteRisk& site = sites[{device.org, device.site}];
        site.org = device.org;
        site.site = device.site;
        add_device(site, device, now_ms, weights);
    }
    std::vector<SiteRisk> out;
    for (auto& [place, site] : sites) out.push_back(std::move(site));
    std::ranges::stable_sort(out, std::ranges::greater{}, &SiteRisk::total);
    return out;
}

}  // namespace gantry::fleet
