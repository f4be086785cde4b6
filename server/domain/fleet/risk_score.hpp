#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/domain/fold.hpp"

// W12: where an inspector's day helps most, and why there. The score of a site is a sum of named parts, so that anybody
// can see what would lower it; it is a weight for drawing inspections, no finding.
namespace gantry::fleet {

// Points; one open critical finding of today is worth 1,000. These are the policy; another one is another value of this
// struct.
struct RiskWeights {
    std::array<std::int64_t, 5> severity{0, 20, 100, 400, 1'000};  // info, low, medium, high, critical
    std::int64_t half_life_days = 90;     // a finding's points halve in so many days after it was last seen
    std::int64_t settled_permille = 250;  // of a finding that is closed; a dismissed or withdrawn one counts nothing
    std::int64_t year_of_age = 10;        // each year beyond `age_free_years`
    std::int64_t age_free_years = 5;
    std::int64_t silent_day = 50;  // each day without a sign of life, of a device that is expected to speak
    std::int64_t silent_days_max = 14;
    std::int64_t missing_record = 1;  // each record that the collector knows of and does not have
    std::int64_t missing_records_max = 200;
};

struct RiskFinding {
    Severity severity = Severity::medium;
    bool open = true;
    bool counts = true;  // neither dismissed nor withdrawn
    std::int64_t last_at_ms = 0;
};

struct RiskDevice {
    std::string device, org, site;
    std::optional<std::int64_t> made_ms;
    std::optional<std::int64_t> silent_since_ms;  // expected to speak, and silent since
    std::uint64_t missing_records = 0;
    std::vector<RiskFinding> findings;
};

struct SiteRisk {
    std::string org, site;
    std::size_t devices = 0;
    std::int64_t open_findings = 0, past_findings = 0, age = 0, silence = 0, missing = 0;  // points of each cause
    std::int64_t total() const { return open_findings + past_findings + age + silence + missing; }
    bool operator==(const SiteRisk&) const = default;
};

// One row a site, the most points first; equal ones by organisation and site.
std::vector<SiteRisk> rank_sites(std::span<const RiskDevice> devices, std::int64_t now_ms,
                                 const RiskWeights& weights = {});

}  // namespace gantry::fleet
