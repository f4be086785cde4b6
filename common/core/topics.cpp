#include "common/core/topics.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace gantry {
namespace {

constexpr std::string_view prefix = "gantry/v1/";

constexpr std::string_view name(Channel channel) {
    switch (channel) {
        case Channel::up:
            return "up";
        case Channel::down:
            return "down";
        case Channel::status:
            return "status";
    }
    return "";
}

std::uint32_t crc32(std::string_view text) {
    std::uint32_t crc = 0xFFFF'FFFF;
    for (const char c : text) {
        crc ^= static_cast<std::uint8_t>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) ? 0xEDB8'8320U : 0U);
    }
    return ~crc;
}

Error bad(std::string_view what) { return {Errc::malformed, fmt::format("topic: {}", what)}; }

}  // namespace

std::string partition(const DeviceId& dev) { return fmt::format("{:02x}", crc32(dev.text()) & 0xFF); }

std::string device_topic(const DeviceId& dev, Channel channel) {
    return fmt::format("{}{}/{}/{}", prefix, partition(dev), dev.text(), name(channel));
}

std::string collector_status_topic(const CollectorId& collector) {
    return fmt::format("{}_collector/{}/status", prefix, collector.text());
}

Result<DeviceTopic> parse_device_topic(std::string_view topic) {
    if (!topic.starts_with(prefix)) return bad("want gantry/v1/…");
    std::string_view rest = topic.substr(prefix.size());
    const std::size_t first = rest.find('/');
    const std::size_t second = first == std::string_view::npos ? first : rest.find('/', first + 1);
    if (second == std::string_view::npos) return bad("want gantry/v1/{part}/{dev}/{channel}");
    auto dev = DeviceId::parse(rest.substr(first + 1, second - first - 1));
    if (!dev) return dev.error();
    const std::string_view last = rest.substr(second + 1);
    if (rest.substr(0, first) != partition(*dev)) return bad("partition is not the device's");
    for (const Channel channel : {Channel::up, Channel::down, Channel::status})
        if (last == name(channel)) return DeviceTopic{*dev, channel};
    return bad("want up, down or status at the end");
}

}  // namespace gantry
