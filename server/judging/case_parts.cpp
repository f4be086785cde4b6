#include "server/judging/case_parts.hpp"

#include <date/tz.h>

#include <algorithm>
#include <limits>

#include "common/io/log.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/domain/moment.hpp"
#include "server/domain/paper/paper_read.hpp"
#include "server/store/read_papers.hpp"

namespace gantry::judging {
namespace {

using rules::DeviceCase;

constexpr std::int64_t all_time_ms = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t gaps_max = 1000;

}  // namespace

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
    for (const store::IntervalRow& row : reader.intervals(dev_no, Lane::lifecycle, 0, all_time_ms))
        out.states.push_back({row.from_ms, row.to_ms.value_or(paper::forever_ms),
                              state_from(row.state).value_or(State::none), row.leaf});
}

void add_moment(const store::StoreReader::Leaf& leaf, std::int64_t at_ms, DeviceCase& out) {
    const std::string_view bytes = as_text(ByteView{leaf.bytes});
    if (leaf.row.type == LeafType::record) {
        std::string inner;
        if (const auto record = record_inside(bytes, inner))
            out.moments.push_back({at_ms, leaf.row.idx, std::string{record->type}, std::string{record->body}});
    } else if (leaf.row.type == LeafType::declaration) {
        auto read = parse_declaration_leaf(bytes);
        if (!read || read->declared.paper) return;
        Declaration& d = read->declared;
        out.declared.push_back({at_ms, leaf.row.recv_ms, leaf.row.idx, std::move(d.event), d.role, std::move(d.data),
                                std::move(d.evidence)});
    }
}

void read_gaps(store::StoreReader& reader, store::DevNo dev_no, DeviceCase& out) {
    for (const store::FindingRow& row : reader.findings(dev_no, false, gaps_max)) {
        const bool lost = row.rule == "records_lost" || row.rule == "poisoned";
        const bool broken = row.rule == "fork" || row.rule == "identity_conflict";
        if (!lost && !broken && row.rule != "gap_open") continue;
        out.gaps.push_back({row.first_at_ms, row.first_leaf, static_cast<std::int64_t>(row.count), broken,
                            row.open ? std::nullopt : std::optional{row.last_at_ms}});
    }
    std::ranges::sort(out.gaps, {}, &rules::SequenceGap::at_ms);
}

std::vector<store::PaperRow> read_papers(store::StoreReader& reader, const paper::DeviceIdentity& identity,
                                         DeviceCase& out) {
    std::vector<paper::Paper> papers;
    auto rows = store::papers_of_device(reader, out.device, out.org, out.site);
    for (const store::PaperRow& row : rows) {
        auto read = paper::read_paper({row.id, row.leaf, row.recv_ms}, row.kind, row.body);
        if (read)
            papers.push_back(std::move(*read));
        else
            log::warn("judging: paper not read", {{"kind", row.kind}, {"id", row.id}, {"error", read.error().message}});
    }
    out.papers = paper::papers_for(identity, papers);
    return rows;
}

}  // namespace gantry::judging
