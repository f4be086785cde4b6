#pragma once

#include <cstdint>
#include <filesystem>

#include "common/core/bytes.hpp"
#include "common/core/ids.hpp"

namespace gantry::agent {

struct HostFingerprint {
    Hash value{};
    std::uint8_t parts = 0;  // 1 machine id, 2 DMI uuid
};

struct HostFiles {
    std::filesystem::path machine_id = "/etc/machine-id";
    // Root reads the DMI uuid at installation and leaves "MACHINE_ID UUID" here: the uuid itself is root's alone to
    // read, and the machine id says whether this file came with a copied disk.
    std::filesystem::path dmi_uuid = "/etc/gantry/host-uuid";
};

// HMAC-SHA256(key dev, machine_id ‖ "\n" ‖ (uuid or "-")): tells a copy on another host without telling the host.
HostFingerprint host_fingerprint(const DeviceId& dev, const HostFiles& files);

}  // namespace gantry::agent
