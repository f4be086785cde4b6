#pragma once

#include <cstdint>
#include <string_view>

#include "common/core/bytes.hpp"
#include "common/core/ids.hpp"

// The bytes of a leaf of the log: u8 type ‖ u64 recv_ms ‖ …, at most 65,535 bytes.
namespace gantry {

enum class LeafType : std::uint8_t { record = 1, declaration = 2, fact = 3 };

// type 1: u8 len ‖ dev ‖ epoch[16] ‖ u64 seq ‖ u32 len ‖ the record's bytes
Bytes record_leaf(std::int64_t recv_ms, const DeviceId& dev, const EpochId& epoch, std::uint64_t seq, ByteView record);

// types 2 and 3: u32 len ‖ JSON in RFC 8785 form, stored as hashed
Bytes json_leaf(LeafType type, std::int64_t recv_ms, std::string_view json);

// RFC 6962 section 2.1: SHA-256(0x00 ‖ leaf bytes).
Hash leaf_hash(ByteView leaf);

// The same for a record's leaf without building its bytes; for the hot path.
Hash record_leaf_hash(std::int64_t recv_ms, const DeviceId& dev, const EpochId& epoch, std::uint64_t seq,
                      ByteView record);

}  // namespace gantry
