#include "common/core/crypto.hpp"
#include "server/ingest/findings.hpp"
#include "server/ingest/limits.hpp"
#include "server/ingest/writer.hpp"

// What the writer does with the messages of devices.
namespace gantry::ingest {

void Writer::process(VerifiedItem& item) {
    Device& device = projection_.at(item.dev_no);
    if (const auto* frame = std::get_if<VerifiedFrame>(&item.what))
        process_frame(device, item, *frame);
    else if (const auto* message = std::get_if<UpMessage>(&item.what))
        process_message(device, item, *message);
    else
        process_rejected(device, item, std::get<Rejected>(item.what));
}

void Writer::process_frame(Device& device, VerifiedItem& item, const VerifiedFrame& frame) {
    const admission::Outcome outcome = admission::admit(device.ledger, frame, batch_ms_);
    carry_out(device, outcome, &item, &frame);
    metrics_.records_duplicate += outcome.duplicates;
    if (!frame.refusal.empty() && outcome.refusal)
        process_rejected(device, item, {frame.refusal, frame.detail, std::nullopt, 0, {}});
    // The signature covers the chain up to the frame's last entry: it is evidence once all of them are stored.
    const admission::EpochLedger* epoch = device.ledger.find(frame.frame.epoch);
    if (epoch && !outcome.effects.empty() && epoch->high == frame.frame.last() && epoch->head == frame.frame.head)
        batch_heads_[{device.no, frame.frame.epoch}] = {projection_.place(device, frame.frame.epoch)->last_leaf,
                                                        frame.frame.head, frame.frame.signature};
}

void Writer::process_message(Device& device, VerifiedItem& item, const UpMessage& message) {
    const admission::HeadAt head_at = [&](const EpochId& epoch, std::uint64_t seq) {
        return projection_.head_at(device, epoch, seq);
    };
    if (const auto* hello = std::get_if<Hello>(&message)) {
        const admission::HelloOutcome outcome = admission::admit(device.ledger, *hello, head_at);
        carry_out(device, outcome, &item, nullptr);
        note_seen(device, item, hello->t_ms, nullptr);
        batch_states_.emplace_back(device.no, StateReply{.nonce = hello->nonce,
                                                         .boot = options_.boot,
                                                         .gen = options_.gen,
                                                         .t_received_ms = item.received_ms,
                                                         .t_sent_ms = 0,
                                                         .epochs = outcome.epochs});
    } else if (const auto* lost = std::get_if<Lost>(&message)) {
        carry_out(device, admission::admit(device.ledger, *lost, batch_ms_), &item, nullptr);
    } else if (const auto* contradiction = std::get_if<Contradiction>(&message)) {
        carry_out(device, admission::admit(device.ledger, *contradiction, head_at), &item, nullptr);
    } else {
        const Beat& beat = std::get<Beat>(message);
        note_seen(device, item, beat.t_ms, &beat);
    }
}

void Writer::process_rejected(Device& device, const VerifiedItem& item, const Rejected& rejected) {
    store_.add_quarantine({.recv_ms = batch_ms_,
                           .dev = device.entry.id.text(),
                           .reason = rejected.reason,
                           .detail = rejected.detail,
                           .sha256 = sha256(item.payload),
                           .size = item.payload.size()});
    wrote_ = true;
    if (rejected.epoch && !rejected.code.empty())
        batch_refusals_.emplace_back(device.no, Refusal{options_.boot, *rejected.epoch, rejected.seq, rejected.code});
}

// Does what admission decided. `frame` gives the records that its effects name.
void Writer::carry_out(Device& device, const admission::Outcome& outcome, const VerifiedItem* item,
                       const VerifiedFrame* frame) {
    for (const admission::Effect& effect : outcome.effects) {
        if (const auto* stored = std::get_if<admission::StoreRecord>(&effect)) {
            const FrameEntry& entry = frame->frame.entries[stored->entry];
            const RecordView& record = frame->records[stored->entry];
            const UseBody* use = is_use(record.type) ? &frame->uses[stored->entry] : nullptr;
            const std::uint64_t idx = projection_.add_record(
                device, frame->frame.epoch, frame->frame.first + stored->entry, entry.bytes, record, batch_ms_, use);
            ++records_;
            note(idx, LeafType::record, &device, record.type, record.at_ms ? *record.at_ms : record.t_ms);
        } else {
            const auto& fact = std::get<FactLeaf>(effect);
            note(projection_.add_fact(fact, batch_ms_), LeafType::fact, &device, fact.fact, std::nullopt);
        }
    }
    for (const EpochId& epoch : outcome.touched) projection_.touch(device, epoch);
    // A record may be a branch's voice in a fork that another epoch carries.
    if (!outcome.effects.empty())
        for (const EpochId& epoch : device.ledger.open_forks()) projection_.touch(device, epoch);
    if (outcome.conflict && item) {
        const admission::Conflict& conflict = *outcome.conflict;
        store_.add_conflict({batch_ms_, device.no, conflict.epoch, conflict.form, conflict.seq, conflict.ours,
                             conflict.theirs, item->payload});
        wrote_ = true;
    }
    if (outcome.receipt) batch_receipts_[{device.no, outcome.receipt->epoch}] = *outcome.receipt;
    if (outcome.refusal) {
        if (outcome.refusal->code == "conflict") metrics_.refused(RefusedFrame::conflict);
        batch_refusals_.emplace_back(
            device.no, Refusal{options_.boot, outcome.refusal->epoch, outcome.refusal->seq, outcome.refusal->code});
    }
}

// A sign of life, and how far the device's clock is off: by its last message, transit time not taken off.
void Writer::note_seen(Device& device, const VerifiedItem& item, std::int64_t device_clock_ms, const Beat* beat) {
    if (seen_.empty()) seen_since_ = std::chrono::steady_clock::now();
    store::SeenRow& row = seen_[device.no];
    row.dev_no = device.no;
    row.seen_ms = item.received_ms;
    const std::int64_t offset = device_clock_ms - item.received_ms;
    row.clock_offset_ms = offset;
    if (beat) {
        row.pending = beat->pending;
        row.version = beat->version;
    }
    batch_alive_.insert(&device);
    const bool off = offset > clock_offset_finding_ms || offset < -clock_offset_finding_ms;
    if (off && clock_told_.insert(device.no).second)
        projection_.add_fact({std::string{clock_offset}, device.entry.id.text(), {{"offset_ms", offset}}}, batch_ms_);
    else if (!off && clock_told_.erase(device.no) != 0)
        projection_.add_fact({std::string{clock_right}, device.entry.id.text(), {{"offset_ms", offset}}}, batch_ms_);
}

// Only the last ones of a batch are told; older ones give way.
void Writer::note(std::uint64_t idx, LeafType kind, const Device* device, std::string_view type,
                  std::optional<std::int64_t> at_ms) {
    if (!options_.on_commit) return;
    if (batch_notes_.size() < live_notes_max) {
        batch_notes_.push_back({idx, kind, device, std::string{type}, at_ms});
        return;
    }
    Note& slot = batch_notes_[batch_notes_at_];
    batch_notes_at_ = (batch_notes_at_ + 1) % live_notes_max;
    slot.idx = idx;
    slot.kind = kind;
    slot.device = device;
    slot.type.assign(type);
    slot.at_ms = at_ms;
}

}  // namespace gantry::ingest
