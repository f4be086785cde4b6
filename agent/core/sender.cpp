#include "agent/core/sender.hpp"

#include <algorithm>

#include "common/core/frame.hpp"
#include "common/core/topics.hpp"
#include "common/io/log.hpp"

namespace gantry::agent {
namespace {

constexpr std::int64_t marks_wait_ms = 5'000;
constexpr std::int64_t stuck_retry_ms = 5'000;
constexpr std::int64_t publish_retry_ms = 200;
constexpr std::string_view meta_linger = "settings.linger_ms";
constexpr std::string_view meta_settings_version = "settings.version";
constexpr std::string_view meta_receipt_key = "receipt_key";
constexpr std::string_view meta_receipt_key_instead_of = "receipt_key.instead_of";

std::uint64_t number(const std::optional<std::string>& text) {
    return text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
}

// The collector's own announcement: a hint, unsigned, so nothing but its boot is used.
std::optional<BootId> announced_boot(ByteView payload) {
    JsonCursor json{as_text(payload)};
    std::optional<BootId> boot;
    std::string_view key, text;
    if (!json.enter_object()) return std::nullopt;
    while (json.next_key(key)) {
        if (key == "boot" && json.plain_string(text)) {
            if (const auto parsed = array_from_hex<16>(text)) boot = *parsed;
        } else if (!json.failed()) {
            json.skip();
        }
    }
    return json.failed() ? std::nullopt : boot;
}

}  // namespace

Sender::Sender(Identity identity, Outbox& outbox, MqttLink* link, std::uint64_t seed)
    : identity_{std::move(identity)},
      outbox_{outbox},
      link_{link},
      up_topic_{device_topic(identity_.device, Channel::up)},
      down_topic_{device_topic(identity_.device, Channel::down)},
      status_topic_{device_topic(identity_.device, Channel::status)},
      collector_topic_{collector_status_topic(identity_.trust.collector)},
      receipt_key_{identity_.trust.receipt_key},
      recovery_key_{identity_.trust.recovery_key},
      delivery_{Settings{}, outbox.states(), outbox, seed} {
    load_trust();
    if (const auto linger = outbox_.meta(meta_linger)) delivery_.set_linger(static_cast<Millis>(number(linger)));
}

// A rekey holds until somebody installs another provisioning file.
void Sender::load_trust() {
    const auto instead_of = outbox_.meta(meta_receipt_key_instead_of);
    if (!instead_of || *instead_of != to_hex(identity_.trust.receipt_key)) return;
    if (const auto key = array_from_hex<32>(outbox_.meta(meta_receipt_key).value_or(""))) receipt_key_ = *key;
}

// ---- what comes in
// -------------------------------------------------------------------------------------------------------------

void Sender::take(const LinkInbox::Taken& taken, std::int64_t now_ms) {
    if (taken.was_down) {
        delivery_.disconnected(now_ms);
        log::warn("mqtt: not connected", {{"why", taken.why}});
    }
    if (taken.connection && *taken.connection) {
        log::info("mqtt: connected");
        delivery_.connected(now_ms);
        publish_status("up");
    }
    if (taken.refused_publish) delivery_.publish_refused(*taken.refused_publish, now_ms);
    for (const auto& message : taken.messages) receive(message, now_ms);
}

void Sender::receive(const LinkInbox::Message& message, std::int64_t now_ms) {
    if (message.topic == collector_topic_) {
        if (const auto boot = announced_boot(message.payload)) delivery_.collector_status(*boot, now_ms);
        return;
    }
    if (message.topic != down_topic_) {
        ++counts_.foreign;
        return;
    }
    const auto envelope = open_message(message.payload);
    if (!envelope || is_upward(envelope->kind)) {
        ++counts_.foreign;
        log::warn("down: not a message for an agent",
                  {{"why", envelope ? "kind of an agent" : envelope.error().message}});
        return;
    }
    if (envelope->kind == MessageKind::rekey) return receive_rekey(*envelope);
    if (!verify_message(*envelope, identity_.device, receipt_key_)) {
        ++counts_.forged;
        log::warn("down: signature is not the collector's",
                  {{"kind", static_cast<int>(envelope->kind)}, {"forged", counts_.forged}});
        return;
    }
    receive_signed(*envelope, now_ms);
}

void Sender::receive_signed(const Envelope& envelope, std::int64_t now_ms) {
    const auto deliver = [&](const auto& decoded) {
        if (decoded) {
            delivery_.receive(*decoded, now_ms);
        } else {
            ++counts_.foreign;
            log::warn("down: signed but malformed", {{"why", decoded.error().message}});
        }
    };
    switch (envelope.kind) {
        case MessageKind::state:
            return deliver(decode_state(envelope.json));
        case MessageKind::ack:
            return deliver(decode_ack(envelope.json));
        case MessageKind::refusal: {
            const auto refusal = decode_refusal(envelope.json);
            if (refusal) log::warn("collector refused", {{"seq", refusal->seq}, {"code", refusal->code}});
            return deliver(refusal);
        }
        case MessageKind::settings:
            if (const auto settings = decode_settings(envelope.json)) receive_settings(*settings);
            return;
        default:
            return;
    }
}

void Sender::receive_settings(const gantry::Settings& settings) {
    if (settings.version <= number(outbox_.meta(meta_settings_version))) return;
    Outbox::Batch batch{outbox_};
    batch.set_meta(meta_settings_version, std::to_string(settings.version));
    if (settings.linger_ms) batch.set_meta(meta_linger, std::to_string(*settings.linger_ms));
    batch.commit();
    if (settings.linger_ms) delivery_.set_linger(*settings.linger_ms);
    log::info("settings from the collector", {{"version", settings.version}});
}

void Sender::receive_rekey(const Envelope& envelope) {
    const auto rekey = decode_rekey(envelope.json);
    const PublicKey& signer = rekey && rekey->by_recovery ? recovery_key_ : receipt_key_;
    if (!rekey || !verify_message(envelope, identity_.device, signer)) {
        ++counts_.forged;
        return;
    }
    Outbox::Batch batch{outbox_};
    batch.set_meta(meta_receipt_key, to_hex(rekey->new_key));
    batch.set_meta(meta_receipt_key_instead_of, to_hex(identity_.trust.receipt_key));
    batch.commit();
    receipt_key_ = rekey->new_key;
    log::warn("the collector has a new receipt key", {{"key", to_hex(rekey->new_key)}});
}

// ---- what goes out
// -------------------------------------------------------------------------------------------------------------

int Sender::slots() const {
    if (!link_ || !link_->connected()) return 0;
    return static_cast<int>(link_->in_flight_max()) - static_cast<int>(link_->in_flight());
}

void Sender::appended(bool urgent, std::int64_t now_ms) {
    const EpochState& tip = outbox_.current();
    delivery_.appended(tip.id, tip.last_seq, tip.last_head, urgent, now_ms);
}

void Sender::pump(std::int64_t now_ms, const Stamp& stamp) {
    if (stuck_) {
        if (now_ms < stuck_until_ms_) return;
        const Action action = std::move(*stuck_);
        stuck_.reset();
        if (!perform(action, now_ms, stamp)) return;
    }
    if (now_ms < quiet_until_ms_) return;
    while (auto action = delivery_.next(now_ms, slots())) {
        if (perform(*action, now_ms, stamp)) continue;
        // Nearly always the moment between a lost connection and the word of it.
        quiet_until_ms_ = std::max(quiet_until_ms_, now_ms + publish_retry_ms);
        return;
    }
}

// False: stop for now.
bool Sender::perform(const Action& action, std::int64_t now_ms, const Stamp& stamp) {
    try {
        if (const auto* hello = std::get_if<SendHello>(&action)) return perform(*hello, stamp);
        if (const auto* frame = std::get_if<SendFrame>(&action)) return perform(*frame, now_ms);
        if (const auto* lost = std::get_if<SendLost>(&action)) return perform(*lost);
        if (const auto* contradiction = std::get_if<SendContradiction>(&action))
            return send(MessageKind::contradiction,
                        encode_body(Contradiction{contradiction->epoch, contradiction->at, contradiction->head}));
        if (const auto* acked = std::get_if<MarkAcked>(&action)) {
            if (marks_.empty()) marks_since_ms_ = now_ms;
            marks_[acked->epoch] = acked->seq;
        } else if (const auto* pending = std::get_if<MarkPending>(&action)) {
            log::warn("the collector holds less than it receipted: sending again",
                      {{"epoch", to_hex(pending->epoch)}, {"after", pending->seq}});
            if (marks_.empty()) marks_since_ms_ = now_ms;
            marks_[pending->epoch] = pending->seq;
        } else if (const auto* rehome = std::get_if<Rehome>(&action)) {
            open_epoch("rollback", &rehome->epoch, now_ms, stamp);
        } else if (std::holds_alternative<OpenBacklogEpoch>(action)) {
            open_epoch("backlog", nullptr, now_ms, stamp);
        } else if (const auto* poisoned = std::get_if<Poison>(&action)) {
            poison(*poisoned, now_ms, stamp);
        } else if (std::holds_alternative<Reconnect>(action)) {
            if (link_) link_->reconnect("no receipt for two retry periods");
        } else if (const auto* alarm = std::get_if<Alarm>(&action)) {
            ++counts_.alarms;
            log::error("alarm: " + alarm->text);
        }
        return true;
    } catch (const sql::SqlBroken&) {
        throw;
    } catch (const sql::SqlError& error) {
        log::error("outbox: cannot write, trying again", {{"why", error.what()}});
        stuck_ = action;
        stuck_until_ms_ = now_ms + stuck_retry_ms;
        return false;
    }
}

bool Sender::send(MessageKind kind, std::string_view json) {
    return link_ && link_->try_publish(up_topic_, seal_message(kind, identity_.device, json, identity_.key));
}

bool Sender::perform(const SendHello& action, const Stamp& stamp) {
    Hello hello;
    hello.nonce = action.nonce;
    hello.t_ms = stamp.t_ms;
    hello.mono_ms = stamp.mono_ms;
    hello.boot_agent = stamp.boot;
    hello.epochs = action.epochs;
    return send(MessageKind::hello, encode_body(hello));
}

bool Sender::perform(const SendFrame& action, std::int64_t now_ms) {
    std::vector<StoredRecord> records;
    std::size_t bytes = frame_overhead_bytes;
    const std::uint64_t count = std::min<std::uint64_t>(action.records_max, limits::frame_entries_max);
    outbox_.read(action.epoch, action.first, count, [&](const StoredRecord& record) {
        constexpr std::size_t length_bytes = 4;
        const bool in_order = record.seq == action.first + records.size();
        if (!in_order || bytes + length_bytes + record.bytes.size() > limits::frame_bytes_max) return false;
        bytes += length_bytes + record.bytes.size();
        records.push_back(record);
        return true;
    });
    const auto base = outbox_.head_at(action.epoch, action.first - 1);
    if (records.empty() || !base) {
        log::error("outbox: records that should be here are not",
                   {{"epoch", to_hex(action.epoch)}, {"first", action.first}});
        quiet_until_ms_ = now_ms + stuck_retry_ms;
        return false;
    }
    std::vector<FrameEntry> entries;
    for (const StoredRecord& record : records) {
        FrameEntry entry = FrameEntry::of_record(as_bytes(record.bytes));
        entries.push_back(record.poisoned ? FrameEntry::of_tombstone(entry.length, entry.digest) : entry);
    }
    const Bytes frame = encode_frame(identity_.device, action.epoch, action.first, *base, entries, identity_.key);
    if (!link_ || !link_->try_publish(up_topic_, frame)) return false;
    delivery_.frame_sent(action.epoch, action.first + records.size() - 1, now_ms);
    return true;
}

bool Sender::perform(const SendLost& action) {
    Lost lost;
    lost.epoch = action.epoch;
    lost.parent = action.parent;
    lost.from = action.from;
    lost.to = action.to;
    lost.head_at_to = outbox_.head_at(action.epoch, action.to).value_or(zero_hash);
    lost.host = action.host;
    lost.host_parts = action.host_parts;
    log::error("alarm: records gone from the tail that the collector does not have",
               {{"from", lost.from}, {"to", lost.to}});
    return send(MessageKind::lost, encode_body(lost));
}

void Sender::open_epoch(std::string_view reason, const EpochId* rehome, std::int64_t now_ms, const Stamp& stamp) {
    Outbox::Batch batch{outbox_};
    write_marks(batch);  // What is receipted need not move.
    identity_.opening.reason = reason;
    batch.open_epoch(identity_.opening, stamp);
    const std::uint64_t moved = rehome ? batch.rehome(*rehome, stamp) : 0;
    batch.commit();
    marks_written();
    log::warn("new epoch", {{"reason", reason}, {"epoch", to_hex(outbox_.current_epoch())}, {"rehomed", moved}});
    delivery_.epoch_opened(outbox_.current(), now_ms);
}

void Sender::poison(const Poison& poison, std::int64_t now_ms, const Stamp& stamp) {
    Outbox::Batch batch{outbox_};
    const auto hash = batch.poison(poison.epoch, poison.seq, stamp);
    if (!hash) return;
    std::string body;
    JsonWriter json{body};
    json.begin_object().field("count", 1).field("from", stamp.t_ms).field("to", stamp.t_ms).field("reason", "poisoned");
    json.field("sha256", to_hex(*hash)).end_object();
    batch.append({.src = Source::agent, .at_ms = {}, .type = "gap_declared", .body = body}, stamp);
    batch.commit();
    appended(true, now_ms);
}

void Sender::write_marks(Outbox::Batch& batch) {
    for (const auto& [epoch, seq] : marks_) batch.set_acked(epoch, seq);
}

bool Sender::marks_are_due(std::int64_t now_ms) const {
    return !marks_.empty() && (now_ms - marks_since_ms_ >= marks_wait_ms || outbox_.nearly_full());
}

std::uint64_t Sender::acked(const EpochId& epoch) const {
    if (const auto mark = marks_.find(epoch); mark != marks_.end()) return mark->second;
    const EpochState* state = outbox_.find(epoch);
    return state ? state->acked : 0;
}

std::uint64_t Sender::tail_records() const {
    std::uint64_t sum = 0;
    for (const EpochState& epoch : delivery_.epochs()) {
        const std::uint64_t kept = epoch.dead ? epoch.last_seq : epoch.acked;
        sum += kept > epoch.pruned ? kept - epoch.pruned : 0;
    }
    return sum;
}

void Sender::send_beat(const Beat& beat) {
    if (slots() > 0) send(MessageKind::beat, encode_body(beat));
}

void Sender::publish_status(std::string_view state) {
    std::string json;
    JsonWriter{json}.begin_object().field("state", state).end_object();
    if (link_) link_->try_publish(status_topic_, as_bytes(json), true);
}

std::int64_t Sender::next_wakeup(std::int64_t now_ms) const {
    std::int64_t wake = delivery_.next_wakeup(now_ms);
    // A closed MQTT window opens with a PUBACK, which wakes the agent; asking again before that would be a busy loop.
    if (wake <= now_ms && slots() <= 0) wake = now_ms + 1000;
    wake = std::max(wake, quiet_until_ms_);
    if (stuck_) wake = std::max(stuck_until_ms_, now_ms + 1);
    if (!marks_.empty()) wake = std::min(wake, marks_since_ms_ + marks_wait_ms);
    return std::max(wake, now_ms);
}

}  // namespace gantry::agent
