#include "firmware-sim/model/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "firmware-sim/model/prng.hpp"

namespace gantry::sim {
namespace {

struct ModelPlate {
    std::string_view maker;
    std::string_view model;
    std::string_view software;
    int sources;
    int rows;
    bool zone_in_report;
    bool cumulative;
};

// Invented makers: a simulated fault must never be read as a statement about a real product.
constexpr std::array<ModelPlate, 5> plates{{
    {"Hanlin Medical", "HL-CT 128", "4.2.1", 1, 64, true, false},
    {"Norden Imaging", "Aurora 64", "VB30A", 1, 64, true, false},
    {"Norden Imaging", "Aurora Dual", "VB30A", 2, 96, true, true},
    {"Pacific Tomography", "Vega 80", "7.10", 1, 80, false, false},
    {"Eastlake", "Meridian 16", "R3.5", 1, 16, true, true},
}};
constexpr std::array<double, 5> plate_weights{0.30, 0.25, 0.15, 0.20, 0.10};

constexpr std::array<Zone, 3> zones{{
    {"Asia/Shanghai", 480, false},
    {"Asia/Urumqi", 360, false},
    {"Europe/Berlin", 60, true},
}};
constexpr std::array<double, 3> zone_weights{0.80, 0.10, 0.10};

enum : std::uint64_t { stream_plate = 1, stream_site = 2 };

}  // namespace

Profile make_profile(const FleetOptions& options, std::uint32_t index) {
    const std::uint32_t hospital = index % std::max(options.hospitals, 1U);
    Prng own = Prng::keyed(options.seed, index, stream_plate, 0);
    Prng place = Prng::keyed(options.seed, hospital, stream_site, 0);

    const auto& plate = plates[own.pick(plate_weights)];
    Profile profile{};
    profile.index = index;
    profile.id = fmt::format("{}{:04}", options.device_prefix, index + 1);
    profile.maker = plate.maker;
    profile.model = plate.model;
    profile.serial = fmt::format("{}{:06}", plate.model.front(), 100'000 + own.between(0, 899'999));
    profile.software = plate.software;
    profile.ae_title = fmt::format("CT{:06}", index + 1);
    profile.sources = plate.sources;
    profile.detector_rows = plate.rows;
    profile.cumulative_reports = plate.cumulative;

    // Drawn in a fixed order from the hospital's stream, so that all its scanners agree.
    profile.zone = zones[place.pick(zone_weights)];
    const bool tertiary = place.chance(0.4);
    profile.zone_in_report = plate.zone_in_report || profile.zone.standard_offset_min != 480;
    profile.site = fmt::format("hospital-{:03}", hospital + 1);
    profile.organisation = fmt::format("org-{:03}", hospital + 1);
    profile.name = fmt::format("CT {}, Hospital {:03}", index / std::max(options.hospitals, 1U) + 1, hospital + 1);

    // 76 a day is the mean of Chinese secondary and tertiary hospitals; small sites do 30.
    profile.exams_per_day = std::clamp(own.lognormal(tertiary ? 76 : 34, 0.25), 15.0, 100.0);
    profile.round_the_clock = tertiary || own.chance(0.2);
    profile.weekend_share = own.uniform(0.50, 0.60);
    return profile;
}

}  // namespace gantry::sim
