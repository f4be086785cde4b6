#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/city_world.hpp"

// Findings against the truth of the simulator.
namespace gantry::bench {

struct RuleScore {
    std::size_t planted = 0;    // true wrongs
    std::size_t found = 0;      // of these
    std::size_t findings = 0;   // told in all, withdrawn later or not
    std::size_t justified = 0;  // of these: of a wrong of this rule, or implied by another
    std::size_t reproduced = 0, to_reproduce = 0;
    std::vector<std::int64_t> delays_ms;  // of the wrongs that were found

    double recall() const { return planted == 0 ? 1 : static_cast<double>(found) / static_cast<double>(planted); }
    double precision() const {
        return findings == 0 ? 1 : static_cast<double>(justified) / static_cast<double>(findings);
    }
    std::int64_t delay_ms(double share) const;  // 0.5: the median
};

struct CityScore {
    std::map<std::string, RuleScore> rules;
    std::vector<std::string> missed, unjustified, unreproduced;  // for people
    // Over rules that decide by dates, states and papers alone; the others weigh statistics.
    RuleScore certain() const;
};

bool is_statistical(std::string_view rule);

// Reads the store as it is at the end of the run. A finding is justified when it overlaps a wrong of its device, a day
// more or less; what drifts and trends imply lingers longer.
CityScore score(const CityWorld& world);

}  // namespace gantry::bench
