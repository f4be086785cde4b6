#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dicom/pipeline.hpp"
#include "common/core/result.hpp"

namespace gantry::dicom {

struct Route {
    std::string ae;      // empty: any
    std::string serial;  // empty: any
    std::filesystem::path intake;
};

// Which device's intake a sender belongs to. TOML:
//   unassigned = "/run/gantry/unassigned-east.sock"   # intake of the pseudo-device for what no route claims
//   [[route]]
//   ae = "CT_EAST_1"      # calling AE title; at least one of ae and serial
//   serial = "12345"      # as the report's identity has it
//   intake = "/run/gantry/ct-east-1.sock"
// A route with both beats one with the serial, and that beats one with the AE title.
class RouteTable {
public:
    // Unknown keys, doubled routes and routes without a condition are refused.
    static Result<RouteTable> parse(std::string_view toml, std::string_view file_name);

    // The best route, or null.
    const Route* find(const Sender& sender) const;
    const std::filesystem::path& unassigned() const { return unassigned_; }
    const std::vector<Route>& routes() const { return routes_; }

private:
    std::filesystem::path unassigned_;
    std::vector<Route> routes_;
};

// One intake client per socket. Lives as long as the chooser it gives out.
class IntakeSet {
public:
    static std::unique_ptr<IntakeSet> single(const std::filesystem::path& intake);
    static std::unique_ptr<IntakeSet> routed(RouteTable table);
    ~IntakeSet();
    Chooser chooser();

private:
    struct Impl;
    explicit IntakeSet(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// What --intake and --routes of the command line ask for.
Result<std::unique_ptr<IntakeSet>> open_intakes(const std::filesystem::path& intake,
                                                const std::filesystem::path& routes);

}  // namespace gantry::dicom
