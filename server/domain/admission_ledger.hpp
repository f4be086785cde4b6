#pragma once

#include <vector>

#include "server/domain/admission.hpp"

// How the ledger learns: the one way, live and in a rebuild.
namespace gantry::admission {

// What a fact changes in the ledger. Returns the epochs that changed; a fact that is not about delivery changes none.
std::vector<EpochId> learn(DeviceLedger& ledger, const FactLeaf& fact, std::int64_t recv_ms);

// A record was stored: `seq` is the epoch's new high and `head` the chain value there.
void store_record(DeviceLedger& ledger, const EpochId& epoch, std::uint64_t seq, const Hash& head,
                  const std::optional<EpochOpen>& open);

}  // namespace gantry::admission
