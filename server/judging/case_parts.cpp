#include "server/judging/case_parts.hpp"

#include <date/tz.h>

#include <algorithm>
#include <limits>

#include "server/domain/leaf_json.hpp"
#include "server/store/read_findings.hpp"

namespace gantry::judging {
namespace {

using rules::DeviceCase;

constexpr std::int64_t all_time_ms = std::numeric_limits<std::int64_t>::max();

}  // namespace

void read_entry(const std::string& json, DeviceCase& out) {
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
}

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

void read_gaps(store::StoreReader& reader, store::DevNo dev_no, DeviceCase& out) {
    out.gaps.clear();
    for (const store::FindingRow& row : store::gap_findings(reader, dev_no)) {
        const bool broken = row.rule == "fork" || row.rule == "identity_conflict";
        out.gaps.push_back({row.first_at_ms, row.first_leaf, static_cast<std::int64_t>(row.count), broken,
                            row.open ? std::nullopt : std::optional{row.last_at_ms}});
    }
    std::ranges::sort(out.gaps, {}, &rules::SequenceGap::at_ms);
}

}  // namespace gantry::judging
