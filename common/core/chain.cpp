#include "common/core/chain.hpp"

#include "common/core/crypto.hpp"

namespace gantry {

Hash chain_start(const DeviceId& dev, const EpochId& epoch, const Hash& parent_head) {
    return sha256({as_bytes("gantry/v1 epoch\n"), as_bytes(dev.text()), as_bytes("\n"), epoch, parent_head});
}

Hash chain_next_digest(const Hash& previous, std::uint32_t length, const Hash& digest) {
    const std::array<std::uint8_t, 4> size{static_cast<std::uint8_t>(length >> 24),
                                           static_cast<std::uint8_t>(length >> 16),
                                           static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    return sha256({previous, size, digest});
}

Hash chain_next(const Hash& previous, ByteView record) {
    return chain_next_digest(previous, static_cast<std::uint32_t>(record.size()), sha256(record));
}

}  // namespace gantry
