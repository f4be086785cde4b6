#include "common/core/frame.hpp"

#include <fmt/format.h>

#include <cassert>

#include "common/core/chain.hpp"
#include "common/core/limits.hpp"

namespace gantry {
namespace {

constexpr std::string_view magic = "GTF1";
constexpr std::uint32_t tombstone_mark = 0xFFFF'FFFF;

Error bad(std::string what) { return {Errc::malformed, "frame: " + std::move(what)}; }

Result<FrameEntry> read_entry(ByteReader& in) {
    const std::uint32_t length = in.u32();
    if (length == tombstone_mark) {
        const std::uint32_t real = in.u32();
        const Hash digest = in.array<32>();
        if (real > limits::record_bytes_max)
            return bad(fmt::format("tombstone of {} bytes, want at most {}", real, limits::record_bytes_max));
        return FrameEntry::of_tombstone(real, digest);
    }
    if (length > limits::record_bytes_max)
        return Error{Errc::too_large,
                     fmt::format("frame: record of {} bytes, want at most {}", length, limits::record_bytes_max)};
    const ByteView bytes = in.bytes(length);
    if (in.failed()) return bad("ends inside a record");
    return FrameEntry::of_record(bytes);
}

}  // namespace

FrameEntry FrameEntry::of_record(ByteView bytes) {
    return {bytes, false, static_cast<std::uint32_t>(bytes.size()), sha256(bytes)};
}

FrameEntry FrameEntry::of_tombstone(std::uint32_t length, const Hash& digest) { return {{}, true, length, digest}; }

std::size_t frame_entry_bytes(const FrameEntry& entry) { return entry.tombstone ? 4 + 4 + 32 : 4 + entry.bytes.size(); }

Bytes frame_signed_bytes(const DeviceId& dev, const EpochId& epoch, std::uint64_t last, const Hash& head) {
    Bytes out;
    out.reserve(160);
    ByteWriter write{out};
    write.text("gantry/v1 head\n");
    write.text(dev.text());
    write.text("\n");
    write.bytes(epoch);
    write.u64(last);
    write.bytes(head);
    return out;
}

Bytes encode_frame(const DeviceId& dev, const EpochId& epoch, std::uint64_t first, const Hash& base,
                   const std::vector<FrameEntry>& entries, const SigningKey& key) {
    assert(!entries.empty() && entries.size() <= limits::frame_entries_max && first >= 1);
    std::size_t size = frame_overhead_bytes;
    for (const FrameEntry& entry : entries) size += frame_entry_bytes(entry);
    Bytes out;
    out.reserve(size);
    ByteWriter write{out};
    write.text(magic);
    write.u8(0);
    write.bytes(epoch);
    write.u64(first);
    write.u16(static_cast<std::uint16_t>(entries.size()));
    write.bytes(base);
    Hash head = base;
    for (const FrameEntry& entry : entries) {
        head = chain_next_digest(head, entry.length, entry.digest);
        if (entry.tombstone) {
            write.u32(tombstone_mark);
            write.u32(entry.length);
            write.bytes(entry.digest);
        } else {
            write.u32(entry.length);
            write.bytes(entry.bytes);
        }
    }
    write.bytes(head);
    write.bytes(key.sign(frame_signed_bytes(dev, epoch, first + entries.size() - 1, head)));
    return out;
}

Result<Frame> decode_frame(ByteView bytes) {
    if (bytes.size() > limits::frame_bytes_max)
        return Error{Errc::too_large,
                     fmt::format("frame: got {} bytes, want at most {}", bytes.size(), limits::frame_bytes_max)};
    ByteReader in{bytes};
    if (as_text(in.bytes(magic.size())) != magic) return bad("does not begin with GTF1");
    if (const std::uint8_t flags = in.u8(); flags != 0) return bad(fmt::format("flags: got {}, want 0", flags));
    Frame frame;
    frame.epoch = in.array<16>();
    frame.first = in.u64();
    const std::uint16_t count = in.u16();
    frame.base = in.array<32>();
    if (in.failed()) return bad("ends inside its head");
    if (count < 1 || count > limits::frame_entries_max)
        return bad(fmt::format("entries: got {}, want 1 to {}", count, limits::frame_entries_max));
    if (frame.first < 1 || frame.first > static_cast<std::uint64_t>(limits::json_integer_max))
        return bad(fmt::format("first: got {}, want 1 to 2^53-1", frame.first));
    frame.entries.reserve(count);
    for (std::uint16_t i = 0; i < count; ++i) {
        auto entry = read_entry(in);
        if (!entry) return entry.error();
        frame.entries.push_back(*entry);
    }
    frame.head = in.array<32>();
    frame.signature = in.array<64>();
    if (in.failed()) return bad("ends inside an entry or its signature");
    if (in.remaining() != 0) return bad(fmt::format("{} bytes follow the signature", in.remaining()));
    return frame;
}

std::vector<Hash> frame_heads(const Frame& frame) {
    std::vector<Hash> heads;
    heads.reserve(frame.entries.size() + 1);
    heads.push_back(frame.base);
    for (const FrameEntry& entry : frame.entries)
        heads.push_back(chain_next_digest(heads.back(), entry.length, entry.digest));
    return heads;
}

Result<std::vector<Hash>> verify_frame(const Frame& frame, const DeviceId& dev, const PublicKey& key) {
    std::vector<Hash> heads = frame_heads(frame);
    if (heads.back() != frame.head) return Error{Errc::unauthentic, "frame: the entries do not lead from base to head"};
    if (!verify(key, frame_signed_bytes(dev, frame.epoch, frame.last(), frame.head), frame.signature))
        return Error{Errc::unauthentic, "frame: signature is not by the device's record key"};
    return heads;
}

}  // namespace gantry
