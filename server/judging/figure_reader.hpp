#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/domain/rules/case.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::judging {

// Leaves looked at for the figures of single exams: some ten weeks of a busy scanner. Beyond it the oldest hours stay
// unread, and the figures' coverage says so.
inline constexpr std::size_t figure_leaves_max = 40'000;

// What the figures of one device over `period` need: days for whole UTC days and hours for the rest of them, intervals,
// papers, declared works; not the device's rare records. With `single_events` also the exams and exposures of the
// period. nullopt: no such device, or one that only collects unassigned records. Needs a Snapshot when the answer is
// made of several calls.
std::optional<rules::DeviceCase> read_figure_case(store::StoreReader& reader, const std::string& device,
                                                  rules::Span period, bool single_events, std::int64_t now_ms);

}  // namespace gantry::judging
