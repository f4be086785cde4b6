#include "server/domain/admission_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/core/chain.hpp"
#include "common/core/json.hpp"

namespace gantry::admission {
namespace {

std::uint64_t number(const DataMap& data, std::string_view key) {
    const auto it = data.find(key);
    const auto* value = it == data.end() ? nullptr : std::get_if<std::int64_t>(&it->second);
    return value && *value > 0 ? static_cast<std::uint64_t>(*value) : 0;
}

std::string_view text(const DataMap& data, std::string_view key) {
    const auto it = data.find(key);
    const auto* value = it == data.end() ? nullptr : std::get_if<std::string>(&it->second);
    return value ? std::string_view{*value} : std::string_view{};
}

template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> hex(const DataMap& data, std::string_view key) {
    auto parsed = array_from_hex<N>(text(data, key));
    return parsed ? std::optional{*parsed} : std::nullopt;
}

// Which branch under `fork_at` an epoch belongs to: that epoch itself, or the child of it that leads here.
std::optional<EpochId> branch_of(DeviceLedger& ledger, const EpochId& fork_at, EpochId id) {
    for (std::size_t steps = 0; steps <= ledger.epochs().size(); ++steps) {
        if (id == fork_at) return id;
        const EpochLedger* epoch = ledger.find(id);
        if (!epoch || !epoch->parent) return std::nullopt;
        if (epoch->parent->epoch == fork_at) return id;
        id = epoch->parent->epoch;
    }
    return std::nullopt;
}

// A record stored after a fork is that branch's voice.
void hear(DeviceLedger& ledger, const EpochId& epoch) {
    for (const EpochId& id : ledger.open_forks()) {
        EpochLedger* raised_by = ledger.find(id);
        if (!raised_by || raised_by->fork->branches.size() >= 2) continue;
        const auto branch = branch_of(ledger, raised_by->fork->at, epoch);
        auto& branches = raised_by->fork->branches;
        if (branch && std::ranges::find(branches, *branch) == branches.end()) branches.push_back(*branch);
    }
}

void settle_fork(DeviceLedger& ledger, EpochLedger& epoch) {
    if (epoch.fork) epoch.fork->settled = true;
    std::erase(ledger.open_forks(), epoch.id);
}

EpochLedger& epoch_from_lost(DeviceLedger& ledger, const EpochId& id, const DataMap& data) {
    EpochLedger epoch;
    epoch.id = id;
    if (const auto parent = hex<16>(data, "parent"))
        epoch.parent =
            EpochParent{*parent, number(data, "parent_seq"), hex<32>(data, "parent_head").value_or(zero_hash)};
    epoch.host = hex<32>(data, "host").value_or(zero_hash);
    epoch.host_parts = static_cast<std::uint8_t>(number(data, "host_parts"));
    epoch.start = chain_start(ledger.dev(), id, epoch.parent ? epoch.parent->last_head : zero_hash);
    epoch.head = epoch.start;
    return ledger.add(std::move(epoch));
}

void learn_gap(DeviceLedger& ledger, const EpochId& id, const DataMap& data, bool open, std::vector<EpochId>& changed) {
    EpochLedger* epoch = ledger.find(id);
    const auto child_id = hex<16>(data, "child");
    if (!child_id) {
        if (!epoch) return;
        epoch->gap_want = open ? number(data, "from") : 0;
        changed.push_back(id);
        return;
    }
    EpochLedger* child = ledger.find(*child_id);
    if (!child) return;
    child->gap_told = open;
    changed.push_back(*child_id);
    if (!epoch) return;
    std::erase(epoch->waiting_children, *child_id);
    if (open) epoch->waiting_children.push_back(*child_id);
}

}  // namespace

EpochLedger* DeviceLedger::find(const EpochId& id) {
    const auto it = epochs_.find(id);
    return it == epochs_.end() ? nullptr : &it->second;
}

EpochLedger& DeviceLedger::add(EpochLedger added) {
    EpochLedger& epoch = epochs_.insert_or_assign(added.id, std::move(added)).first->second;
    const auto note_child = [](EpochLedger& parent, const EpochLedger& child) {
        const std::uint64_t at = child.parent->last_seq;
        parent.first_child_at = std::min(parent.first_child_at.value_or(at), at);
        if (child.gap_told) parent.waiting_children.push_back(child.id);
    };
    if (epoch.parent)
        if (EpochLedger* parent = find(epoch.parent->epoch)) note_child(*parent, epoch);
    for (auto& [id, other] : epochs_)
        if (other.parent && other.parent->epoch == epoch.id) note_child(epoch, other);
    if (epoch.fork && !epoch.fork->settled) open_forks_.push_back(epoch.id);
    return epoch;
}

std::uint64_t DeviceLedger::missing_records() const {
    std::map<EpochId, std::uint64_t> ends;  // an epoch may have several children: its farthest known end counts
    for (const auto& [id, epoch] : epochs_)
        if (epoch.parent) ends[epoch.parent->epoch] = std::max(ends[epoch.parent->epoch], epoch.parent->last_seq);
    std::uint64_t missing = 0;
    for (const auto& [id, end] : ends) {
        const auto it = epochs_.find(id);
        if (it == epochs_.end())
            missing += end;
        else if (!it->second.frozen && it->second.high < end)
            missing += end - it->second.high;
    }
    return missing;
}

namespace {

EpochLedger& known_or_new(DeviceLedger& ledger, const EpochId& id, const std::optional<EpochOpen>& open) {
    if (EpochLedger* epoch = ledger.find(id)) return *epoch;
    EpochLedger fresh;
    fresh.id = id;
    if (open) {
        fresh.parent = open->parent;
        fresh.host = open->host;
        fresh.host_parts = open->host_parts;
    }
    fresh.start = chain_start(ledger.dev(), id, fresh.parent ? fresh.parent->last_head : zero_hash);
    fresh.head = fresh.start;
    return ledger.add(std::move(fresh));
}

}  // namespace

void store_record(DeviceLedger& ledger, const EpochId& id, std::uint64_t seq, const Hash& head,
                  const std::optional<EpochOpen>& open) {
    EpochLedger& epoch = known_or_new(ledger, id, open);
    epoch.high = seq;
    epoch.head = head;
    if (!ledger.open_forks().empty()) hear(ledger, id);
}

void replay_record(DeviceLedger& ledger, const EpochId& id, std::uint64_t seq, std::uint32_t length, const Hash& digest,
                   const std::optional<EpochOpen>& open, std::int64_t) {
    const Hash before = known_or_new(ledger, id, open).head;
    store_record(ledger, id, seq, chain_next_digest(before, length, digest), open);
}

std::vector<EpochId> learn(DeviceLedger& ledger, const FactLeaf& fact, std::int64_t recv_ms) {
    std::vector<EpochId> changed;
    const auto id = hex<16>(fact.more, "epoch");
    if (!id) return changed;
    EpochLedger* epoch = ledger.find(*id);
    if (fact.fact == gantry::facts::records_lost) {
        if (!epoch) epoch = &epoch_from_lost(ledger, *id, fact.more);
        epoch->high = number(fact.more, "to");
        epoch->head = hex<32>(fact.more, "head").value_or(zero_hash);
        changed.push_back(*id);
        return changed;
    }
    if (fact.fact == facts::gap_open || fact.fact == facts::gap_closed) {
        learn_gap(ledger, *id, fact.more, fact.fact == facts::gap_open, changed);
        return changed;
    }
    if (!epoch) return changed;
    if (fact.fact == gantry::facts::poisoned) {
        epoch->high = number(fact.more, "seq");
        epoch->head = chain_next_digest(epoch->head, static_cast<std::uint32_t>(number(fact.more, "length")),
                                        hex<32>(fact.more, "sha256").value_or(zero_hash));
    } else if (fact.fact == gantry::facts::identity_conflict) {
        if (text(fact.more, "form") == "branches")
            settle_fork(ledger, *epoch);
        else
            epoch->frozen = true;
    } else if (fact.fact == gantry::facts::rollback) {
        settle_fork(ledger, *epoch);
    } else if (fact.fact == facts::fork) {
        epoch->fork = Fork{hex<16>(fact.more, "at").value_or(EpochId{}), recv_ms, {}, false};
        ledger.open_forks().push_back(*id);
    } else {
        return changed;
    }
    changed.push_back(*id);
    return changed;
}

Result<void> replay_fact(DeviceLedger& ledger, const FactLeaf& fact, std::int64_t recv_ms) {
    (void)learn(ledger, fact, recv_ms);
    return {};
}

// ---- what is stored of an epoch
// ---------------------------------------------------------------------------------------------------

std::string serialize(const EpochLedger& epoch) {
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    if (epoch.fork) {
        json.key("fork").begin_object().field("at", to_hex(epoch.fork->at)).key("branches").begin_array();
        for (const EpochId& branch : epoch.fork->branches) json.value(to_hex(branch));
        json.end_array().field("settled", epoch.fork->settled).field("since", epoch.fork->since_ms).end_object();
    }
    if (epoch.frozen) json.field("frozen", true);
    if (epoch.gap_told) json.field("gap_told", true);
    if (epoch.gap_want != 0) json.field("gap_want", epoch.gap_want);
    json.field("host", to_hex(epoch.host)).field("host_parts", std::uint64_t{epoch.host_parts});
    if (epoch.parent)
        json.key("parent")
            .begin_object()
            .field("epoch", to_hex(epoch.parent->epoch))
            .field("last_head", to_hex(epoch.parent->last_head))
            .field("last_seq", epoch.parent->last_seq)
            .end_object();
    json.field("start", to_hex(epoch.start)).end_object();
    return out;
}

namespace {

// Members of our own canonical JSON: a fault means the store is damaged.
class StoredReader {
public:
    explicit StoredReader(JsonCursor& in) : in_{in} {}
    template <std::size_t N>
    void hex(std::array<std::uint8_t, N>& out) {
        std::string_view value;
        if (!in_.plain_string(value) || !from_hex(value, out)) bad_ = true;
    }
    void number(std::uint64_t& out) {
        std::int64_t value = 0;
        if (!in_.integer(value) || value < 0) bad_ = true;
        out = static_cast<std::uint64_t>(value);
    }
    bool bad() const { return bad_ || in_.failed(); }

private:
    JsonCursor& in_;
    bool bad_ = false;
};

void read_fork(JsonCursor& in, StoredReader& read, Fork& fork) {
    std::string_view key;
    std::uint64_t since = 0;
    in.enter_object();
    while (!read.bad() && in.next_key(key)) {
        if (key == "at")
            read.hex(fork.at);
        else if (key == "settled")
            in.boolean(fork.settled);
        else if (key == "since")
            read.number(since);
        else if (key == "branches") {
            in.enter_array();
            while (!read.bad() && in.next_element() && fork.branches.size() < 2) read.hex(fork.branches.emplace_back());
        } else
            in.skip();
    }
    fork.since_ms = static_cast<std::int64_t>(since);
}

void read_stored_parent(JsonCursor& in, StoredReader& read, EpochParent& parent) {
    std::string_view key;
    in.enter_object();
    while (!read.bad() && in.next_key(key)) {
        if (key == "epoch")
            read.hex(parent.epoch);
        else if (key == "last_head")
            read.hex(parent.last_head);
        else if (key == "last_seq")
            read.number(parent.last_seq);
        else
            in.skip();
    }
}

}  // namespace

Result<EpochLedger> parse_epoch_ledger(const EpochId& id, std::uint64_t high, const Hash& head,
                                       std::string_view stored) {
    EpochLedger out;
    out.id = id;
    out.high = high;
    out.head = head;
    JsonCursor in{stored};
    StoredReader read{in};
    std::string_view key;
    std::uint64_t parts = 0;
    in.enter_object();
    while (!read.bad() && in.next_key(key)) {
        if (key == "fork")
            read_fork(in, read, out.fork.emplace());
        else if (key == "frozen")
            in.boolean(out.frozen);
        else if (key == "gap_told")
            in.boolean(out.gap_told);
        else if (key == "gap_want")
            read.number(out.gap_want);
        else if (key == "host")
            read.hex(out.host);
        else if (key == "host_parts")
            read.number(parts);
        else if (key == "parent")
            read_stored_parent(in, read, out.parent.emplace());
        else if (key == "start")
            read.hex(out.start);
        else
            in.skip();
    }
    out.host_parts = static_cast<std::uint8_t>(parts);
    if (read.bad() || !in.at_end())
        return Error{Errc::malformed, fmt::format("epoch {}: stored ledger is damaged", to_hex(id))};
    return out;
}

}  // namespace gantry::admission
