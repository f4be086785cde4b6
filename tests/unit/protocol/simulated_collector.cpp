#include "tests/unit/protocol/simulated_collector.hpp"

#include "common/core/chain.hpp"

namespace gantry::simulated {
namespace {

VerifiedFrame verified(const SentFrame& sent) {
    VerifiedFrame out;
    out.frame.epoch = sent.epoch;
    out.frame.first = sent.first;
    out.frame.base = sent.base;
    for (std::size_t i = 0; i < sent.records.size(); ++i)
        out.frame.entries.push_back(
            sent.records[i].empty() ? FrameEntry::of_tombstone(sent.lengths[i], sent.digests[i])
                                    : FrameEntry{as_bytes(sent.records[i]), false, sent.lengths[i], sent.digests[i]});
    out.heads = frame_heads(out.frame);
    out.frame.head = out.heads.back();
    out.open = sent.open;
    while (out.valid < sent.records.size() && !sent.records[out.valid].starts_with("bad")) ++out.valid;
    if (out.valid < sent.records.size()) out.refusal = "schema";
    return out;
}

std::string_view text(const DataMap& data, std::string_view key) {
    const auto it = data.find(key);
    return it == data.end() ? std::string_view{} : std::string_view{std::get<std::string>(it->second)};
}

}  // namespace

void Collector::restart() {
    for (std::uint8_t& byte : boot) byte = static_cast<std::uint8_t>(random_.bits());
    // What is only in memory goes; the rest comes back as the store keeps it.
    for (auto& [dev, ledger] : disk.ledgers) {
        admission::DeviceLedger loaded{dev};
        for (const auto& [id, epoch] : ledger.epochs())
            loaded.add(admission::parse_epoch_ledger(id, epoch.high, epoch.head, admission::serialize(epoch)).value());
        ledger = std::move(loaded);
    }
}

void Collector::restore(const Disk& kept) {
    disk = kept;
    restart();
}

std::optional<Hash> Collector::head_at(const DeviceId& dev, const EpochId& epoch, std::uint64_t seq) const {
    const auto ledger = disk.ledgers.find(dev);
    if (ledger == disk.ledgers.end()) return std::nullopt;
    Hash head = ledger->second.epochs().at(epoch).start;
    for (const Leaf& leaf : disk.log) {
        if (leaf.dev != dev) continue;
        if (!leaf.fact) {
            if (leaf.epoch == epoch && leaf.seq <= seq) head = chain_next_digest(head, leaf.length, leaf.digest);
            continue;
        }
        if (text(leaf.fact->more, "epoch") != to_hex(epoch)) continue;
        if (leaf.fact->fact == facts::records_lost &&
            std::get<std::int64_t>(leaf.fact->more.at("to")) <= static_cast<std::int64_t>(seq))
            head = hash_from_hex(text(leaf.fact->more, "head")).value();
        if (leaf.fact->fact == facts::poisoned &&
            std::get<std::int64_t>(leaf.fact->more.at("seq")) <= static_cast<std::int64_t>(seq))
            head = chain_next_digest(head,
                                     static_cast<std::uint32_t>(std::get<std::int64_t>(leaf.fact->more.at("length"))),
                                     hash_from_hex(text(leaf.fact->more, "sha256")).value());
    }
    return head;
}

void Collector::commit(admission::DeviceLedger& ledger, const admission::Outcome& outcome, const SentFrame* frame,
                       std::int64_t now) {
    for (const admission::Effect& effect : outcome.effects) {
        Leaf leaf{ledger.dev(), now, {}, 0, {}, 0, std::nullopt, std::nullopt};
        if (const auto* record = std::get_if<admission::StoreRecord>(&effect)) {
            leaf.epoch = frame->epoch;
            leaf.seq = frame->first + record->entry;
            leaf.digest = frame->digests[record->entry];
            leaf.length = frame->lengths[record->entry];
            if (leaf.seq == 1) leaf.open = frame->open;
        } else {
            leaf.fact = std::get<FactLeaf>(effect);
        }
        disk.log.push_back(std::move(leaf));
    }
}

std::vector<Down> Collector::replies(const admission::Outcome& outcome) const {
    std::vector<Down> out;
    if (outcome.refusal)
        out.emplace_back(Refusal{boot, outcome.refusal->epoch, outcome.refusal->seq, outcome.refusal->code});
    if (outcome.receipt) {
        const admission::Receipt& receipt = *outcome.receipt;
        out.emplace_back(Ack{boot, 1, receipt.epoch, receipt.seq, receipt.head, 0, disk.log.size(), receipt.want, 512});
    }
    return out;
}

std::vector<Down> Collector::handle(const DeviceId& dev, const Up& message, std::int64_t now) {
    admission::DeviceLedger& ledger = disk.ledgers.try_emplace(dev, dev).first->second;
    const auto stored_head = [&](const EpochId& epoch, std::uint64_t seq) { return head_at(dev, epoch, seq); };
    admission::Outcome outcome;
    if (const auto* hello = std::get_if<Hello>(&message)) {
        admission::HelloOutcome answered = admission::admit(ledger, *hello, stored_head);
        commit(ledger, answered, nullptr, now);
        return {StateReply{hello->nonce, boot, 1, now, now, answered.epochs}};
    }
    const auto* frame = std::get_if<SentFrame>(&message);
    if (frame) outcome = admission::admit(ledger, verified(*frame), now);
    if (const auto* lost = std::get_if<Lost>(&message)) outcome = admission::admit(ledger, *lost, now);
    if (const auto* said = std::get_if<Contradiction>(&message)) outcome = admission::admit(ledger, *said, stored_head);
    commit(ledger, outcome, frame, now);
    return replies(outcome);
}

std::set<std::string> Collector::findings() const {
    std::set<std::string> out;
    for (const Leaf& leaf : disk.log)
        if (leaf.fact) out.insert(leaf.fact->fact);
    return out;
}

std::map<DeviceId, admission::DeviceLedger> Collector::rebuilt() const {
    std::map<DeviceId, admission::DeviceLedger> out;
    for (const Leaf& leaf : disk.log) {
        admission::DeviceLedger& ledger = out.try_emplace(leaf.dev, leaf.dev).first->second;
        if (leaf.fact)
            admission::replay_fact(ledger, *leaf.fact, leaf.recv_ms).value();
        else
            admission::replay_record(ledger, leaf.epoch, leaf.seq, leaf.length, leaf.digest, leaf.open, leaf.recv_ms);
    }
    return out;
}

}  // namespace gantry::simulated
