#include "server/domain/fold.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/core/json.hpp"
#include "server/domain/fold_steps.hpp"
#include "server/domain/leaf_json.hpp"

namespace gantry {
namespace fold {

std::int64_t event_time(const RecordHead& record, std::int64_t recv_ms) {
    return std::min(record.at_ms.value_or(record.t_ms), recv_ms + ahead_believed_ms);
}

namespace {

std::string decode_base64(std::string_view text) {
    const auto bytes = base64_decode(text);
    return bytes ? std::string{as_text(*bytes)} : std::string{};
}

void fold_record(Step& step, const RecordView& record, int depth);

void fold_rehomed(Step& step, const RecordView& record, int depth) {
    if (step.leaf.original_stored || depth == rehomed_depth_max) return;
    const std::string inner = decode_base64(BodyFields{record.body}.text("bytes"));
    if (const auto parsed = parse_record(inner)) fold_record(step, *parsed, depth + 1);
}

void fold_record(Step& step, const RecordView& record, int depth) {
    if (record.type == "rehomed") return fold_rehomed(step, record, depth);
    const std::int64_t at_ms = event_time(record, step.leaf.recv_ms);
    step.device.last_at_ms = std::max(step.device.last_at_ms, at_ms);
    report(step, presence_contradicts(step.device.life, step.table, at_ms));
    if (is_use(record.type)) return fold_use(step, record, at_ms);
    fold_observed(step, record, at_ms);
}

void sign_of_life(Step& step) {
    DeviceFold& device = step.device;
    if (step.leaf.assigned) return;  // it came to another identity, under an older leaf
    device.last_leaf = step.leaf.leaf_index;
    ++device.records;
    device.last_recv_ms = std::max(device.last_recv_ms, step.leaf.recv_ms);
    const RecordView& record = step.leaf.record;
    const bool ahead = record.at_ms.value_or(record.t_ms) > step.leaf.recv_ms + ahead_believed_ms;
    device.clock_bad = ahead || record.clk == ClockState::unsync;
}

Result<void> fold_declaration(Step& step) {
    auto leaf = parse_declaration_leaf(step.leaf.json);
    if (!leaf) return leaf.error();
    Declaration& declared = leaf->declared;
    declared.recv_ms = step.leaf.recv_ms;
    step.device.last_leaf = step.leaf.leaf_index;
    if (leaf->table.empty()) return {};  // about records, not about the life
    LifecycleFold& life = step.device.life;
    step.effects.declared = true;
    const std::vector<FlagSpan> flags_before = life.flag_spans;
    if (declared.event == countersigned_event) {
        apply_countersignature(life, declared);
    } else if (declared.event == correction_event) {
        redraw(step, apply_correction(life, step.table, declared));
    } else {
        LifeEvent event = life_event_of(declared);
        event.leaf = step.leaf.leaf_index;
        event.from = leaf->from;
        event.to = leaf->to;
        for (const Role role : leaf->countersign) event.owes = static_cast<std::uint16_t>(event.owes | role_bit(role));
        redraw(step, apply_declared(life, step.table, std::move(event)));
    }
    // A flag that was raised or taken back changes what was allowed, too.
    const auto part = [&](const std::vector<FlagSpan>& some, const std::vector<FlagSpan>& others) {
        for (const FlagSpan& span : some)
            if (std::ranges::find(others, span) == others.end() && span.from_ms >= life.flags_known_ms)
                step.effects.redrawn_from_ms = std::min(step.effects.redrawn_from_ms, span.from_ms);
    };
    part(flags_before, life.flag_spans);
    part(life.flag_spans, flags_before);
    return {};
}

Result<void> fold_fact(Step& step) {
    const auto leaf = parse_fact_leaf(step.leaf.json);
    if (!leaf) return leaf.error();
    DeviceFold& device = step.device;
    device.last_leaf = step.leaf.leaf_index;
    const auto number = [&](std::string_view key) {
        const auto found = leaf->more.find(key);
        const auto* value = found == leaf->more.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
        return value ? *value : 0;
    };
    if (leaf->fact == facts::records_lost) {
        const std::int64_t count = number("to") - number("from") + 1;
        if (count > 0) device.missing_records += static_cast<std::uint64_t>(count);
    } else if (leaf->fact == facts::poisoned) {
        ++device.missing_records;
    } else if (leaf->fact == facts::identity_conflict || leaf->fact == facts::host_changed ||
               leaf->fact == facts::rollback) {
        device.identity_alarm = true;
    } else if (leaf->fact == facts::identity_resolved) {
        device.identity_alarm = false;
    }
    return {};
}

void add_hours(TouchedHours& out, const RecordView& record, std::int64_t recv_ms, int depth) {
    const auto add = [&](std::int64_t hour) { out.hours[out.count++] = hour; };
    if (record.type == "rehomed" && depth < rehomed_depth_max) {
        const std::string inner = decode_base64(BodyFields{record.body}.text("bytes"));
        if (const auto parsed = parse_record(inner)) add_hours(out, *parsed, recv_ms, depth + 1);
        return;
    }
    const std::int64_t hour = hour_of(event_time(record, recv_ms));
    if (is_use(record.type)) {
        add(hour - ms_per_hour);  // an exam that began there is not counted again
        add(hour);
        add(hour + ms_per_hour);
    } else if (record.type == "fault.raised") {
        add(hour);
    } else if (record.type == "coverage") {
        if (const auto covered = BodyFields{record.body}.integer("hour")) add(hour_of(*covered));
    }
}

}  // namespace

void redraw(Step& step, const std::vector<StepChange>& changes) {
    for (const StepChange& change : changes) {
        step.effects.intervals.push_back({Lane::lifecycle,
                                          {},
                                          std::string{name(change.step.state)},
                                          change.step.from_ms,
                                          change.to_ms,
                                          change.step.leaf_index,
                                          change.remove});
        step.effects.redrawn_from_ms = std::min(step.effects.redrawn_from_ms, change.step.from_ms);
    }
}

}  // namespace fold

TouchedHours touched_hours(const LeafEvent& leaf) {
    TouchedHours out;
    if (leaf.type == LeafType::record) fold::add_hours(out, leaf.record, leaf.recv_ms, 0);
    return out;
}

Result<RehomedOrigin> rehomed_origin(std::string_view body) {
    const BodyFields fields{body};
    const auto epoch = epoch_from_hex(fields.text("epoch"));
    const auto seq = fields.integer("seq");
    auto bytes = base64_decode(fields.text("bytes"));
    if (!epoch || !seq || *seq < 1 || !bytes)
        return Error{Errc::malformed, "rehomed: want epoch, seq and the record's bytes in base64"};
    return RehomedOrigin{*epoch, static_cast<std::uint64_t>(*seq), std::string{as_text(*bytes)}};
}

Result<void> apply(DeviceFold& device, const LeafEvent& leaf, const LifecycleTable& table, HourCells& hours,
                   Effects& effects) {
    fold::Step step{device, leaf, table, hours, effects};
    switch (leaf.type) {
        case LeafType::record:
            fold::sign_of_life(step);
            fold::fold_record(step, leaf.record, 0);
            return {};
        case LeafType::declaration:
            return fold::fold_declaration(step);
        case LeafType::fact:
            return fold::fold_fact(step);
    }
    return Error{Errc::malformed,
                 fmt::format("leaf {}: unknown type {}", leaf.leaf_index, static_cast<int>(leaf.type))};
}

}  // namespace gantry
