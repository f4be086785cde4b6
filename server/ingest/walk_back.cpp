#include <variant>

#include "common/core/chain.hpp"
#include "server/ingest/projection.hpp"

// Looking into an epoch's past along its device's leaves. Rare: only a rolled back, cloned or rehoming agent asks.
namespace gantry::ingest {
namespace {

struct Link {
    std::uint32_t length = 0;
    Hash digest{};
};

const DataValue* member(const FactLeaf& fact, std::string_view key) {
    const auto found = fact.more.find(key);
    return found == fact.more.end() ? nullptr : &found->second;
}

std::string text(const FactLeaf& fact, std::string_view key) {
    const DataValue* value = member(fact, key);
    const auto* found = value ? std::get_if<std::string>(value) : nullptr;
    return found ? *found : std::string{};
}

std::uint64_t number(const FactLeaf& fact, std::string_view key) {
    const DataValue* value = member(fact, key);
    const auto* found = value ? std::get_if<std::int64_t>(value) : nullptr;
    return found && *found > 0 ? static_cast<std::uint64_t>(*found) : 0;
}

// Gathers the links of one epoch from `at` downwards until a chain value is known.
class ChainWalk {
public:
    ChainWalk(const EpochId& epoch, store::EpochNo no, std::uint64_t at, const Hash& start)
        : epoch_hex_{to_hex(epoch)}, no_{no}, at_{at}, start_{start} {}

    // False: go on with the leaf before.
    bool take(const store::LeafRow& leaf, LeafLog& log) {
        if (leaf.type == LeafType::record) return leaf.epoch_no == no_ && leaf.seq <= at_ && take_record(leaf, log);
        if (leaf.type == LeafType::fact) return take_fact(leaf);
        return false;
    }
    bool hopeless() const { return hopeless_; }

    // The chain value at `at`; needs take() to have said true.
    Hash value() const {
        Hash head = base_;
        for (auto link = links_.rbegin(); link != links_.rend(); ++link)
            head = chain_next_digest(head, link->length, link->digest);
        return head;
    }

private:
    bool take_record(const store::LeafRow& leaf, LeafLog& log) {
        if (const auto signed_head = log.frame_head(leaf.idx)) {
            base_ = *signed_head;
            return true;
        }
        links_.push_back({static_cast<std::uint32_t>(leaf.bytes.size()), sha256(leaf.bytes)});
        base_ = start_;
        return leaf.seq == 1;
    }

    bool take_fact(const store::LeafRow& leaf) {
        const auto fact = parse_fact_leaf(as_text(leaf.bytes));
        if (!fact || text(*fact, "epoch") != epoch_hex_) return false;
        if (fact->fact == facts::poisoned && number(*fact, "seq") <= at_) {
            links_.push_back(
                {static_cast<std::uint32_t>(number(*fact, "length")), hash_from_hex(text(*fact, "sha256")).value()});
        } else if (fact->fact == facts::records_lost) {
            if (number(*fact, "to") <= at_) {
                base_ = hash_from_hex(text(*fact, "head")).value();
                return true;
            }
            hopeless_ = number(*fact, "from") <= at_;  // inside what was lost: nobody knows
        }
        return hopeless_;
    }

    std::string epoch_hex_;
    store::EpochNo no_;
    std::uint64_t at_;
    Hash start_;
    Hash base_{};
    std::vector<Link> links_;
    bool hopeless_ = false;
};

}  // namespace

std::optional<Hash> Projection::head_at(Device& device, const EpochId& epoch, std::uint64_t seq) {
    const EpochPlace* at = place(device, epoch);
    const admission::EpochLedger* known = device.ledger.find(epoch);
    if (!at || !known || seq > known->high) return std::nullopt;
    if (seq == 0) return known->start;
    ChainWalk walk{epoch, at->no, seq, known->start};
    Bytes bytes;
    std::uint64_t idx = at->last_leaf;
    for (std::size_t steps = 0; steps < walk_back_max; ++steps) {
        const auto leaf = log_.leaf(idx, bytes);
        if (!leaf) return std::nullopt;
        if (walk.take(*leaf, log_)) return walk.hopeless() ? std::nullopt : std::optional{walk.value()};
        if (!leaf->back) return std::nullopt;
        idx -= *leaf->back;
    }
    return std::nullopt;
}

std::optional<store::LeafRow> Projection::find_record(Device& device, const EpochId& epoch, std::uint64_t seq,
                                                      Bytes& bytes) {
    const EpochPlace* at = place(device, epoch);
    if (!at) return std::nullopt;
    std::uint64_t idx = at->last_leaf;
    for (std::size_t steps = 0; steps < walk_back_max; ++steps) {
        const auto leaf = log_.leaf(idx, bytes);
        if (!leaf) return std::nullopt;
        if (leaf->type == LeafType::record && leaf->epoch_no == at->no) {
            if (leaf->seq == seq) return leaf;
            if (leaf->seq < seq) return std::nullopt;
        }
        if (!leaf->back) return std::nullopt;
        idx -= *leaf->back;
    }
    return std::nullopt;
}

bool Projection::original_is_stored(Device& device, const RecordView& record) {
    const auto origin = rehomed_origin(record.body);
    if (!origin) return false;
    Bytes bytes;
    const auto stored = find_record(device, origin->epoch, origin->seq, bytes);
    // Two histories may claim one place: only the same bytes are the same record.
    return stored && as_text(bytes) == origin->bytes;
}

}  // namespace gantry::ingest
