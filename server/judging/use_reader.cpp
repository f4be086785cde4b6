#include "server/judging/use_reader.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "server/domain/moment.hpp"

namespace gantry::judging {
namespace {

// The start of an exam, which tells the age band, stands so many leaves before its first exposure at most.
constexpr std::size_t leaves_before = 32;

// What the exposures of one walk need of each other.
struct Gathered {
    std::vector<PackedUse> uses;
    std::unordered_map<std::uint64_t, std::size_t> events;      // where each stands: told again is not counted again
    std::unordered_map<std::uint64_t, std::uint8_t> age_bands;  // exam -> what its start says
    std::unordered_map<std::uint64_t, std::int64_t> starts;     // exam -> earliest start
    std::unordered_map<std::uint64_t, std::int64_t> ends;       // exam -> latest end
};

void gather_edge(const ExamEdge& edge, std::int64_t at_ms, Gathered& out) {
    if (edge.begins) {
        if (edge.age_band != 0) out.age_bands.emplace(edge.exam, edge.age_band);
        const auto [start, fresh] = out.starts.try_emplace(edge.exam, at_ms);
        if (!fresh) start->second = std::min(start->second, at_ms);
        return;
    }
    const auto [end, fresh] = out.ends.try_emplace(edge.exam, at_ms);
    if (!fresh) end->second = std::max(end->second, at_ms);
    // A start that lies before what was read follows from the length.
    if (edge.duration_ms) out.starts.try_emplace(edge.exam, at_ms - *edge.duration_ms);
}

void gather(const store::StoreReader::Leaf& leaf, const std::unordered_set<std::int64_t>& asked, Gathered& out) {
    if (leaf.row.type != LeafType::record) return;
    std::string inner;
    const auto record = record_inside(as_text(ByteView{leaf.bytes}), inner);
    if (!record || !is_use(record->type)) return;
    const std::int64_t at_ms = event_time_of(*record, leaf.row.recv_ms);
    if (const auto edge = exam_edge(*record)) return gather_edge(*edge, at_ms, out);
    if (!asked.contains(hour_of(at_ms))) return;
    const auto use = packed_use(*record, at_ms, leaf.row.idx);
    if (!use) return;
    const auto [place, fresh] = out.events.try_emplace(use->event, out.uses.size());
    if (fresh || use->event == 0)
        out.uses.push_back(*use);
    else
        out.uses[place->second] = *use;  // the walk goes back: what was told first stands
}

// The wanted hours that have exposures, the one that reaches furthest in the log first.
std::vector<const HourCell*> cells_of(std::span<const store::HourRow> all, std::span<const std::int64_t> wanted) {
    std::vector<const HourCell*> out;
    for (const std::int64_t hour_ms : wanted) {
        const auto found = std::ranges::lower_bound(all, hour_ms, {}, &store::HourRow::hour_ms);
        if (found != all.end() && found->hour_ms == hour_ms && found->cell.last_leaf != 0) out.push_back(&found->cell);
    }
    std::ranges::sort(out, std::ranges::greater{}, &HourCell::last_leaf);
    return out;
}

// The walk from leaf to leaf of the device, newest first. False: there were more leaves than allowed, or it went
// astray, and then nothing is gathered.
bool walk(store::StoreReader& reader, store::DevNo dev_no, std::span<const store::HourRow> all,
          std::span<const std::int64_t> wanted, std::size_t leaves_most, Gathered& out) {
    const std::unordered_set<std::int64_t> asked(wanted.begin(), wanted.end());
    std::size_t looked_at = 0;
    // Each leaf leads to its device's leaf before it. Where the ranges of two hours overlap, the walk goes on from
    // where it stands: below `low` nothing was looked at yet.
    std::uint64_t low = std::numeric_limits<std::uint64_t>::max();
    std::optional<std::uint64_t> next;
    for (const HourCell* cell : cells_of(all, wanted)) {
        std::optional<std::uint64_t> at = cell->last_leaf >= low ? next : std::optional{cell->last_leaf};
        std::size_t before = 0;
        while (at && (*at >= cell->first_leaf || before++ < leaves_before)) {
            if (looked_at++ >= leaves_most) return false;
            const auto leaf = reader.leaf(*at);
            if (!leaf || leaf->row.dev_no != dev_no) {
                out = {};
                return false;
            }
            gather(*leaf, asked, out);
            low = *at;
            at = leaf->row.back ? std::optional{leaf->row.idx - *leaf->row.back} : std::nullopt;
            next = at;
        }
    }
    return true;
}

void settle_uses(Gathered& gathered) {
    for (PackedUse& use : gathered.uses)
        if (const auto band = gathered.age_bands.find(use.exam); band != gathered.age_bands.end())
            use.age_band = band->second;
    std::ranges::sort(gathered.uses, {}, [](const PackedUse& use) { return std::pair{use.at_ms, use.leaf}; });
}

}  // namespace

std::vector<PackedUse> read_packed_uses(store::StoreReader& reader, store::DevNo dev_no,
                                        std::span<const store::HourRow> all, std::span<const std::int64_t> wanted) {
    Gathered gathered;
    walk(reader, dev_no, all, wanted, use_leaves_max, gathered);
    settle_uses(gathered);
    return std::move(gathered.uses);
}

std::vector<rules::UseEvent> read_uses(store::StoreReader& reader, store::DevNo dev_no,
                                       std::span<const store::HourRow> all, std::span<const std::int64_t> wanted) {
    std::vector<rules::UseEvent> out;
    for (const PackedUse& use : read_packed_uses(reader, dev_no, all, wanted)) out.push_back(unpacked(use));
    return out;
}

SingleEvents read_events(store::StoreReader& reader, store::DevNo dev_no, std::span<const store::HourRow> all,
                         std::span<const std::int64_t> wanted, std::size_t leaves_most) {
    Gathered gathered;
    SingleEvents out;
    out.complete = walk(reader, dev_no, all, wanted, leaves_most, gathered);
    settle_uses(gathered);
    for (const auto& [exam, start] : gathered.starts)
        if (const auto end = gathered.ends.find(exam); end != gathered.ends.end() && start <= end->second)
            out.exams.push_back({start, end->second, exam});
    std::ranges::sort(out.exams, {}, [](const rules::ExamSpan& exam) {
        return std::tuple{exam.from_ms, exam.to_ms, exam.exam};
    });
    for (const PackedUse& use : gathered.uses) out.uses.push_back(unpacked(use));
    return out;
}

}  // namespace gantry::judging
