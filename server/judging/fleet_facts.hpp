#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/domain/rules/case.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::judging {

// What no device can tell of itself alone: who else shows the same serial number, test report or licence, and how many
// tests an inspector did in a day.
struct FleetFacts {
    std::map<std::string, std::vector<std::string>> by_serial;   // of a device or tube -> devices that show it
    std::map<std::string, std::vector<std::string>> by_report;   // report hash -> devices
    std::map<std::string, std::int64_t> inspector_day_tests;     // "inspector@YYYY-MM-DD" (UTC) -> tests
    std::map<std::string, std::vector<std::string>> by_licence;  // licence number -> devices that it names
};
FleetFacts read_fleet_facts(store::StoreReader& reader);

// Puts into a case what of it concerns the case's device.
void add_fleet_facts(rules::DeviceCase& device, const FleetFacts& fleet);

}  // namespace gantry::judging
