#pragma once

#include "agent/dicom/dicom_time.hpp"
#include "agent/dicom/dose_report.hpp"
#include "agent/dicom/pseudonym.hpp"
#include "agent/dicom/site_config.hpp"
#include "common/core/result.hpp"

class DcmDataset;

namespace gantry::dicom {

// What parsing needs from the host. Nothing in it changes while a report is read.
struct ParseContext {
    const Pseudonymiser& pseudonyms;
    const SiteConfig& site;
    const ZoneRule& zone;
};

// Reads a CT dose report (TID 10011) of any SR storage class by walking its content tree: the strict SR reader refuses
// real files. De-identified before it returns. Errc::refused when the object is no CT dose report; the message holds no
// value of the object.
Result<DoseReport> parse_dose_report(DcmDataset& dataset, const ParseContext& context);

// The same from a whole DICOM file, or from a data set as the network carries it.
Result<DoseReport> parse_dose_report_file(ByteView file, const ParseContext& context);
Result<DoseReport> parse_dose_report_dataset(ByteView dataset, std::string_view transfer_syntax,
                                             const ParseContext& context);

// Maker, model, serials and software as the header of any object states them.
DeviceIdentity header_identity(DcmDataset& dataset, Problems& problems);

}  // namespace gantry::dicom
