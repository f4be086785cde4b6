#include "server/judging/use_reader.hpp"

#include <algorithm>
#include <limits>
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
    std::unordered_set<std::uint64_t> events;                    // told again is not counted again
    std::unordered_map<std::uint64_t, std::uint8_t> age_bands;  // exam -> what its start says
};

void gather(const store::StoreReader::Leaf& leaf, const std::unordered_set<std::int64_t>& asked, Gathered& out) {
    if (leaf.row.type != LeafType::record) return;
    std::string inner;
    const auto record = record_inside(as_text(ByteView{leaf.bytes}), inner);
    if (!record) return;
    if (const auto age = age_of_exam(*record)) out.age_bands.emplace(age->exam, age->age_band);
    const std::int64_t at_ms = event_time_of(*record, leaf.row.recv_ms);
    if (!asked.contains(hour_of(at_ms))) return;
    const auto use = packed_use(*record, at_ms, leaf.row.idx);
    if (use && (use->event == 0 || out.events.insert(use->event).second)) out.uses.push_back(*use);
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

}  // namespace

std::vector<PackedUse> read_packed_uses(store::StoreReader& reader, store::DevNo dev_no,
                                       std::span<const store::HourRow> all, std::span<const std::int64_t> wanted) {
    const std::unordered_set<std::int64_t> asked(wanted.begin(), wanted.end());
    Gathered gathered;
    std::size_t looked_at = 0;
    // Each leaf leads to its device's leaf before it. Where the ranges of two hours overlap, the walk goes on from
    // where it stands: below `low` nothing was looked at yet.
    std::uint64_t low = std::numeric_limits<std::uint64_t>::max();
    std::optional<std::uint64_t> next;
    for (const HourCell* cell : cells_of(all, wanted)) {
        std::optional<std::uint64_t> at = cell->last_leaf >= low ? next : std::optional{cell->last_leaf};
        std::size_t before = 0;
        while (at && (*at >= cell->first_leaf || before++ < leaves_before) && looked_at++ < use_leaves_max) {
            const auto leaf = reader.leaf(*at);
            if (!leaf || leaf->row.dev_no != dev_no) return {};
            gather(*leaf, asked, gathered);
            low = *at;
            at = leaf->row.back ? std::optional{leaf->row.idx - *leaf->row.back} : std::nullopt;
            next = at;
        }
    }
    for (PackedUse& use : gathered.uses)
        if (const auto band = gathered.age_bands.find(use.exam); band != gathered.age_bands.end())
            use.age_band = band->second;
    std::ranges::sort(gathered.uses, {}, [](const PackedUse& use) { return std::pair{use.at_ms, use.leaf}; });
    return std::move(gathered.uses);
}

std::vector<rules::UseEvent> read_uses(store::StoreReader& reader, store::DevNo dev_no,
                                       std::span<const store::HourRow> all, std::span<const std::int64_t> wanted) {
    std::vector<rules::UseEvent> out;
    for (const PackedUse& use : read_packed_uses(reader, dev_no, all, wanted)) out.push_back(unpacked(use));
    return out;
}

}  // namespace gantry::judging
