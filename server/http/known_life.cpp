#include "server/http/known_life.hpp"

#include <algorithm>

#include "server/domain/leaf_json.hpp"
#include "server/domain/lifecycle_fold.hpp"
#include "server/store/read_moments.hpp"

namespace gantry::http {
namespace {

// Hours that nobody asks for.
class NoHours final : public HourCells {
public:
    HourCell* find(std::int64_t) override { return nullptr; }
    HourCell& change(std::int64_t) override {
        cell_ = {};
        return cell_;
    }

private:
    HourCell cell_;
};

}  // namespace

std::vector<store::IntervalRow> KnownLife::intervals(Lane lane, std::int64_t from_ms, std::int64_t to_ms) const {
    std::vector<store::IntervalRow> out;
    for (const auto& [place, row] : lanes_[static_cast<std::size_t>(lane)])
        if (row.from_ms < to_ms && (!row.to_ms || *row.to_ms > from_ms)) out.push_back(row);
    std::ranges::sort(out, {}, [](const store::IntervalRow& row) { return std::pair{row.from_ms, row.key}; });
    return out;
}

Standing KnownLife::standing(std::int64_t at_ms) const {
    if (at_ms >= fold_.life.base_ms) return standing_at(fold_.life, *table_, at_ms);
    // Before what is kept at hand only the state is known, by its lane.
    Standing out;
    const auto rows = intervals(Lane::lifecycle, at_ms, at_ms + 1);
    if (!rows.empty()) out.state = state_from(rows.back().state).value_or(State::none);
    return out;
}

void KnownLife::take(const LeafEvent& leaf) {
    NoHours hours;
    Effects effects;
    if (!apply(fold_, leaf, *table_, hours, effects)) return;  // a leaf of a newer version: not known here
    for (const IntervalChange& change : effects.intervals) {
        auto& lane = lanes_[static_cast<std::size_t>(change.lane)];
        const std::pair place{change.key, change.from_ms};
        if (change.remove)
            lane.erase(place);
        else
            lane[place] = {change.lane, change.key, change.from_ms, change.to_ms, change.state, change.leaf_index};
    }
}

KnownLife life_as_known(store::StoreReader& reader, store::DevNo dev_no, const LifecycleTable& table,
                        std::int64_t known_at_ms) {
    std::vector<std::uint64_t> places;
    for (const store::Moments which : {store::Moments::rare, store::Moments::frequent})
        store::each_moment(reader, dev_no, which, known_moments_max,
                           [&](const store::MomentRow& moment) { places.push_back(moment.leaf); });
    std::ranges::sort(places);
    KnownLife known{table};
    for (const std::uint64_t place : places) {
        const auto leaf = reader.leaf(place);
        if (!leaf || leaf->row.recv_ms > known_at_ms) continue;
        LeafEvent event;
        event.type = leaf->row.type;
        event.leaf_index = place;
        event.recv_ms = leaf->row.recv_ms;
        const std::string_view bytes = as_text(ByteView{leaf->bytes});
        if (event.type == LeafType::record) {
            if (leaf->row.dev_no != dev_no) {  // it waited for a person, and was not known to be this device's before
                const auto waiting = reader.unassigned_row(place);
                const auto by = waiting && waiting->assigned_by ? reader.leaf(*waiting->assigned_by) : std::nullopt;
                if (!by || by->row.recv_ms > known_at_ms) continue;
                event.assigned = true;
            }
            const auto record = parse_record(bytes);
            if (!record) continue;
            event.record = *record;
            known.take(event);
        } else {
            event.json = bytes;
            known.take(event);
        }
    }
    return known;
}

}  // namespace gantry::http
