#pragma once

namespace gantry::dicom {

// DCMTK's log prints values of the objects it reads, names included, so it is switched off altogether. Call once,
// before any other use of DCMTK.
void silence_dcmtk();

}  // namespace gantry::dicom
