#include "server/judging/case_reader.hpp"

#include <date/tz.h>

#include <algorithm>
#include <limits>

#include "common/io/log.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/domain/moment.hpp"
#include "server/domain/paper/papers_for.hpp"
#include "server/judging/use_reader.hpp"
#include "server/store/read_findings.hpp"
#include "server/store/read_moments.hpp"
#include "server/store/read_papers.hpp"

namespace gantry::judging {

using rules::DeviceCase;

rules::UseHour use_hour(const store::HourRow& row) {
    return {.hour_ms = row.hour_ms,
            .exams = row.cell.exams,
            .exposures = row.cell.exposures,
            .patient_exposures = row.cell.patient_exposures,
            .exposure_ms = row.cell.exposure_ms,
            .unknown_duration = row.cell.unknown_duration,
            .charge_ua_ms = row.cell.charge_ua_ms,
            .covered_minutes = row.cell.coverage_minutes(),
            .first_leaf = row.cell.first_leaf,
            .last_leaf = row.cell.last_leaf};
}

namespace {

constexpr std::int64_t all_time_ms = std::numeric_limits<std::int64_t>::max();

void read_entry(const std::string& json, DeviceCase& out, paper::DeviceIdentity& identity) {
    const auto entry = parse_fact_leaf(json);
    if (!entry) return;
    const auto text = [&](std::string_view key) {
        const auto found = entry->more.find(key);
        const auto* value = found == entry->more.end() ? nullptr : std::get_if<std::string>(&found->second);
        return value ? *value : std::string{};
    };
    out.org = text("org");
    out.site = text("site");
    out.tz = text("tz");
    out.modality = text("modality");
    out.name = text("name");
    identity = {out.device, out.org, out.site, text("maker"), text("model"), text("serial")};
}

// When the site's local time changed against UTC. A zone that this machine does not know gives none: local time is
// then unknown.
std::vector<rules::ZoneOffset> offsets_of(const std::string& tz, std::int64_t from_ms, std::int64_t to_ms) {
    using std::chrono::milliseconds;
    std::vector<rules::ZoneOffset> out;
    try {
        const date::time_zone* zone = date::locate_zone(tz);
        std::int64_t at_ms = from_ms;
        while (at_ms <= to_ms) {
            const auto info = zone->get_info(date::sys_time<milliseconds>{milliseconds{at_ms}});
            out.push_back({at_ms, std::chrono::duration_cast<milliseconds>(info.offset).count()});
            const auto end_s = info.end.time_since_epoch().count();
            if (end_s > to_ms / 1000) break;
            at_ms = end_s * 1000;
        }
    } catch (const std::runtime_error&) {
        out.clear();
    }
    return out;
}

void read_states(store::StoreReader& reader, store::DevNo dev_no, DeviceCase& out) {
    out.states.clear();
    for (const store::IntervalRow& row : reader.intervals(dev_no, Lane::lifecycle, 0, all_time_ms))
        out.states.push_back({row.from_ms, row.to_ms.value_or(paper::forever_ms),
                              state_from(row.state).value_or(State::none), row.leaf});
}

// What was filed is read as papers; a registration stands as its own moment.
bool is_read(const store::MomentRow& moment) {
    return moment.type != paper::filed_event && moment.type != paper::withdrawn_event;
}

void read_moments(store::StoreReader& reader, store::DevNo dev_no, DeviceCase& out, MomentTaker& taker) {
    for (const store::Moments which : {store::Moments::rare, store::Moments::frequent}) {
        std::int64_t first_ms = 0;
        const bool all = store::each_moment(reader, dev_no, which, moments_max, [&](const store::MomentRow& moment) {
            if (first_ms == 0) first_ms = moment.at_ms;
            if (!is_read(moment)) return;
            if (const auto leaf = reader.leaf(moment.leaf)) taker.take(*leaf, moment.at_ms, out);
        });
        if (!all && which == store::Moments::frequent) out.frequent_from_ms = first_ms;
    }
    MomentTaker::settle(out);
}

void read_gaps(store::StoreReader& reader, store::DevNo dev_no, DeviceCase& out) {
    out.gaps.clear();
    for (const store::FindingRow& row : store::gap_findings(reader, dev_no)) {
        const bool broken = row.rule == "fork" || row.rule == "identity_conflict";
        out.gaps.push_back({row.first_at_ms, row.first_leaf, static_cast<std::int64_t>(row.count), broken,
                            row.open ? std::nullopt : std::optional{row.last_at_ms}});
    }
    std::ranges::sort(out.gaps, {}, &rules::SequenceGap::at_ms);
}

void read_papers(store::StoreReader& reader, const paper::DeviceIdentity& identity, DeviceCase& out) {
    std::vector<paper::Paper> papers;
    for (const store::PaperRow& row : store::papers_of_device(reader, out.device, out.org, out.site)) {
        auto read = paper::read_paper({row.id, row.leaf, row.recv_ms}, row.kind, row.body);
        if (read)
            papers.push_back(std::move(*read));
        else
            log::warn("judging: paper not read", {{"kind", row.kind}, {"id", row.id}, {"error", read.error().message}});
    }
    out.papers = paper::papers_for(identity, papers);
}

}  // namespace

void read_present(store::StoreReader& reader, const store::StoreReader::Device& row, const FleetFacts& fleet,
                  std::int64_t now_ms, bool papers_too, DeviceCase& out) {
    out.device = row.row.id;
    out.now_ms = now_ms;
    paper::DeviceIdentity identity;
    read_entry(row.row.entry, out, identity);
    if (!row.fold.empty()) out.fold = parse_device_fold(row.fold).value();
    out.last_seen_ms = std::max(row.seen.seen_ms, out.fold.last_recv_ms);
    read_states(reader, row.row.dev_no, out);
    read_gaps(reader, row.row.dev_no, out);
    if (papers_too) read_papers(reader, identity, out);
    const std::int64_t first_ms =
        std::min({out.hours.empty() ? now_ms : out.hours.front().hour_ms,
                  out.states.empty() ? now_ms : out.states.front().from_ms, out.registered_ms});
    out.offsets = offsets_of(out.tz, first_ms, now_ms);
    add_fleet_facts(out, fleet);
}

void read_past(store::StoreReader& reader, const store::StoreReader::Device& row, std::span<const store::HourRow> hours,
               DeviceCase& out, MomentTaker& taker) {
    out.hours.clear();
    for (const store::HourRow& hour : hours) out.hours.push_back(use_hour(hour));
    read_moments(reader, row.row.dev_no, out, taker);
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
