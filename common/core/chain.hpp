#pragma once

#include <cstdint>
#include <string_view>

#include "common/core/bytes.hpp"
#include "common/core/ids.hpp"

// The hash chain of an epoch: what makes a device's history one thread that nobody can re-tie.
namespace gantry {

// c[0] = SHA256("gantry/v1 epoch\n" ‖ dev ‖ "\n" ‖ epoch ‖ parent_head). No parent: 32 zero bytes.
Hash chain_start(const DeviceId& dev, const EpochId& epoch, const Hash& parent_head);

// c[n] = SHA256(c[n-1] ‖ u32 len ‖ SHA256(bytes)), from the record's bytes …
Hash chain_next(const Hash& previous, ByteView record);

// … or from their length and digest, as a tombstone carries them.
Hash chain_next_digest(const Hash& previous, std::uint32_t length, const Hash& digest);

}  // namespace gantry
