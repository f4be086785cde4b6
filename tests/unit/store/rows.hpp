#pragma once

#include <string>

#include "server/domain/leaf_json.hpp"
#include "server/store/store_writer.hpp"

// Rows for the tests of the store.
namespace gantry::testing {

inline std::string record_bytes(std::uint64_t seq, std::string_view type) {
    RecordHead head;
    head.seq = seq;
    head.t_ms = 1'795'000'000'000;
    head.mono_ms = 1;
    head.boot = "b1";
    head.src = Source::rdsr;
    head.type = type;
    return encode_record(head, "{}");
}

// Appends one record of device 1, epoch 1 and all that a commit writes beside it.
inline void append_record(store::StoreWriter& writer, std::uint64_t idx, std::string_view type = "power.on") {
    const std::string bytes = record_bytes(idx + 1, type);
    writer.append({.idx = idx,
                   .type = LeafType::record,
                   .recv_ms = 1'795'000'000'000 + static_cast<std::int64_t>(idx),
                   .dev_no = 1,
                   .epoch_no = 1,
                   .seq = idx + 1,
                   .back = idx == 0 ? std::nullopt : std::optional<std::uint64_t>{1},
                   .bytes = as_bytes(bytes)});
    writer.put_fold(1, idx, serialize(DeviceFold{}));
}

inline void put_names(store::StoreWriter& writer) {
    const FactLeaf fact{.fact = std::string{facts::registered}, .subject = "ct-1", .more = {}};
    writer.put_device({1, "ct-1", 0, fact_leaf_json(fact)});
    writer.put_epoch({1, 1, EpochId{1}, 1, Hash{}, 0, "{}"});
}

}  // namespace gantry::testing
