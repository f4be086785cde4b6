#include "agent/core/host.hpp"

#include <algorithm>
#include <cctype>
#include <string>

#include "common/core/crypto.hpp"
#include "common/io/files.hpp"

namespace gantry::agent {
namespace {

std::string first_line(const std::filesystem::path& path) {
    const auto content = files::read_all(path, 4096);
    if (!content) return {};
    std::string line = content->substr(0, content->find('\n'));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.pop_back();
    return line;
}

}  // namespace

HostFingerprint host_fingerprint(const DeviceId& dev, const HostFiles& files) {
    HostFingerprint out;
    const std::string machine_id = first_line(files.machine_id);
    if (!machine_id.empty()) out.parts |= 1;
    std::string uuid;
    if (const std::string line = first_line(files.dmi_uuid); line.starts_with(machine_id + " "))
        uuid = line.substr(machine_id.size() + 1);
    std::ranges::transform(uuid, uuid.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!uuid.empty()) out.parts |= 2;
    const std::string data = machine_id + "\n" + (uuid.empty() ? "-" : uuid);
    out.value = hmac_sha256(as_bytes(dev.text()), as_bytes(data));
    return out;
}

}  // namespace gantry::agent
