#pragma once
#include <cstdint>
#include <string>

#include "common/core/result.hpp"
#include "firmware-sim/model/profile.hpp"

namespace gantry::sim {

enum class Route { file, intake, dicom, mqtt };

/// What the command line asked for.
struct RunOptions {
    FleetOptions fleet;
    Route route = Route::file;
    std::string target;        ///< File, folder, host:port or URL, as the route needs.
    double rate_per_s = 0;     ///< 0 = as fast as the other side takes it.
    double speedup = 0;        ///< 0 = the past is replayed without pacing.
    std::int64_t lead_ms = 0;  ///< Only this last part of the past is paced by `speedup`; 0 = all of it.
    bool live = false;
    bool json = false;
    int records_per_frame = 50;
    std::uint32_t connections = 0;  ///< 0 = one for each device.
    double connect_timeout_s = 60;
    double drain_timeout_s = 120;
    std::string truth_file;
    std::string canaries_file;
    std::string declarations_file;
    std::string declare_url;
    std::string register_file;
    std::string provisioning_file;
    std::string called_aet = "GANTRY";
    bool mqtt_v311 = false;
    bool keys_only = false;  ///< `keys`: no route, only the public keys.
};

/// A bad command line: the message names the flag, what came and what is wanted.
Result<RunOptions> parse_run_options(int argc, const char* const* argv);
std::string help_text();

}  // namespace gantry::sim
