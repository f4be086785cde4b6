#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/store/store_reader.hpp"

// Reads that only the whole file of one device needs.
namespace gantry::store {

std::optional<std::int64_t> registered_ms(StoreReader& reader, DevNo dev_no);

// The rare leaves that may be declarations or changes of parts, by the time that they are about: without what a device
// tells every day and without papers.
std::vector<MomentRow> life_moments(StoreReader& reader, DevNo dev_no);

// Newest first; whatever became of them.
std::vector<FindingRow> device_findings(StoreReader& reader, DevNo dev_no, std::size_t limit);
std::size_t count_findings(StoreReader& reader, DevNo dev_no);

// Of all findings of the device, oldest first.
std::vector<FindingStepRow> device_finding_steps(StoreReader& reader, DevNo dev_no);

}  // namespace gantry::store
