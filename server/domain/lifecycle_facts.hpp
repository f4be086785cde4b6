#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/domain/lifecycle.hpp"
#include "server/domain/paper/catalogue.hpp"
#include "server/domain/paper/papers.hpp"

namespace gantry {

class LifecycleTable;

// What guards may ask of a device beside its life: the papers on file now, and what the register says.
struct DeviceFacts {
    std::uint64_t patient_exposures = 0;
    std::string device{}, org{}, site{};
    std::string modality{}, model{};
    paper::DevicePapers papers{};                   // with the room that the declaration names
    std::vector<paper::Permit> receiver_permits{};  // held by the organisation that data.receiver names
    std::span<const paper::Catalogue> catalogues{};
};

// Whether judging the declaration may look at papers: then the caller reads them first.
bool asks_papers(const LifecycleTable& table, const LifecycleFold& life, const Declaration& declared);

}  // namespace gantry
