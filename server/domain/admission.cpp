#include "server/domain/admission.hpp"

#include <algorithm>
#include <set>

#include "common/core/chain.hpp"
#include "server/domain/admission_ledger.hpp"

namespace gantry::admission {
namespace {

void touch(Outcome& out, const EpochId& id) {
    if (std::ranges::find(out.touched, id) == out.touched.end()) out.touched.push_back(id);
}

// Tells a fact and lets the ledger learn it in the same way as a replay does.
void tell(DeviceLedger& ledger, Outcome& out, std::string_view name, DataMap more, std::int64_t now_ms) {
    FactLeaf fact{std::string{name}, ledger.dev().text(), std::move(more)};
    for (const EpochId& id : learn(ledger, fact, now_ms)) touch(out, id);
    out.effects.emplace_back(std::move(fact));
}

void tell_epoch(DeviceLedger& ledger, Outcome& out, std::string_view name, const EpochId& epoch, DataMap more,
                std::int64_t now_ms) {
    more.emplace("epoch", to_hex(epoch));
    tell(ledger, out, name, std::move(more), now_ms);
}

DataValue number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

Receipt receipt_of(const EpochLedger& epoch) { return {epoch.id, epoch.high, epoch.head, std::nullopt}; }

// R3: both histories are kept, the epoch stores nothing more.
void freeze(DeviceLedger& ledger, EpochLedger& epoch, Outcome& out, std::string form, std::uint64_t seq,
            const Hash& ours, const Hash& theirs, std::int64_t now_ms) {
    out.conflict = Conflict{epoch.id, form, seq, ours, theirs};
    out.refusal = RefusalReply{epoch.id, seq, "conflict"};
    out.receipt.reset();
    tell_epoch(ledger, out, gantry::facts::identity_conflict, epoch.id,
               {{"form", std::move(form)}, {"seq", number(seq)}}, now_ms);
}

// Whether a fork at this place was told, and with `open_only` whether it still waits to be settled.
bool told_of_fork_at(const DeviceLedger& ledger, const EpochId& at, bool open_only) {
    return std::ranges::any_of(ledger.epochs(), [&](const auto& entry) {
        const auto& fork = entry.second.fork;
        return fork && fork->at == at && (!open_only || !fork->settled);
    });
}

void tell_fork(DeviceLedger& ledger, Outcome& out, const EpochId& raised_by, const EpochId& at, std::uint64_t seq,
               std::int64_t now_ms) {
    tell_epoch(ledger, out, facts::fork, raised_by, {{"at", to_hex(at)}, {"seq", number(seq)}}, now_ms);
}

// R7b: records beyond the point where a child branched off. The child carries the fork.
void judge_branch_point(DeviceLedger& ledger, const EpochLedger& epoch, Outcome& out, std::int64_t now_ms) {
    if (!epoch.first_child_at || epoch.high <= *epoch.first_child_at || told_of_fork_at(ledger, epoch.id, false))
        return;
    for (const auto& [id, child] : ledger.epochs()) {
        if (!child.parent || child.parent->epoch != epoch.id || child.parent->last_seq >= epoch.high) continue;
        const EpochId raised_by = id;
        return tell_fork(ledger, out, raised_by, epoch.id, child.parent->last_seq, now_ms);
    }
}

// R5 to R8 for an epoch that was just added; `known` = epochs that were there before.
void judge_new_epoch(DeviceLedger& ledger, const EpochLedger& epoch, Outcome& out, std::int64_t now_ms) {
    bool others = false, host_known = false, host_comparable = false, awaited = false, sibling = false;
    for (const auto& [id, other] : ledger.epochs()) {
        if (id == epoch.id) continue;
        others = true;
        if (other.host_parts == epoch.host_parts) (other.host == epoch.host ? host_known : host_comparable) = true;
        if (other.parent && (other.parent->epoch == epoch.id || !ledger.epochs().contains(other.parent->epoch)))
            awaited = true;
        if (other.parent && epoch.parent && other.parent->epoch == epoch.parent->epoch) sibling = true;
    }
    if (host_comparable && !host_known)
        tell_epoch(ledger, out, gantry::facts::host_changed, epoch.id, {}, now_ms);  // R7c
    if (!epoch.parent) {
        if (others && !awaited) tell_epoch(ledger, out, gantry::facts::outbox_lost, epoch.id, {}, now_ms);  // R8
        return;
    }
    const EpochLedger* parent = ledger.find(epoch.parent->epoch);
    const bool behind = parent && parent->high > epoch.parent->last_seq;
    const bool beside = parent && parent->high == epoch.parent->last_seq && parent->head != epoch.parent->last_head;
    if (sibling || behind || beside) {
        if (!told_of_fork_at(ledger, epoch.parent->epoch, true))
            tell_fork(ledger, out, epoch.id, epoch.parent->epoch, epoch.parent->last_seq, now_ms);   // R7
    } else if ((!parent || parent->high < epoch.parent->last_seq) && !(parent && parent->frozen)) {  // R6
        tell_epoch(ledger, out, facts::gap_open, epoch.parent->epoch,
                   {{"child", to_hex(epoch.id)},
                    {"from", number(parent ? parent->high + 1 : 1)},
                    {"to", number(epoch.parent->last_seq)}},
                   now_ms);
    }
}

// After records were stored in `epoch`: gaps that they close, and forks that they show.
void judge_growth(DeviceLedger& ledger, EpochLedger& epoch, Outcome& out, std::int64_t now_ms) {
    epoch.gap_since_ms = 0;
    if (epoch.gap_want != 0 && epoch.high >= epoch.gap_want)
        tell_epoch(ledger, out, facts::gap_closed, epoch.id, {}, now_ms);
    const std::vector<EpochId> waiting = epoch.waiting_children;
    for (const EpochId& child : waiting) {
        const EpochLedger* known = ledger.find(child);
        if (known && known->parent && epoch.high >= known->parent->last_seq)
            tell_epoch(ledger, out, facts::gap_closed, epoch.id, {{"child", to_hex(child)}}, now_ms);
    }
    judge_branch_point(ledger, epoch, out, now_ms);
    for (const EpochId& id : std::vector<EpochId>{ledger.open_forks()}) {
        const EpochLedger* raised_by = ledger.find(id);
        if (raised_by && raised_by->fork->branches.size() >= 2)
            tell_epoch(ledger, out, gantry::facts::identity_conflict, id, {{"form", std::string{"branches"}}}, now_ms);
    }
}

// R4: nothing is stored; the sender is told where to go on.
Outcome gap(EpochLedger* epoch, const EpochId& id, std::int64_t now_ms) {
    Outcome out;
    if (!epoch) {
        out.receipt = Receipt{id, 0, std::nullopt, 1};
        return out;
    }
    if (epoch->gap_since_ms == 0) epoch->gap_since_ms = now_ms;
    out.receipt = receipt_of(*epoch);
    out.receipt->want = epoch->high + 1;
    return out;
}

Outcome refuse_frozen(const EpochLedger& epoch, std::uint64_t seq) {
    Outcome out;
    out.refusal = RefusalReply{epoch.id, seq, "conflict"};
    return out;
}

DataMap poisoned_entry(const FrameEntry& entry, std::uint64_t seq) {
    return {{"seq", number(seq)}, {"length", number(entry.length)}, {"sha256", to_hex(entry.digest)}};
}

}  // namespace

Outcome admit(DeviceLedger& ledger, const VerifiedFrame& in, std::int64_t now_ms) {
    const Frame& frame = in.frame;
    EpochLedger* epoch = ledger.find(frame.epoch);
    if (epoch && epoch->frozen) return refuse_frozen(*epoch, frame.first);
    const std::uint64_t high = epoch ? epoch->high : 0;
    if (frame.first > high + 1) return gap(epoch, frame.epoch, now_ms);

    Outcome out;
    const std::uint64_t last = frame.last();
    const auto skip = static_cast<std::size_t>(std::min<std::uint64_t>(high + 1 - frame.first, frame.entries.size()));
    out.duplicates = skip;
    if (epoch && last >= high && in.heads[skip] != epoch->head) {  // R3
        freeze(ledger, *epoch, out, "frame", high, epoch->head, in.heads[skip], now_ms);
        return out;
    }
    if (last <= high) {  // R2
        out.receipt = receipt_of(*epoch);
        return out;
    }
    if (skip >= in.valid) {  // the next record itself is bad
        out.refusal = RefusalReply{frame.epoch, frame.first + in.valid, in.refusal};
        if (epoch) out.receipt = receipt_of(*epoch);
        return out;
    }
    const bool is_new = epoch == nullptr;
    for (std::size_t i = skip; i < in.valid; ++i) {  // R1, R2b
        const FrameEntry& entry = frame.entries[i];
        if (entry.tombstone) {
            tell_epoch(ledger, out, gantry::facts::poisoned, frame.epoch, poisoned_entry(entry, frame.first + i),
                       now_ms);
        } else {
            // The verifier computed the chain already; doing it again is a tenth of the writer's time.
            store_record(ledger, frame.epoch, frame.first + i, in.heads[i + 1],
                         frame.first + i == 1 ? in.open : std::nullopt);
            out.effects.emplace_back(StoreRecord{i});
        }
    }
    epoch = ledger.find(frame.epoch);
    touch(out, frame.epoch);
    if (is_new) judge_new_epoch(ledger, *epoch, out, now_ms);
    judge_growth(ledger, *epoch, out, now_ms);
    out.receipt = receipt_of(*epoch);
    if (in.valid < frame.entries.size()) out.refusal = RefusalReply{frame.epoch, frame.first + in.valid, in.refusal};
    return out;
}

Outcome admit(DeviceLedger& ledger, const Lost& lost, std::int64_t now_ms) {
    EpochLedger* epoch = ledger.find(lost.epoch);
    if (epoch && epoch->frozen) return refuse_frozen(*epoch, lost.from);
    if (lost.from > (epoch ? epoch->high : 0) + 1) return gap(epoch, lost.epoch, now_ms);
    Outcome out;
    if (epoch && lost.to <= epoch->high) {
        out.receipt = receipt_of(*epoch);
        return out;
    }
    DataMap more{{"from", number(epoch ? epoch->high + 1 : 1)},
                 {"to", number(lost.to)},
                 {"head", to_hex(lost.head_at_to)},
                 {"host", to_hex(lost.host)},
                 {"host_parts", number(lost.host_parts)}};
    if (lost.parent) {
        more.emplace("parent", to_hex(lost.parent->epoch));
        more.emplace("parent_seq", number(lost.parent->last_seq));
        more.emplace("parent_head", to_hex(lost.parent->last_head));
    }
    const bool is_new = epoch == nullptr;
    tell_epoch(ledger, out, gantry::facts::records_lost, lost.epoch, std::move(more), now_ms);
    epoch = ledger.find(lost.epoch);
    if (is_new) judge_new_epoch(ledger, *epoch, out, now_ms);
    judge_growth(ledger, *epoch, out, now_ms);
    out.receipt = receipt_of(*epoch);
    return out;
}

Outcome admit(DeviceLedger& ledger, const Contradiction& said, const HeadAt& head_at) {
    Outcome out;
    EpochLedger* epoch = ledger.find(said.epoch);
    if (!epoch) return out;
    if (!epoch->frozen && said.at <= epoch->high) {
        const auto ours = said.at == epoch->high ? std::optional{epoch->head} : head_at(said.epoch, said.at);
        if (ours && *ours != said.head) freeze(ledger, *epoch, out, "contradiction", said.at, *ours, said.head, 0);
    }
    if (epoch->frozen) out.refusal = RefusalReply{said.epoch, said.at, "conflict"};
    return out;
}

HelloOutcome admit(DeviceLedger& ledger, const Hello& hello, const HeadAt& head_at) {
    HelloOutcome out;
    for (const HelloEpoch& asked : hello.epochs) {
        EpochLedger* epoch = ledger.find(asked.epoch);
        if (!epoch) {
            out.epochs.push_back({asked.epoch, 0, 0, std::nullopt, false});
            continue;
        }
        const std::uint64_t at = std::min(asked.last_seq, epoch->high);
        std::optional<Hash> ours = at == epoch->high ? std::optional{epoch->head}
                                   : at == 0         ? std::optional{epoch->start}
                                                     : head_at(asked.epoch, at);
        if (ours && at == asked.last_seq && at > 0 && *ours != asked.last_head &&
            !epoch->frozen) {  // R3 seen from a hello
            freeze(ledger, *epoch, out, "hello", at, *ours, asked.last_head, 0);
            out.refusal.reset();  // the state says it
        }
        out.epochs.push_back({asked.epoch, epoch->high, at, ours, epoch->frozen});
    }
    return out;
}

Outcome tick(DeviceLedger& ledger, std::int64_t now_ms) {
    Outcome out;
    std::vector<EpochId> gaps;
    for (const auto& [id, epoch] : ledger.epochs())
        if (epoch.gap_since_ms != 0 && epoch.gap_want == 0 && !epoch.frozen &&
            now_ms - epoch.gap_since_ms >= gap_open_after_ms)
            gaps.push_back(id);
    for (const EpochId& id : gaps)
        tell_epoch(ledger, out, facts::gap_open, id, {{"from", number(ledger.find(id)->high + 1)}}, now_ms);
    for (const EpochId& id : std::vector<EpochId>{ledger.open_forks()}) {
        const EpochLedger* raised_by = ledger.find(id);
        if (raised_by && now_ms - raised_by->fork->since_ms >= rollback_after_ms)
            tell_epoch(ledger, out, gantry::facts::rollback, id, {}, now_ms);
    }
    return out;
}

}  // namespace gantry::admission
