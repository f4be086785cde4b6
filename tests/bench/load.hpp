#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/core/crypto.hpp"
#include "common/core/frame.hpp"
#include "common/core/ids.hpp"

namespace gantry::bench {

// One simulated agent: its identity and its signed frames, made before the clock starts.
struct LoadDevice {
    DeviceId id;
    SigningKey key;
    EpochId epoch{};
    std::string topic;
    std::vector<Bytes> frames;
};

struct LoadOptions {
    std::uint32_t devices = 1000;
    std::uint32_t frames = 4;    // of each device
    std::uint32_t records = 50;  // of each frame
    std::uint32_t seed = 1;
};

// The same options, the same bytes. Record 1 of each device is its epoch_open; the rest are exposures as a scanner
// makes them.
std::vector<LoadDevice> make_load(const LoadOptions& options, bool with_frames);

// What `gantry register --from` reads.
std::string register_lines(const std::vector<LoadDevice>& devices);

}  // namespace gantry::bench
