#pragma once

#include <cstdint>
#include <vector>

#include "common/core/bytes.hpp"
#include "common/core/crypto.hpp"
#include "common/core/ids.hpp"
#include "common/core/result.hpp"

// The frame: records flying together under one signature.
// "GTF1" ‖ u8 flags(0) ‖ epoch[16] ‖ u64 first ‖ u16 n ‖ base[32] ‖ n entries ‖ head[32] ‖ sig[64]
// entry = u32 len ‖ bytes, or a tombstone: u32 0xFFFFFFFF ‖ u32 real_len ‖ SHA256(bytes)
namespace gantry {

struct FrameEntry {
    ByteView bytes;  // empty for a tombstone
    bool tombstone = false;
    std::uint32_t length = 0;  // of the record, also of one that a tombstone stands for
    Hash digest{};             // SHA-256 of the record

    static FrameEntry of_record(ByteView bytes);
    static FrameEntry of_tombstone(std::uint32_t length, const Hash& digest);
};

struct Frame {
    EpochId epoch{};
    std::uint64_t first = 0;
    Hash base{};  // chain value before `first`
    std::vector<FrameEntry> entries;
    Hash head{};  // chain value after the last entry
    Signature signature{};

    std::uint64_t last() const { return first + entries.size() - 1; }
};

// Bytes that one entry takes inside a frame, and that a frame takes around its entries.
inline constexpr std::size_t frame_overhead_bytes = 4 + 1 + 16 + 8 + 2 + 32 + 32 + 64;
std::size_t frame_entry_bytes(const FrameEntry& entry);

// What the signature covers: "gantry/v1 head\n" ‖ dev ‖ "\n" ‖ epoch ‖ u64 last ‖ head.
Bytes frame_signed_bytes(const DeviceId& dev, const EpochId& epoch, std::uint64_t last, const Hash& head);

// Builds and signs. Needs 1 to 256 entries within the size limit; `base` is the chain value before `first`.
Bytes encode_frame(const DeviceId& dev, const EpochId& epoch, std::uint64_t first, const Hash& base,
                   const std::vector<FrameEntry>& entries, const SigningKey& key);

// Reads the layout and computes each entry's digest; entries view into `bytes`. Never reads past the input, never
// allocates from an unchecked length. Says nothing about chain or signature yet.
Result<Frame> decode_frame(ByteView bytes);

// Chain value after each entry, base first: heads[i] = c[first - 1 + i]; size = entries + 1.
std::vector<Hash> frame_heads(const Frame& frame);

// The chain leads from base to head, and the device's record key signed the head. Returns frame_heads.
Result<std::vector<Hash>> verify_frame(const Frame& frame, const DeviceId& dev, const PublicKey& key);

}  // namespace gantry
