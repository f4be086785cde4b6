#include "agent/dicom/dcmtk_setup.hpp"

#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, always
#include <dcmtk/oflog/oflog.h>

namespace gantry::dicom {

void silence_dcmtk() { OFLog::configure(OFLogger::OFF_LOG_LEVEL); }

}  // namespace gantry::dicom
