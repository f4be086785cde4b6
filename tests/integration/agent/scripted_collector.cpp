#include "tests/integration/agent/scripted_collector.hpp"

#include <thread>

#include "common/core/chain.hpp"
#include "common/core/crypto.hpp"
#include "common/core/topics.hpp"
#include "common/io/files.hpp"

namespace gantry::testing {
namespace {

MqttOptions options(const std::string& url) {
    MqttOptions out;
    out.url = url;
    out.client_id = "collector";
    out.subscriptions = {std::string{any_device_up}, "gantry/v1/+/+/status"};
    out.reconnect_min = std::chrono::milliseconds{100};
    out.reconnect_max = std::chrono::milliseconds{500};
    return out;
}

}  // namespace

ScriptedCollector::ScriptedCollector(const std::string& broker_url, const DeviceId& dev)
    : dev_{dev},
      key_{SigningKey::from_seed(KeySeed{1, 2, 3})},
      link_{options(broker_url),
            {.on_message =
                 [this](std::string_view topic, ByteView payload, bool retained) {
                     const std::lock_guard guard{mutex_};
                     if (!retained) inbox_.emplace_back(topic, Bytes(payload.begin(), payload.end()));
                 },
             .on_connection =
                 [this](bool up, std::string_view) {
                     const std::lock_guard guard{mutex_};
                     up_ = up;
                 },
             .on_published = {}}} {
    link_.start();
    pump_until([this] { return link_.connected(); });
    restart();
}

std::string ScriptedCollector::provisioning() const {
    const std::string key = to_hex(key_.public_key());
    return "receipt_key = \"" + key + "\"\nrecovery_key = \"" + key + "\"\ncollector_id = \"main\"\n";
}

void ScriptedCollector::restart() {
    files::random_bytes(boot_);
    const std::string status = R"({"state":"up","gen":1,"boot":")" + to_hex(boot_) + "\"}";
    link_.try_publish("gantry/v1/_collector/main/status", as_bytes(status), true);
}

bool ScriptedCollector::pump_until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done()) {
        std::deque<std::pair<std::string, Bytes>> taken;
        {
            const std::lock_guard guard{mutex_};
            taken.swap(inbox_);
        }
        for (const auto& [topic, payload] : taken) handle(topic, payload);
        if (!taken.empty()) continue;
        if (std::chrono::steady_clock::now() > deadline) return done();
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

void ScriptedCollector::handle(const std::string& topic, const Bytes& payload) {
    if (topic.ends_with("/status")) {
        if (as_text(payload) == R"({"state":"up"})") ++ups;
        return;
    }
    const PublicKey verifier{record_key_};
    if (!is_message(payload)) {
        const auto frame = decode_frame(payload);
        if (!frame || !verify_frame(*frame, dev_, verifier))
            ++bad;
        else
            handle(*frame);
        return;
    }
    const auto envelope = open_message(payload);
    if (!envelope || !verify_message(*envelope, dev_, verifier)) {
        ++bad;
        return;
    }
    switch (envelope->kind) {
        case MessageKind::hello:
            return handle(decode_hello(envelope->json).value());
        case MessageKind::beat:
            ++beats;
            return;
        case MessageKind::lost: {
            losts.push_back(decode_lost(envelope->json).value());
            auto& log = log_of(losts.back().epoch);
            log.heads.resize(losts.back().to + 1, losts.back().head_at_to);
            log.records.resize(losts.back().to);
            return ack(losts.back().epoch, credit);
        }
        case MessageKind::contradiction:
            ++contradictions;
            return;
        default:
            ++bad;
    }
}

ScriptedCollector::EpochLog& ScriptedCollector::log_of(const EpochId& epoch) {
    const auto [place, fresh] = epochs.try_emplace(epoch);
    if (fresh) order.push_back(epoch);
    return place->second;
}

void ScriptedCollector::handle(const Hello& hello) {
    ++hellos;
    if (!answers_hello) return;
    StateReply state;
    state.nonce = hello.nonce;
    state.boot = boot_;
    state.gen = 1;
    for (const HelloEpoch& asked : hello.epochs) {
        const EpochLog& log = log_of(asked.epoch);
        StateEpoch told{asked.epoch, log.high(), std::min(asked.last_seq, log.high()), {}, log.conflict};
        if (told.at > 0) told.head = log.heads[told.at];
        state.epochs.push_back(told);
    }
    send(MessageKind::state, encode_body(state));
}

void ScriptedCollector::handle(const Frame& frame) {
    ++frames;
    if (!answers_frames) return;
    EpochLog& log = log_of(frame.epoch);
    const auto heads = frame_heads(frame);
    if (log.heads.empty() && frame.first == 1) log.heads.push_back(frame.base);
    for (std::size_t i = 0; i < frame.entries.size(); ++i) {
        const std::uint64_t seq = frame.first + i;
        if (seq != log.high() + 1) continue;
        if (log.heads.back() != heads[i]) {
            ++bad;
            return;
        }
        const std::string bytes{as_text(frame.entries[i].bytes)};
        if (const auto code = refuse && !frame.entries[i].tombstone ? refuse(seq, bytes) : std::nullopt) {
            send(MessageKind::refusal, encode_body(Refusal{boot_, frame.epoch, seq, *code}));
            break;
        }
        if (frame.entries[i].tombstone) log.tombstones[seq] = frame.entries[i].digest;
        log.heads.push_back(heads[i + 1]);
        log.records.push_back(bytes);
    }
    ack(frame.epoch, credit);
}

Ack ScriptedCollector::right_ack(const EpochId& epoch) {
    const EpochLog& log = log_of(epoch);
    Ack ack;
    ack.boot = boot_;
    ack.gen = 1;
    ack.epoch = epoch;
    ack.seq = log.high();
    if (ack.seq > 0) ack.head = log.heads.back();
    ack.size = ack.leaf = log.high();
    ack.credit = credit;
    return ack;
}

void ScriptedCollector::ack(const EpochId& epoch, std::uint32_t credit_now) {
    Ack ack = right_ack(epoch);
    ack.credit = credit_now;
    send_signed(ack, key_);
}

void ScriptedCollector::send_signed(const Ack& ack, const SigningKey& key) {
    link_.try_publish(device_topic(dev_, Channel::down), seal_message(MessageKind::ack, dev_, encode_body(ack), key));
}

void ScriptedCollector::send(MessageKind kind, const std::string& body) {
    link_.try_publish(device_topic(dev_, Channel::down), seal_message(kind, dev_, body, key_));
}

bool ScriptedCollector::holds(const std::string& text) const {
    for (const auto& [id, log] : epochs) {
        for (const auto& record : log.records) {
            if (record.find(text) != std::string::npos) return true;
        }
    }
    return false;
}

}  // namespace gantry::testing
