#include "server/judging/case_reader.hpp"

#include <algorithm>
#include <limits>

#include "server/domain/leaf_json.hpp"
#include "server/judging/case_parts.hpp"
#include "server/judging/paper_reader.hpp"
#include "server/judging/use_reader.hpp"
#include "server/store/read_moments.hpp"

namespace gantry::judging {
namespace {

using rules::DeviceCase;

constexpr std::int64_t all_time_ms = std::numeric_limits<std::int64_t>::max();

void read_hours(const std::vector<store::HourRow>& rows, DeviceCase& out) {
    out.hours.reserve(rows.size());
    for (const store::HourRow& row : rows)
        out.hours.push_back({.hour_ms = row.hour_ms,
                             .exams = row.cell.exams,
                             .exposures = row.cell.exposures,
                             .patient_exposures = row.cell.patient_exposures,
                             .exposure_ms = row.cell.exposure_ms,
                             .unknown_duration = row.cell.unknown_duration,
                             .charge_ua_ms = row.cell.charge_ua_ms,
                             .covered_minutes = row.cell.coverage_minutes(),
                             .first_leaf = row.cell.first_leaf,
                             .last_leaf = row.cell.last_leaf});
}

void read_moments(store::StoreReader& reader, store::DevNo dev_no, DeviceCase& out) {
    store::each_moment(reader, dev_no, moments_max, [&](const store::MomentRow& moment) {
        if (moment.type == facts::registered) {
            out.registered_ms = out.registered_ms == 0 ? moment.at_ms : std::min(out.registered_ms, moment.at_ms);
            return;
        }
        if (const auto leaf = reader.leaf(moment.leaf)) add_moment(*leaf, moment.at_ms, out);
    });
}

}  // namespace

std::optional<rules::DeviceCase> read_case(store::StoreReader& reader, const std::string& device,
                                           const FleetFacts& fleet, const rules::RulePack& pack, std::int64_t now_ms) {
    const store::StoreReader::Snapshot snapshot{reader};
    const auto row = reader.device(device);
    if (!row || device.starts_with("unassigned-")) return std::nullopt;
    DeviceCase out;
    out.device = device;
    out.now_ms = now_ms;
    read_entry(row->row.entry, out);
    if (!row->fold.empty()) out.fold = parse_device_fold(row->fold).value();
    out.last_seen_ms = std::max(row->seen.seen_ms, out.fold.last_recv_ms);
    const store::DevNo dev_no = row->row.dev_no;
    const auto hours = reader.hours(dev_no, 0, all_time_ms);
    read_states(reader, dev_no, out);
    read_hours(hours, out);
    read_moments(reader, dev_no, out);
    read_gaps(reader, dev_no, out);
    out.papers = read_device_papers(reader, identity_of(device, row->row.entry));
    const std::int64_t first_ms =
        std::min({out.hours.empty() ? now_ms : out.hours.front().hour_ms,
                  out.states.empty() ? now_ms : out.states.front().from_ms, out.registered_ms});
    out.offsets = offsets_of(out.tz, first_ms, now_ms);
    add_fleet_facts(out, fleet);
    out.uses = read_uses(reader, dev_no, hours, rules::wanted_hours(out, pack));
    return out;
}

}  // namespace gantry::judging
