#pragma once

#include <vector>

#include "server/domain/lifecycle_facts.hpp"
#include "server/ingest/projection.hpp"

namespace gantry::ingest {

// What the guards may ask of a device, as of the open transaction: its register entry and the papers on file, with
// those that the declaration names (room, supplier, installer, recycler, receiver). `catalogues` must outlive the
// answer.
DeviceFacts device_facts(store::StoreWriter& store, const Device& device, const Declaration& declared,
                         const std::vector<paper::Catalogue>& catalogues);

}  // namespace gantry::ingest
