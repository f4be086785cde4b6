#include "server/ingest/sender.hpp"

#include "common/core/json.hpp"
#include "common/core/topics.hpp"
#include "common/io/clock.hpp"

namespace gantry::ingest {
namespace {

constexpr std::chrono::milliseconds idle_wait{1000};
constexpr std::chrono::milliseconds full_wait{5};  // the transport has its hands full: look again soon
constexpr std::int64_t stop_limit_ms = 2000;

}  // namespace

Sender::Sender(ReceiptQueue& queue, Transport& transport, SigningKey receipt_key, CollectorId id, BootId boot,
               std::uint64_t gen, Metrics& metrics)
    : queue_{queue},
      transport_{transport},
      key_{std::move(receipt_key)},
      id_{std::move(id)},
      boot_{boot},
      gen_{gen},
      metrics_{metrics} {}

std::string Sender::status_json(std::string_view state, std::uint64_t gen, const BootId& boot) {
    std::string out;
    JsonWriter{out}.begin_object().field("state", state).field("gen", gen).field("boot", to_hex(boot)).end_object();
    return out;
}

void Sender::start() {
    thread_ = std::thread{[this] { run(); }};
}

void Sender::stop() {
    if (!thread_.joinable()) return;
    stop_at_ms_ = clock::monotonic_ms() + stop_limit_ms;
    stopping_ = true;
    queue_.wake();
    thread_.join();
}

void Sender::wake() { queue_.wake(); }

void Sender::run() {
    transport_.start();
    while (true) {
        keep_status();
        const auto waiting = queue_.take(idle_wait);
        if (waiting)
            send(*waiting);
        else if (stopping_)
            break;
        if (stopping_ && clock::monotonic_ms() > stop_at_ms_) break;
    }
    const std::string goodbye = status_json("stopped", gen_, boot_);
    if (transport_.connected()) deliver(collector_status_topic(id_), as_bytes(goodbye), true);
    transport_.stop();
}

void Sender::keep_status() {
    const bool connected = transport_.connected();
    metrics_.broker_connected = connected ? 1 : 0;
    if (!connected) status_told_ = false;
    if (!connected || status_told_) return;
    const std::string status = status_json("running", gen_, boot_);
    status_told_ = transport_.try_publish(collector_status_topic(id_), as_bytes(status), true);
}

void Sender::send(const Waiting& waiting) {
    // A state first: receipts of a boot that the agent has not greeted would make it ask again.
    for (const StateReply& waiting_state : waiting.states) {
        StateReply state = waiting_state;
        state.t_sent_ms = clock::utc_ms();
        if (!publish(waiting.dev, MessageKind::state, encode_body(state))) return;
    }
    for (const Ack& ack : waiting.acks)
        if (!publish(waiting.dev, MessageKind::ack, encode_body(ack))) return;
    for (const Refusal& refusal : waiting.refusals)
        if (!publish(waiting.dev, MessageKind::refusal, encode_body(refusal))) return;
}

bool Sender::publish(const DeviceId& dev, MessageKind kind, const std::string& json) {
    const Bytes message = seal_message(kind, dev, json, key_);
    const bool sent = deliver(device_topic(dev, Channel::down), message, false);
    ++(sent ? metrics_.messages_sent : metrics_.messages_dropped);
    return sent;
}

bool Sender::deliver(const std::string& topic, ByteView payload, bool retained) {
    while (!transport_.try_publish(topic, payload, retained)) {
        // Without a connection receipts are not kept: after it is back the agents ask, and the answer is newer than
        // what would wait here.
        if (!transport_.connected()) return false;
        if (stopping_ && clock::monotonic_ms() > stop_at_ms_) return false;
        std::this_thread::sleep_for(full_wait);
    }
    return true;
}

}  // namespace gantry::ingest
