#include <algorithm>
#include <array>

#include "server/domain/fold.hpp"

namespace gantry {
namespace {

constexpr std::array<std::string_view, 6> operating_names = {"void", "off", "standby", "scanning", "service", "fault"};
constexpr std::array<std::string_view, 5> severity_names = {"info", "low", "medium", "high", "critical"};
constexpr std::array<std::string_view, 3> lane_names = {"lifecycle", "operating", "faults"};

}  // namespace

std::string_view name(Operating operating) { return operating_names[static_cast<std::size_t>(operating)]; }
std::string_view name(Severity severity) { return severity_names[static_cast<std::size_t>(severity)]; }
std::string_view name(Lane lane) { return lane_names[static_cast<std::size_t>(lane)]; }

std::optional<Operating> operating_from(std::string_view text) {
    const auto found = std::ranges::find(operating_names, text);
    if (found == operating_names.end()) return std::nullopt;
    return static_cast<Operating>(found - operating_names.begin());
}

Operating operating_at(const DeviceFold& device, std::int64_t last_seen_ms, std::int64_t now_ms) {
    const std::int64_t seen_ms = std::max(last_seen_ms, device.last_recv_ms);
    if (now_ms - seen_ms > silent_after_ms || device.operating == Operating::no_data) return Operating::no_data;
    if (device.operating != Operating::standby) return device.operating;
    const bool in_exam = device.in_exam && now_ms - device.exam_at_ms < exam_longest_ms;
    const bool just_used = now_ms - device.last_use_ms < scanning_for_ms && device.exam_at_ms < device.last_use_ms;
    return in_exam || just_used ? Operating::scanning : Operating::standby;
}

std::vector<std::string> overlays(const DeviceFold& device, std::int64_t last_seen_ms, std::int64_t now_ms) {
    std::vector<std::string> out;
    if (device.clock_bad) out.emplace_back("clock_bad");
    if (device.identity_alarm) out.emplace_back("identity_alarm");
    if (device.life.restricted) out.emplace_back("restricted_use");
    if (device.life.retest_due) out.emplace_back("retest_due");
    if (now_ms - std::max(last_seen_ms, device.last_recv_ms) > silent_after_ms) out.emplace_back("silent");
    return out;
}

}  // namespace gantry
