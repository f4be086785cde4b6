#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

#include "server/store/store_reader.hpp"

namespace gantry::store {

// Leaf hashes computed again from what is stored, in log order: what a checkpoint and a rebuild rest on.
class LeafHasher {
public:
    explicit LeafHasher(StoreReader& reader) : reader_{reader} {}

    // Leaves with first <= idx < end. Throws sql::SqlBroken when one is missing. Short reads, so that the WAL can be
    // reset between them.
    void each(std::uint64_t first, std::uint64_t end,
              const std::function<void(std::uint64_t idx, const Hash& hash)>& on_hash);

    // The tree of the first `size` leaves, from the stored tile hashes and, at its right edge, the stored leaves.
    Result<merkle::Frontier> frontier_at(std::uint64_t size);

private:
    const DeviceId& device(DevNo dev_no);
    const EpochId& epoch(EpochNo epoch_no);

    StoreReader& reader_;
    std::unordered_map<DevNo, DeviceId> devices_;
    std::unordered_map<EpochNo, EpochId> epochs_;
};

}  // namespace gantry::store
