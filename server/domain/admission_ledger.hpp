#pragma once

#include <vector>

#include "server/domain/admission.hpp"

// How the ledger learns: the one way, live and in a rebuild.
namespace gantry::admission {

// What a fact changes in the ledger. Returns the epochs that changed; a fact that is not about delivery changes none.
std::vector<EpochId> learn(DeviceLedger& ledger, const FactLeaf& fact, std::int64_t recv_ms);

}  // namespace gantry::admission
