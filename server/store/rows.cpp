#include "server/store/rows.hpp"

namespace gantry::store {

Hash leaf_row_hash(const LeafRow& leaf, const DeviceId* dev, const EpochId& epoch) {
    if (leaf.type == LeafType::record) return record_leaf_hash(leaf.recv_ms, *dev, epoch, leaf.seq, leaf.bytes);
    return leaf_hash(json_leaf(leaf.type, leaf.recv_ms, as_text(leaf.bytes)));
}

}  // namespace gantry::store
