#include "tests/unit/sim/scripted_collector.hpp"

#include <algorithm>

#include "common/core/record.hpp"

using namespace gantry;

ScriptedCollector::ScriptedCollector() : key_{SigningKey::from_seed(KeySeed{1, 2, 3})} { restart(); }

void ScriptedCollector::add(const DeviceId& dev, const PublicKey& key) { devices_[dev.text()].key = key; }

void ScriptedCollector::restart() { ++boot_[0]; }

void ScriptedCollector::restore(const DeviceId& dev, std::size_t keep) {
    auto& device = devices_.at(dev.text());
    device.records.resize(keep);
    device.heads.resize(keep + 1);
    restart();
}

Bytes ScriptedCollector::ack(const DeviceId& dev, std::uint64_t seq, const SigningKey& key, const BootId& boot) const {
    const auto& device = devices_.at(dev.text());
    Ack ack{};
    ack.boot = boot;
    ack.gen = 1;
    ack.epoch = device.epoch.value();
    ack.seq = seq;
    if (seq > 0) ack.head = device.heads.at(seq);
    ack.credit = credit;
    return seal_message(MessageKind::ack, dev, encode_body(ack), key);
}

std::vector<Bytes> ScriptedCollector::receive(const DeviceId& dev, ByteView message) {
    auto& device = devices_.at(dev.text());
    if (!is_message(message)) return take_frame(dev, device, message);
    const auto envelope = open_message(message);
    if (!envelope || !verify_message(*envelope, dev, *device.key)) return ++problems, std::vector<Bytes>{};
    if (envelope->kind == MessageKind::hello) {
        const auto hello = decode_hello(envelope->json);
        if (!hello) return ++problems, std::vector<Bytes>{};
        ++device.hellos;
        return {answer_hello(dev, device, *hello)};
    }
    if (envelope->kind == MessageKind::beat) {
        problems += decode_beat(envelope->json) ? 0 : 1;
        ++device.beats;
    } else if (envelope->kind == MessageKind::lost) {
        const auto lost = decode_lost(envelope->json);
        if (!lost) return ++problems, std::vector<Bytes>{};
        device.lost.push_back(*lost);
        if (lost->from == device.records.size() + 1) {
            device.records.resize(lost->to, "lost");
            device.heads.resize(lost->to + 1);
            device.heads[lost->to] = lost->head_at_to;
        }
    } else {
        ++problems;
    }
    return {};
}

Bytes ScriptedCollector::answer_hello(const DeviceId& dev, Device& device, const Hello& hello) {
    StateReply state{};
    state.nonce = hello.nonce;
    state.boot = boot_;
    state.gen = 1;
    for (const auto& asked : hello.epochs) {
        StateEpoch epoch{};
        epoch.epoch = asked.epoch;
        if (device.epoch && *device.epoch == asked.epoch) {
            epoch.high = device.records.size();
            epoch.at = std::min<std::uint64_t>(asked.last_seq, epoch.high);
            if (epoch.at > 0) epoch.head = device.heads[epoch.at];
        }
        state.epochs.push_back(epoch);
    }
    return seal_message(MessageKind::state, dev, encode_body(state), key_);
}

std::vector<Bytes> ScriptedCollector::take_frame(const DeviceId& dev, Device& device, ByteView bytes) {
    const auto frame = decode_frame(bytes);
    if (!frame) return ++problems, std::vector<Bytes>{};
    const auto heads = verify_frame(*frame, dev, *device.key);
    if (!heads) return ++problems, std::vector<Bytes>{};
    ++device.frames;
    if (!device.epoch && frame->first == 1) {
        device.epoch = frame->epoch;
        device.heads = {frame->base};
    }
    const std::uint64_t high = device.records.size();
    if (!device.epoch || *device.epoch != frame->epoch || frame->first > high + 1) return {};
    for (std::size_t i = 0; i < frame->entries.size(); ++i) {
        const std::uint64_t seq = frame->first + i;
        if (seq <= high) continue;
        const auto& entry = frame->entries[i];
        const std::string text{as_text(entry.bytes)};
        if (!refuse_type.empty() && !entry.tombstone && text.find(refuse_type) != std::string::npos) {
            Refusal refusal{};
            refusal.boot = boot_;
            refusal.epoch = frame->epoch;
            refusal.seq = seq;
            refusal.code = "schema";
            return {seal_message(MessageKind::refusal, dev, encode_body(refusal), key_)};
        }
        if (!entry.tombstone) {
            const auto record = parse_record(text);
            problems += record && record->seq == seq ? 0 : 1;
        }
        device.tombstones += entry.tombstone ? 1 : 0;
        device.records.push_back(text);
        device.heads.push_back((*heads)[i + 1]);
    }
    return {ack(dev, device.records.size(), key_, boot_)};
}
