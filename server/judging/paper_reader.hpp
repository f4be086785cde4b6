#pragma once

#include <span>
#include <string>

#include "server/domain/paper/papers_for.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::judging {

// What the register says of a device, as far as papers ask for it. `entry_json`: DeviceRow::entry.
paper::DeviceIdentity identity_of(const std::string& device, const std::string& entry_json);

// Those of the rows that concern the device. One that cannot be read is left out, with a line in the log.
paper::DevicePapers papers_from(const paper::DeviceIdentity& identity, std::span<const store::PaperRow> rows);

// All papers in force that concern the device, likewise.
paper::DevicePapers read_device_papers(store::StoreReader& reader, const paper::DeviceIdentity& identity);

}  // namespace gantry::judging
