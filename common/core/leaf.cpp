#include "common/core/leaf.hpp"

#include "common/core/crypto.hpp"

namespace gantry {
namespace {

constexpr std::uint8_t leaf_prefix[] = {0x00};

void put(std::uint8_t*& at, std::uint64_t value, int size) {
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) *at++ = static_cast<std::uint8_t>(value >> shift);
}

// Everything before the record's own bytes: at most 1 + 8 + 1 + 64 + 16 + 8 + 4 bytes.
struct RecordLeafHead {
    std::array<std::uint8_t, 102> bytes{};
    std::size_t size = 0;
    ByteView view() const { return ByteView{bytes}.first(size); }
};

RecordLeafHead head_of(std::int64_t recv_ms, const DeviceId& dev, const EpochId& epoch, std::uint64_t seq,
                       std::size_t length) {
    RecordLeafHead head;
    std::uint8_t* at = head.bytes.data();
    put(at, static_cast<std::uint8_t>(LeafType::record), 1);
    put(at, static_cast<std::uint64_t>(recv_ms), 8);
    put(at, dev.text().size(), 1);
    for (const char c : dev.text()) *at++ = static_cast<std::uint8_t>(c);
    for (const std::uint8_t byte : epoch) *at++ = byte;
    put(at, seq, 8);
    put(at, length, 4);
    head.size = static_cast<std::size_t>(at - head.bytes.data());
    return head;
}

}  // namespace

Bytes record_leaf(std::int64_t recv_ms, const DeviceId& dev, const EpochId& epoch, std::uint64_t seq, ByteView record) {
    const RecordLeafHead head = head_of(recv_ms, dev, epoch, seq, record.size());
    Bytes out;
    out.reserve(head.size + record.size());
    ByteWriter write{out};
    write.bytes(head.view());
    write.bytes(record);
    return out;
}

Bytes json_leaf(LeafType type, std::int64_t recv_ms, std::string_view json) {
    Bytes out;
    out.reserve(13 + json.size());
    ByteWriter write{out};
    write.u8(static_cast<std::uint8_t>(type));
    write.u64(static_cast<std::uint64_t>(recv_ms));
    write.u32(static_cast<std::uint32_t>(json.size()));
    write.text(json);
    return out;
}

Hash leaf_hash(ByteView leaf) { return sha256({leaf_prefix, leaf}); }

Hash record_leaf_hash(std::int64_t recv_ms, const DeviceId& dev, const EpochId& epoch, std::uint64_t seq,
                      ByteView record) {
    return sha256({leaf_prefix, head_of(recv_ms, dev, epoch, seq, record.size()).view(), record});
}

}  // namespace gantry
