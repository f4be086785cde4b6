#include "server/ingest/projection.hpp"

#include <stdexcept>

#include "server/domain/finding/finding_life.hpp"
#include "server/domain/moment.hpp"
#include "server/ingest/findings.hpp"

namespace gantry::ingest {
namespace {

std::optional<EpochId> epoch_of(const FactLeaf& fact) {
    const auto found = fact.more.find("epoch");
    const auto* text = found == fact.more.end() ? nullptr : std::get_if<std::string>(&found->second);
    if (!text) return std::nullopt;
    const auto id = epoch_from_hex(*text);
    return id ? std::optional{*id} : std::nullopt;
}

}  // namespace

void Projection::load() {
    devices_.clear();
    redrawn_.clear();
    by_id_.clear();
    dirty_.clear();
    tiles_.clear();
    hours_.clear();
    last_epoch_no_ = 0;
    frontier_ = {};
    last_recv_ms_ = 0;
    tables_.load(store_);
    if (const auto state = store_.log_state()) {
        frontier_ = merkle::Frontier::parse(state->frontier).value();
        last_recv_ms_ = state->last_recv_ms;
    }
    store_.each_device([&](store::DeviceRow row) {
        if (row.dev_no != devices_.size() + 1) throw std::runtime_error{"store: device numbers have a hole"};
        auto entry = entry_of_fact(parse_fact_leaf(row.entry).value()).value();
        by_id_.emplace(row.id, row.dev_no);
        devices_.push_back(std::make_unique<Device>(row.dev_no, std::move(entry)));
    });
    store_.each_fold([&](const store::FoldRow& row) {
        Device& device = at(row.dev_no);
        device.last_leaf = row.last_leaf;
        device.fold = parse_device_fold(row.fold).value();
    });
    store_.each_epoch([&](const store::EpochRow& row) {
        Device& device = at(row.dev_no);
        device.ledger.add(admission::parse_epoch_ledger(row.epoch, row.high, row.head, row.ledger).value());
        device.epochs[row.epoch] = {row.epoch_no, row.last_leaf, false};
        last_epoch_no_ = std::max(last_epoch_no_, row.epoch_no);
    });
}

Device* Projection::find(std::string_view id) {
    const auto found = by_id_.find(std::string{id});
    return found == by_id_.end() ? nullptr : &at(found->second);
}

void Projection::mark(Device& device) {
    if (device.dirty) return;
    device.dirty = true;
    dirty_.push_back(&device);
}

EpochPlace* Projection::place(Device& device, const EpochId& epoch) {
    const auto found = device.epochs.find(epoch);
    return found == device.epochs.end() ? nullptr : &found->second;
}

EpochPlace& Projection::make_place(Device& device, const EpochId& epoch) {
    const auto [at, added] = device.epochs.try_emplace(epoch);
    if (added) at->second.no = ++last_epoch_no_;
    return at->second;
}

void Projection::touch(Device& device, const EpochId& epoch) {
    EpochPlace* known = place(device, epoch);
    if (!known || known->dirty) return;
    known->dirty = true;
    device.dirty_epochs.push_back(epoch);
    mark(device);
}

std::uint64_t Projection::append(store::LeafRow leaf, const Hash& hash, Device* device) {
    leaf.idx = frontier_.size();
    if (device) {
        leaf.dev_no = device->no;
        if (device->last_leaf) leaf.back = leaf.idx - *device->last_leaf;
        device->last_leaf = leaf.idx;
        mark(*device);
    }
    log_.append(leaf);
    frontier_.append(hash, tiles_);
    last_recv_ms_ = leaf.recv_ms;
    return leaf.idx;
}

std::uint64_t Projection::add_record(Device& device, const EpochId& epoch, std::uint64_t seq, ByteView bytes,
                                     const RecordView& record, std::int64_t recv_ms, const UseBody* use) {
    const bool original_stored = record.type == "rehomed" && original_is_stored(device, record);
    EpochPlace& at = make_place(device, epoch);
    const Hash hash = record_leaf_hash(recv_ms, device.entry.id, epoch, seq, bytes);
    const std::uint64_t idx = append(
        {.recv_ms = recv_ms, .epoch_no = at.no, .seq = seq, .back = std::nullopt, .bytes = bytes}, hash, &device);
    at.last_leaf = idx;
    touch(device, epoch);
    // What the pseudo-device's own agent says of itself belongs to nobody else.
    if (device.pseudo && record.src != Source::agent) store_.add_unassigned(idx);
    LeafEvent event{.leaf_index = idx, .recv_ms = recv_ms, .record = record, .use = use, .json = {}};
    event.original_stored = original_stored;
    fold(device, event);
    return idx;
}

void Projection::fold(Device& device, const LeafEvent& event) {
    effects_.clear();
    DeviceHours hours{hours_, device.no};
    const bool may_redraw = event.type == LeafType::declaration || event.record.type == "part.replaced";
    LifecycleFold before;
    if (may_redraw) before = device.fold.life;
    if (auto done = apply(device.fold, event, table_of(device), hours, effects_); !done)
        throw std::runtime_error{"fold: " + done.error().message};
    if (auto moment = moment_of(event))
        store_.add_moment(device.no, {moment->at_ms, event.leaf_index, std::move(moment->type)});
    if (may_redraw && effects_.redrawn_from_ms != std::numeric_limits<std::int64_t>::max())
        redrawn_.push_back({device.no, std::move(before), effects_.redrawn_from_ms});
    mark(device);
    write_effects(device, event.recv_ms);
}

void Projection::write_effects(Device& device, std::int64_t recv_ms) {
    for (const IntervalChange& change : effects_.intervals) store_.put_interval(device.no, change);
    for (const FindingCandidate& found : effects_.findings) store_.add_finding(finding_row(device.no, found, recv_ms));
}

std::uint64_t Projection::add_fact(const FactLeaf& fact, std::int64_t recv_ms) {
    return add_json(LeafType::fact, fact_leaf_json(fact), recv_ms).value();
}

std::uint64_t Projection::add_declaration(const DeclarationLeaf& leaf, std::int64_t recv_ms) {
    return add_json(LeafType::declaration, declaration_leaf_json(leaf), recv_ms).value();
}

Result<std::uint64_t> Projection::add_json(LeafType type, std::string_view json, std::int64_t recv_ms) {
    std::optional<FactLeaf> fact;
    std::optional<Assignment> assignment;
    std::optional<Declaration> filed;
    std::optional<Declaration> step;
    std::string subject;
    if (type == LeafType::fact) {
        auto parsed = parse_fact_leaf(json);
        if (!parsed) return parsed.error();
        subject = parsed->subject;
        fact = std::move(*parsed);
    } else {
        auto parsed = parse_declaration_leaf(json);
        if (!parsed) return parsed.error();
        subject = parsed->declared.subject;
        assignment = assignment_of(parsed->declared);
        if (finding::step_of(parsed->declared)) step = parsed->declared;
        if (parsed->declared.paper) filed = std::move(parsed->declared);
    }
    Device* device = find(subject);
    if (fact && fact->fact == facts::registered) device = &register_device(*fact, frontier_.size(), json);

    const Hash hash = leaf_hash(json_leaf(type, recv_ms, json));
    const std::uint64_t idx =
        append({.type = type, .recv_ms = recv_ms, .back = std::nullopt, .bytes = as_bytes(json)}, hash, device);
    if (fact) learn_of_fact(*fact, idx, recv_ms, device);
    if (step && device) store_step_of_finding(store_, device->no, *step, idx, recv_ms);
    if (device) fold(*device, {.type = type, .leaf_index = idx, .recv_ms = recv_ms, .record = {}, .json = json});
    if (assignment) assign(*assignment, idx);
    if (filed) file_paper(*filed, idx, recv_ms);
    return idx;
}

void Projection::file_paper(const Declaration& declared, std::uint64_t idx, std::int64_t recv_ms) {
    const paper::PaperFiling& filing = *declared.paper;
    store_.put_paper({.leaf = idx,
                      .kind = filing.kind,
                      .id = filing.id,
                      .recv_ms = recv_ms,
                      .actor = declared.actor,
                      .role = std::string{name(declared.role)},
                      .reason = declared.reason,
                      .body = filing.body},
                     paper::subjects_of(filing).value());
}

Device& Projection::register_device(const FactLeaf& fact, std::uint64_t idx, std::string_view json) {
    auto entry = entry_of_fact(fact);
    if (!entry) throw std::runtime_error{"register: " + entry.error().message};
    Device* device = find(entry->id.text());
    if (device) {
        device->entry = std::move(*entry);
    } else {
        const auto no = static_cast<store::DevNo>(devices_.size() + 1);
        by_id_.emplace(entry->id.text(), no);
        device = devices_.emplace_back(std::make_unique<Device>(no, std::move(*entry))).get();
    }
    store_.put_device({device->no, device->entry.id.text(), idx, std::string{json}});
    return *device;
}

void Projection::learn_of_fact(const FactLeaf& fact, std::uint64_t idx, std::int64_t recv_ms, Device* device) {
    if (fact.fact == lifecycle_in_force) tables_.put_in_force(store_, fact).value();
    write_findings_of_fact(store_, device ? device->no : 0, fact, idx, recv_ms);
    const auto epoch = epoch_of(fact);
    if (!device || !epoch) return;
    if (fact.fact == facts::records_lost || fact.fact == facts::poisoned) {
        make_place(*device, *epoch).last_leaf = idx;
        touch(*device, *epoch);
    }
}

void Projection::assign(const Assignment& assignment, std::uint64_t by) {
    Device* target = find(assignment.device);
    Bytes bytes;
    const auto leaf = log_.leaf(assignment.log_index, bytes);
    if (!target || !leaf) throw std::runtime_error{"assignment: names no device or no record"};
    const auto record = parse_record(as_text(bytes)).value();
    store_.assign(assignment.log_index, target->no, by);
    LeafEvent event{.leaf_index = leaf->idx, .recv_ms = leaf->recv_ms, .record = record, .json = {}};
    event.assigned = true;
    fold(*target, event);
}

void Projection::flush() {
    redrawn_.clear();  // in a rebuild nobody asks: the log holds what was found
    for (Device* device : dirty_) {
        if (device->last_leaf) store_.put_fold(device->no, *device->last_leaf, serialize(device->fold));
        for (const EpochId& id : device->dirty_epochs) {
            EpochPlace& at = *place(*device, id);
            const admission::EpochLedger& epoch = *device->ledger.find(id);
            store_.put_epoch(
                {at.no, device->no, id, epoch.high, epoch.head, at.last_leaf, admission::serialize(epoch)});
            at.dirty = false;
        }
        device->dirty_epochs.clear();
        device->dirty = false;
    }
    dirty_.clear();
    hours_.flush();
    for (const merkle::TileHash& tile : tiles_) store_.put_tile(tile);
    tiles_.clear();
    store_.put_log_state({frontier_.size(), last_recv_ms_, frontier_.serialize()});
}

}  // namespace gantry::ingest
