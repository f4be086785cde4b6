#pragma once
#include <memory>

#include "firmware-sim/emit/options.hpp"
#include "firmware-sim/emit/sink.hpp"

namespace gantry::sim {

/// Speaks DICOM as the scanners do: MPPS N-CREATE and N-SET for each examination and a dose report at its end, each
/// device under its own calling AE title. Other events have no DICOM form and are passed over.
std::unique_ptr<Sink> make_dicom_sink(const Fleet& fleet, const RunOptions& run);

}  // namespace gantry::sim
