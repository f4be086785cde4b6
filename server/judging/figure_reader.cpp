#include "server/judging/figure_reader.hpp"

#include <algorithm>
#include <limits>

#include "server/domain/day_cell.hpp"
#include "server/domain/rules/span.hpp"
#include "server/judging/case_moments.hpp"
#include "server/judging/case_parts.hpp"
#include "server/judging/paper_reader.hpp"
#include "server/judging/use_reader.hpp"
#include "server/store/read_days.hpp"
#include "server/store/read_findings.hpp"
#include "server/store/read_papers.hpp"

namespace gantry::judging {
namespace {

using rules::DeviceCase;
using rules::Span;
using rules::Spans;

constexpr std::int64_t all_time_ms = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t ms_per_minute = 60'000;

// Adds [from, to) to spans that end before or at `from`.
void extend(Spans& spans, std::int64_t from_ms, std::int64_t to_ms) {
    if (!spans.empty() && spans.back().to_ms >= from_ms)
        spans.back().to_ms = std::max(spans.back().to_ms, to_ms);
    else
        spans.push_back({from_ms, to_ms});
}

void add_watched(Spans& out, std::int64_t hour_ms, std::uint64_t map) {
    constexpr std::uint64_t whole = (std::uint64_t{1} << 60) - 1;
    if (map == whole) return extend(out, hour_ms, hour_ms + ms_per_hour);
    for (int minute = 0; map != 0 && minute < 60; ++minute)
        if (map >> (59 - minute) & 1)
            extend(out, hour_ms + minute * ms_per_minute, hour_ms + (minute + 1) * ms_per_minute);
}

void add_row(DeviceCase& out, std::int64_t from_ms, std::int64_t length_ms, const UseCounts& use) {
    rules::UseHour row;
    row.hour_ms = from_ms;
    row.length_ms = length_ms;
    row.exams = use.exams;
    row.exposures = use.exposures;
    row.patient_exposures = use.patient_exposures;
    row.exposure_ms = use.exposure_ms;
    row.charge_ua_ms = use.charge_ua_ms;
    row.unknown_duration = use.unknown_duration;
    row.ends = use.ends;
    out.hours.push_back(row);
}

void add_hours(store::StoreReader& reader, store::DevNo dev_no, Span span, DeviceCase& out) {
    if (span.empty()) return;
    for (const store::HourRow& row : reader.hours(dev_no, span.from_ms, span.to_ms)) {
        add_row(out, row.hour_ms, ms_per_hour, UseCounts::of(row.cell));
        add_watched(out.watched, row.hour_ms, row.cell.coverage);
        if (row.cell.patient_exposures > 0) extend(out.used, row.hour_ms, row.hour_ms + ms_per_hour);
    }
}

void add_days(store::StoreReader& reader, store::DevNo dev_no, Span span, DeviceCase& out) {
    if (span.empty()) return;
    for (const store::DayRow& row : store::days(reader, dev_no, span.from_ms, span.to_ms)) {
        add_row(out, row.day_ms, ms_per_utc_day, row.cell.use);
        for (unsigned i = 0; i < row.cell.watched.size(); ++i) {
            const std::int64_t hour_ms = row.day_ms + i * ms_per_hour;
            add_watched(out.watched, hour_ms, row.cell.watched[i]);
            if (row.cell.used >> i & 1) extend(out.used, hour_ms, hour_ms + ms_per_hour);
        }
    }
}

// Whole days, with the hours of the days that an edge cuts, and of those that are not over yet.
void add_use(store::StoreReader& reader, store::DevNo dev_no, Span span, std::span<const std::int64_t> edges,
             DeviceCase& out) {
    const std::int64_t over_ms = std::min(span.to_ms, store::days_over_ms(reader, dev_no));
    std::int64_t at = span.from_ms;
    for (const std::int64_t edge : edges) {
        const std::int64_t day_ms = utc_day_of(edge);
        if (edge == day_ms || day_ms < at || day_ms >= over_ms) continue;
        add_days(reader, dev_no, {at, day_ms}, out);
        at = std::min(day_ms + ms_per_utc_day, span.to_ms);
        add_hours(reader, dev_no, {day_ms, at}, out);
    }
    add_days(reader, dev_no, {at, over_ms}, out);
    add_hours(reader, dev_no, {std::max(at, over_ms), span.to_ms}, out);
}

bool needs_whole_life(const DeviceCase& device) {
    const bool by_counter = std::ranges::any_of(device.papers.schedules, [](const paper::Schedule& plan) {
        return plan.every_scan_ms || plan.every_exams || plan.every_mas;
    });
    const bool tubes = std::ranges::any_of(device.papers.work_orders, [](const paper::WorkOrder& order) {
        return std::ranges::find(order.parts, "tube", &paper::PartUsed::part) != order.parts.end();
    });
    return by_counter || tubes;
}

}  // namespace

FigureCase::FigureCase(store::StoreReader& reader, const store::StoreReader::Device& row, std::int64_t now_ms)
    : reader_{reader}, dev_no_{row.row.dev_no} {
    device.device = row.row.id;
    device.now_ms = now_ms;
    read_entry(row.row.entry, device);
    if (!row.fold.empty()) device.fold = parse_device_fold(row.fold).value();
    device.last_seen_ms = std::max(row.seen.seen_ms, device.fold.last_recv_ms);
    read_states(reader_, dev_no_, device);
    for (const store::IntervalRow& fault : reader_.intervals(dev_no_, Lane::faults, 0, all_time_ms))
        device.faults.push_back(
            {fault.from_ms, fault.to_ms.value_or(paper::forever_ms), fault.key, fault.state, fault.leaf});
    MomentTaker taker;
    for (const store::MomentRow& moment : store::declared_works(reader_, dev_no_))
        if (const auto leaf = reader_.leaf(moment.leaf)) taker.take(*leaf, moment.at_ms, device);
    read_gaps(reader_, dev_no_, device);
    papers = store::papers_of_device(reader_, device.device, device.org, device.site);
    device.papers = papers_from(identity_of(device.device, row.row.entry), papers);
}

void FigureCase::read_zone(std::int64_t first_ms) {
    constexpr std::int64_t year_ms = 366 * ms_per_utc_day;
    device.offsets = offsets_of(device.tz, first_ms - year_ms, device.now_ms);
}

void FigureCase::read_use(std::span<const std::int64_t> edges) {
    const Span span{edges.front(), edges.back()};
    for (const store::IntervalRow& row : reader_.intervals(dev_no_, Lane::operating, span.from_ms, span.to_ms))
        device.operating.push_back({row.from_ms, row.to_ms.value_or(paper::forever_ms),
                                    operating_from(row.state).value_or(Operating::no_data)});
    for (store::FindingRow& row : store::findings_found(reader_, dev_no_, span.from_ms, span.to_ms))
        device.alerts.push_back({std::move(row.rule), std::move(row.key), row.since_ms, row.found_ms});
    const std::int64_t from_ms = needs_whole_life(device) ? 0 : utc_day_of(span.from_ms);
    const std::int64_t to_ms = hour_of(span.to_ms + ms_per_hour - 1);
    add_use(reader_, dev_no_, {from_ms, std::max(from_ms, to_ms)}, edges, device);
}

void FigureCase::read_events(Span period) {
    const auto rows = reader_.hours(dev_no_, hour_of(period.from_ms), period.to_ms);
    std::vector<std::int64_t> wanted;
    std::int64_t from_ms = period.from_ms;
    std::size_t leaves = 0;
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
        if (row->cell.exposures == 0) continue;
        // Of each exam, its start and end come on top of its exposures.
        leaves += static_cast<std::size_t>(row->cell.exposures + 2 * row->cell.exams);
        if (leaves > figure_leaves_max && !wanted.empty()) {
            from_ms = row->hour_ms + ms_per_hour;
            break;
        }
        wanted.push_back(row->hour_ms);
    }
    SingleEvents events = judging::read_events(reader_, dev_no_, rows, wanted, 2 * figure_leaves_max);
    device.uses = std::move(events.uses);
    device.exams = std::move(events.exams);
    device.events_read = {events.complete ? from_ms : period.to_ms, period.to_ms};
}

std::optional<rules::DeviceCase> read_figure_case(store::StoreReader& reader, const std::string& device, Span period,
                                                  bool single_events, std::int64_t now_ms) {
    const store::StoreReader::Snapshot snapshot{reader};
    const auto row = reader.device(device);
    if (!row || device.starts_with("unassigned-")) return std::nullopt;
    period.to_ms = std::max(std::min(period.to_ms, now_ms), period.from_ms);
    FigureCase out{reader, *row, now_ms};
    out.read_zone(out.device.states.empty() ? period.from_ms
                                            : std::min(period.from_ms, out.device.states.front().from_ms));
    const std::int64_t edges[] = {period.from_ms, period.to_ms};
    out.read_use(edges);
    if (single_events) out.read_events(period);
    return std::move(out.device);
}

}  // namespace gantry::judging
