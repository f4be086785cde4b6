#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/core/bytes.hpp"
#include "common/core/result.hpp"

class DcmDataset;

// Bytes to a DCMTK data set, behind a check of the whole structure: DCMTK recurses into nested sequences and allocates
// per element, so nothing reaches it that is truncated, deeper or larger than limits.hpp allows.
namespace gantry::dicom {

struct DatasetDeleter {
    void operator()(DcmDataset* dataset) const;
};
using DatasetPtr = std::unique_ptr<DcmDataset, DatasetDeleter>;

// Where a Part 10 file's data set begins and how it is encoded.
struct FileHead {
    std::size_t dataset_at = 0;
    std::string transfer_syntax;
};
Result<FileHead> read_file_head(ByteView file);

// Whether `dataset` is complete and within the limits in the given transfer syntax (uncompressed ones only).
Result<void> check_structure(ByteView dataset, std::string_view transfer_syntax);

// A data set without a file head, as the network carries it.
Result<DatasetPtr> read_dataset(ByteView dataset, std::string_view transfer_syntax);

// A DICOM file's data set.
Result<DatasetPtr> read_file(ByteView file);

}  // namespace gantry::dicom
