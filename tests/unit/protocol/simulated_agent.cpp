#include "tests/unit/protocol/simulated_agent.hpp"

#include "common/core/chain.hpp"
#include "common/core/crypto.hpp"

namespace gantry::simulated {

using namespace gantry::agent;

Agent::Agent(DeviceId device, Hash where, Random& random) : dev{std::move(device)}, host{where}, random_{random} {}

void Agent::start(std::string reason, Millis now) {
    open_epoch(std::move(reason));
    resume(now);
}

void Agent::resume(Millis now) {
    std::vector<EpochState> epochs;
    for (const StoredEpoch& epoch : disk) epochs.push_back(epoch.state);
    agent::Settings settings;
    settings.backlog_records = 40;
    delivery_ = std::make_unique<Delivery>(settings, std::move(epochs), *this, random_.bits());
    delivery_->connected(now);
}

void Agent::reconnect(Millis now) {
    delivery_->disconnected(now);
    delivery_->connected(now);
}

void Agent::open_epoch(std::string reason) {
    StoredEpoch epoch;
    for (std::uint8_t& byte : epoch.state.id) byte = static_cast<std::uint8_t>(random_.bits());
    if (!disk.empty()) {
        const EpochState& last = disk.back().state;
        epoch.state.parent = EpochParent{last.id, last.last_seq, last.last_head};
    }
    epoch.state.host = host;
    epoch.state.host_parts = 1;
    epoch.heads.push_back(
        chain_start(dev, epoch.state.id, epoch.state.parent ? epoch.state.parent->last_head : zero_hash));
    const std::string record = "epoch_open " + reason;
    epoch.records.push_back(record);
    epoch.heads.push_back(chain_next(epoch.heads.back(), as_bytes(record)));
    epoch.state.last_seq = 1;
    epoch.state.last_head = epoch.heads.back();
    disk.push_back(std::move(epoch));
}

void Agent::append(std::string record, Millis now) {
    StoredEpoch& epoch = disk.back();
    epoch.heads.push_back(chain_next(epoch.heads.back(), as_bytes(record)));
    epoch.records.push_back(std::move(record));
    epoch.state.last_seq = epoch.records.size();
    epoch.state.last_head = epoch.heads.back();
    if (delivery_)
        delivery_->appended(epoch.state.id, epoch.state.last_seq, epoch.state.last_head, random_.unit() < 0.2, now);
}

void Agent::prune() {
    for (StoredEpoch& epoch : disk) {
        const std::uint64_t to = epoch.state.acked > 3 ? epoch.state.acked - 3 : 0;
        epoch.state.pruned = std::max(epoch.state.pruned, to);
        delivery_->pruned(epoch.state.id, epoch.state.pruned);
    }
}

StoredEpoch& Agent::stored(const EpochId& id) {
    for (StoredEpoch& epoch : disk)
        if (epoch.state.id == id) return epoch;
    throw std::logic_error{"an action names an epoch that is not on the disk"};
}

std::optional<Hash> Agent::head_at(const EpochId& id, std::uint64_t seq) const {
    for (const StoredEpoch& epoch : disk)
        if (epoch.state.id == id) {
            if (seq < epoch.state.pruned || seq >= epoch.heads.size()) return std::nullopt;
            return epoch.heads[seq];
        }
    return std::nullopt;
}

SentFrame Agent::frame_of(const SendFrame& order) {
    StoredEpoch& epoch = stored(order.epoch);
    const std::uint64_t count = random_.between(1, std::min<std::uint64_t>(order.records_max, 6));
    SentFrame out;
    out.epoch = order.epoch;
    out.first = order.first;
    out.base = epoch.heads[order.first - 1];
    for (std::uint64_t seq = order.first; seq < order.first + count; ++seq) {
        const std::string& record = epoch.records[seq - 1];
        out.digests.push_back(sha256(as_bytes(record)));
        out.lengths.push_back(static_cast<std::uint32_t>(record.size()));
        out.records.push_back(epoch.poisoned.contains(seq) ? std::string{} : record);
    }
    if (order.first == 1) out.open = EpochOpen{epoch.state.parent, "start", epoch.state.host, epoch.state.host_parts};
    return out;
}

void Agent::carry_out(const Action& action, std::vector<Up>& out, Millis now) {
    if (const auto* hello = std::get_if<SendHello>(&action)) {
        out.emplace_back(Hello{hello->nonce, now, now, "boot", hello->epochs});
    } else if (const auto* frame = std::get_if<SendFrame>(&action)) {
        SentFrame sent = frame_of(*frame);
        delivery_->frame_sent(sent.epoch, sent.first + sent.records.size() - 1, now);
        out.emplace_back(std::move(sent));
    } else if (const auto* lost = std::get_if<SendLost>(&action)) {
        exercised.insert("lost");
        out.emplace_back(Lost{lost->epoch, lost->parent, lost->from, lost->to, stored(lost->epoch).heads[lost->to],
                              lost->host, lost->host_parts});
    } else if (const auto* said = std::get_if<SendContradiction>(&action)) {
        exercised.insert("contradiction");
        out.emplace_back(Contradiction{said->epoch, said->at, said->head});
    } else if (const auto* acked = std::get_if<MarkAcked>(&action)) {
        stored(acked->epoch).state.acked = acked->seq;
    } else if (const auto* again = std::get_if<MarkPending>(&action)) {
        exercised.insert("refill");
        stored(again->epoch).state.acked = again->seq;
    } else if (const auto* move = std::get_if<Rehome>(&action)) {
        exercised.insert("rehome");
        StoredEpoch& dead = stored(move->epoch);
        dead.state.dead = true;
        const std::vector<std::string> moved{dead.records.begin() + static_cast<std::ptrdiff_t>(dead.state.acked),
                                             dead.records.end()};
        open_epoch("rollback");
        delivery_->epoch_opened(disk.back().state, now);
        for (const std::string& record : moved) append("rehomed " + record, now);
    } else if (std::holds_alternative<OpenBacklogEpoch>(action)) {
        exercised.insert("backlog");
        open_epoch("backlog");
        delivery_->epoch_opened(disk.back().state, now);
    } else if (const auto* poison = std::get_if<Poison>(&action)) {
        exercised.insert("poison");
        stored(poison->epoch).poisoned.insert(poison->seq);
    } else if (std::holds_alternative<Reconnect>(action)) {
        exercised.insert("reconnect");
        reconnect(now);
    } else if (const auto* alarm = std::get_if<Alarm>(&action)) {
        if (alarm->text.find("histor") != std::string::npos) ++identity_alarms;
    }
}

std::vector<Up> Agent::drive(Millis now) {
    std::vector<Up> out;
    while (const auto action = delivery_->next(now, out.size() < 3 ? 1 : 0)) carry_out(*action, out, now);
    return out;
}

void Agent::receive(const Down& message, Millis now) {
    std::visit([&](const auto& m) { delivery_->receive(m, now); }, message);
}

}  // namespace gantry::simulated
