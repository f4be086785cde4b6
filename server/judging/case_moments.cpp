#include "server/judging/case_moments.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "server/domain/leaf_json.hpp"
#include "server/domain/moment.hpp"
#include "server/domain/record_body.hpp"
#include "server/domain/rules/span.hpp"

namespace gantry::judging {
namespace {

constexpr std::array<std::string_view, 5> figures{"scan_ms", "mas", "exams", "rotations", "arcs"};

// Whether the later of two counters of a tube says more than that time went by.
bool tells_change(const BodyFields& before, const BodyFields& now) {
    if (before.text("tube_serial") != now.text("tube_serial")) return true;
    return std::ranges::any_of(figures, [&](std::string_view figure) {
        const auto was = before.integer(figure), is = now.integer(figure);
        return was.has_value() != is.has_value() || (was && is && *is < *was);
    });
}

}  // namespace

MomentTaker::Taken MomentTaker::take_counter(rules::Moment moment, rules::DeviceCase& out) {
    const BodyFields now{moment.body};
    const auto [place, fresh] = tubes_.try_emplace(std::string{now.text("tube_id")});
    Tube& tube = place->second;
    if (!fresh && moment.at_ms < tube.last.at_ms) return Taken::out_of_order;
    const bool changed = !fresh && tells_change(BodyFields{tube.last.body}, now);
    if (changed && !tube.kept) out.moments.push_back(tube.last);
    tube.kept = fresh || changed || rules::day_of(moment.at_ms) != rules::day_of(tube.last.at_ms);
    if (tube.kept) out.moments.push_back(moment);
    tube.last = std::move(moment);
    return Taken::yes;
}

MomentTaker::Taken MomentTaker::take_record(const store::StoreReader::Leaf& leaf, std::int64_t at_ms,
                                            rules::DeviceCase& out) {
    std::string inner;
    const auto record = record_inside(as_text(ByteView{leaf.bytes}), inner);
    if (!record) return Taken::no;
    if (record->type == "env") {
        const BodyFields body{record->body};
        out.climate.push_back({at_ms, body.integer("oil_mc"), body.integer("anode_mc")});
        return Taken::yes;
    }
    rules::Moment moment{at_ms, leaf.row.idx, std::string{record->type}, std::string{record->body}};
    if (record->type == "counter") return take_counter(std::move(moment), out);
    out.moments.push_back(std::move(moment));
    return Taken::yes;
}

MomentTaker::Taken MomentTaker::take(const store::StoreReader::Leaf& leaf, std::int64_t at_ms, rules::DeviceCase& out) {
    if (leaf.row.type == LeafType::record) return take_record(leaf, at_ms, out);
    if (leaf.row.type == LeafType::fact) {
        const auto fact = parse_fact_leaf(as_text(ByteView{leaf.bytes}));
        if (!fact || fact->fact != facts::registered) return Taken::no;
        out.registered_ms = out.registered_ms == 0 ? at_ms : std::min(out.registered_ms, at_ms);
        return Taken::yes;
    }
    auto read = parse_declaration_leaf(as_text(ByteView{leaf.bytes}));
    if (!read || read->declared.paper) return Taken::no;
    Declaration& d = read->declared;
    out.declared.push_back(
        {at_ms, leaf.row.recv_ms, leaf.row.idx, std::move(d.event), d.role, std::move(d.data), std::move(d.evidence)});
    return Taken::yes;
}

void MomentTaker::settle(rules::DeviceCase& out) {
    const auto by_time = [](const auto& a, const auto& b) {
        return std::pair{a.at_ms, a.leaf} < std::pair{b.at_ms, b.leaf};
    };
    if (!std::ranges::is_sorted(out.moments, by_time)) std::ranges::sort(out.moments, by_time);
    if (!std::ranges::is_sorted(out.declared, by_time)) std::ranges::sort(out.declared, by_time);
    if (!std::ranges::is_sorted(out.climate, {}, &rules::Climate::at_ms))
        std::ranges::stable_sort(out.climate, {}, &rules::Climate::at_ms);
}

}  // namespace gantry::judging
