#pragma once

#include <string>
#include <string_view>

#include "common/core/ids.hpp"
#include "common/core/result.hpp"

// gantry/v1/{part}/{dev}/up|down|status and gantry/v1/_collector/{collector_id}/status
namespace gantry {

enum class Channel { up, down, status };

// CRC-32 (ISO-HDLC) of the device id mod 256 as two hex digits: fixed for good, so that collectors can share the work.
std::string partition(const DeviceId& dev);

std::string device_topic(const DeviceId& dev, Channel channel);
std::string collector_status_topic(const CollectorId& collector);

inline constexpr std::string_view any_collector_status = "gantry/v1/_collector/+/status";
inline constexpr std::string_view any_device_up = "gantry/v1/+/+/up";

struct DeviceTopic {
    DeviceId dev;
    Channel channel;
};

// Refuses a topic whose partition is not the device's own.
Result<DeviceTopic> parse_device_topic(std::string_view topic);

}  // namespace gantry
