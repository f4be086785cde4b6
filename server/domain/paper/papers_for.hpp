#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/domain/paper/paper_read.hpp"

// Which of the papers on file concern one device.
namespace gantry::paper {

// What of a device decides which papers are about it. Maker, model and serial that are empty are taken from its sheet.
struct DeviceIdentity {
    std::string id{}, org{}, site{};
    std::string maker{}, model{}, serial{};
};

// The papers that concern the device, each list sorted by (time that it is about, id). Of several filings of one
// (kind, id) only the last in the log counts, also when it no longer names the device. Certificates come as far as they
// matter to the organisation: whose they are, a rule asks.
DevicePapers papers_for(const DeviceIdentity& device, std::span<const Paper> papers);

// Order of serial numbers as people count them: runs of digits as numbers, everything else as bytes. Negative: a before
// b. "S9" < "S10", "007" and "7" are equal.
int compare_serials(std::string_view a, std::string_view b);

// Whether a recall is about the device: named by a person, or inside everything that the recall says of maker, model
// and serials. A device whose serial is not known is in no range.
bool concerns(const Recall& recall, const DeviceIdentity& device);

}  // namespace gantry::paper
