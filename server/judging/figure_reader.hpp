#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/domain/rules/case.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::judging {

// Leaves looked at for the figures of single exams: some ten weeks of a busy scanner. Beyond it the oldest hours stay
// unread, and the figures' coverage says so.
inline constexpr std::size_t figure_leaves_max = 40'000;

// What the figures of one device need, read step by step: at first the register's entry, states, faults, declared
// works, gaps and papers; not the device's rare records. Needs a Snapshot while it lives.
struct FigureCase {
    FigureCase(store::StoreReader& reader, const store::StoreReader::Device& row, std::int64_t now_ms);

    // Local time from a year before `first_ms` on.
    void read_zone(std::int64_t first_ms);
    // Use, watching, operation and alerts from the first edge to the last; a period of figures begins and ends at
    // edges. Rows stand for whole UTC days, and for hours where an edge cuts a day. `edges` rise; at least two.
    void read_use(std::span<const std::int64_t> edges);
    // Single exams and exposures of `period`.
    void read_events(rules::Span period);

    rules::DeviceCase device;
    std::vector<store::PaperRow> papers;  // that concern the device, its organisation, its site, or anybody

private:
    store::StoreReader& reader_;
    store::DevNo dev_no_;
};

// All of it for one period, in one consistent view of the store. nullopt: no such device, or one that only collects
// unassigned records.
std::optional<rules::DeviceCase> read_figure_case(store::StoreReader& reader, const std::string& device,
                                                  rules::Span period, bool single_events, std::int64_t now_ms);

}  // namespace gantry::judging
