#include "server/judging/case_reader.hpp"

#include <algorithm>
#include <limits>

#include "server/domain/leaf_json.hpp"
#include "server/domain/moment.hpp"
#include "server/judging/case_parts.hpp"
#include "server/judging/paper_reader.hpp"
#include "server/judging/use_reader.hpp"
#include "server/store/read_moments.hpp"

namespace gantry::judging {

using rules::DeviceCase;

rules::UseHour use_hour(const store::HourRow& row) {
    rules::UseHour out;
    out.hour_ms = row.hour_ms;
    out.exams = row.cell.exams;
    out.exposures = row.cell.exposures;
    out.patient_exposures = row.cell.patient_exposures;
    out.exposure_ms = row.cell.exposure_ms;
    out.unknown_duration = row.cell.unknown_duration;
    out.charge_ua_ms = row.cell.charge_ua_ms;
    out.covered_minutes = row.cell.coverage_minutes();
    out.first_leaf = row.cell.first_leaf;
    out.last_leaf = row.cell.last_leaf;
    return out;
}

namespace {

constexpr std::int64_t all_time_ms = std::numeric_limits<std::int64_t>::max();

void read_moments(store::StoreReader& reader, store::DevNo dev_no, DeviceCase& out, MomentTaker& taker) {
    for (const store::Moments which : {store::Moments::rare, store::Moments::frequent}) {
        std::int64_t first_ms = 0;
        const bool all = store::each_moment(reader, dev_no, which, moments_max, [&](const store::MomentRow& moment) {
            if (first_ms == 0) first_ms = moment.at_ms;
            // What was filed is read as papers.
            if (moment.type == paper::filed_event || moment.type == paper::withdrawn_event) return;
            if (const auto leaf = reader.leaf(moment.leaf)) taker.take(*leaf, moment.at_ms, out);
        });
        if (!all && which == store::Moments::frequent) out.frequent_from_ms = first_ms;
    }
    MomentTaker::settle(out);
}

}  // namespace

void read_past(store::StoreReader& reader, const store::StoreReader::Device& row, std::span<const store::HourRow> hours,
               DeviceCase& out, MomentTaker& taker) {
    out.hours.clear();
    out.hours.reserve(hours.size());
    for (const store::HourRow& hour : hours) out.hours.push_back(use_hour(hour));
    read_moments(reader, row.row.dev_no, out, taker);
}

void read_present(store::StoreReader& reader, const store::StoreReader::Device& row, const FleetFacts& fleet,
                  std::int64_t now_ms, bool papers_too, DeviceCase& out) {
    out.device = row.row.id;
    out.now_ms = now_ms;
    read_entry(row.row.entry, out);
    if (!row.fold.empty()) out.fold = parse_device_fold(row.fold).value();
    out.last_seen_ms = std::max(row.seen.seen_ms, out.fold.last_recv_ms);
    read_states(reader, row.row.dev_no, out);
    read_gaps(reader, row.row.dev_no, out);
    if (papers_too) out.papers = read_device_papers(reader, identity_of(out.device, row.row.entry));
    const std::int64_t first_ms =
        std::min({out.hours.empty() ? now_ms : out.hours.front().hour_ms,
                  out.states.empty() ? now_ms : out.states.front().from_ms, out.registered_ms});
    out.offsets = offsets_of(out.tz, first_ms, now_ms);
    add_fleet_facts(out, fleet);
}

std::optional<rules::DeviceCase> read_case(store::StoreReader& reader, const std::string& device,
                                           const FleetFacts& fleet, const rules::RulePack& pack, std::int64_t now_ms) {
    const store::StoreReader::Snapshot snapshot{reader};
    const auto row = reader.device(device);
    if (!row || device.starts_with("unassigned-")) return std::nullopt;
    DeviceCase out;
    MomentTaker taker;
    const auto hours = reader.hours(row->row.dev_no, 0, all_time_ms);
    read_past(reader, *row, hours, out, taker);
    read_present(reader, *row, fleet, now_ms, true, out);
    out.uses = read_uses(reader, row->row.dev_no, hours, rules::wanted_hours(out, pack));
    return out;
}

}  // namespace gantry::judging
