// The bodies of messages as the JSON that is signed.
#include "common/core/json.hpp"
#include "common/core/messages.hpp"

namespace gantry {
namespace {

// -----------------------------------------------------------------------------------------------------------------

void write_optional_hash(JsonWriter& json, std::string_view name, const std::optional<Hash>& hash) {
    json.key(name);
    if (hash)
        json.value(to_hex(*hash));
    else
        json.null();
}

void write_parent(JsonWriter& json, const std::optional<EpochParent>& parent) {
    json.key("parent");
    if (!parent) {
        json.null();
        return;
    }
    json.begin_object()
        .field("epoch", to_hex(parent->epoch))
        .field("last_seq", parent->last_seq)
        .field("last_head", to_hex(parent->last_head))
        .end_object();
}

}  // namespace

std::string encode_body(const Hello& hello) {
    std::string out;
    JsonWriter json{out};
    json.begin_object()
        .field("nonce", hello.nonce)
        .field("t", hello.t_ms)
        .field("mono", hello.mono_ms)
        .field("boot_agent", hello.boot_agent)
        .key("epochs")
        .begin_array();
    for (const HelloEpoch& epoch : hello.epochs) {
        json.begin_object().field("epoch", to_hex(epoch.epoch));
        write_parent(json, epoch.parent);
        json.field("last_seq", epoch.last_seq).field("last_head", to_hex(epoch.last_head)).end_object();
    }
    json.end_array().end_object();
    return out;
}

std::string encode_body(const StateReply& state) {
    std::string out;
    JsonWriter json{out};
    json.begin_object()
        .field("nonce", state.nonce)
        .field("boot", to_hex(state.boot))
        .field("gen", state.gen)
        .field("t_received", state.t_received_ms)
        .field("t_sent", state.t_sent_ms)
        .key("epochs")
        .begin_array();
    for (const StateEpoch& epoch : state.epochs) {
        json.begin_object().field("epoch", to_hex(epoch.epoch)).field("high", epoch.high).field("at", epoch.at);
        write_optional_hash(json, "head", epoch.head);
        if (epoch.conflict) json.field("conflict", true);
        json.end_object();
    }
    json.end_array().end_object();
    return out;
}

std::string encode_body(const Ack& ack) {
    std::string out;
    JsonWriter json{out};
    json.begin_object()
        .field("boot", to_hex(ack.boot))
        .field("gen", ack.gen)
        .field("epoch", to_hex(ack.epoch))
        .field("seq", ack.seq);
    write_optional_hash(json, "head", ack.head);
    json.field("leaf", ack.leaf).field("size", ack.size);
    if (ack.want) json.field("want", *ack.want);
    json.field("credit", ack.credit).end_object();
    return out;
}

std::string encode_body(const Refusal& refusal) {
    std::string out;
    JsonWriter{out}
        .begin_object()
        .field("boot", to_hex(refusal.boot))
        .field("epoch", to_hex(refusal.epoch))
        .field("seq", refusal.seq)
        .field("code", refusal.code)
        .end_object();
    return out;
}

std::string encode_body(const Lost& lost) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("epoch", to_hex(lost.epoch));
    write_parent(json, lost.parent);
    json.field("from", lost.from)
        .field("to", lost.to)
        .field("head_at_to", to_hex(lost.head_at_to))
        .field("host", to_hex(lost.host))
        .field("host_parts", std::uint64_t{lost.host_parts})
        .end_object();
    return out;
}

std::string encode_body(const Beat& beat) {
    std::string out;
    JsonWriter{out}
        .begin_object()
        .field("t", beat.t_ms)
        .field("mono", beat.mono_ms)
        .field("pending", beat.pending)
        .field("outbox_bytes", beat.outbox_bytes)
        .field("version", beat.version)
        .end_object();
    return out;
}

std::string encode_body(const Settings& settings) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("version", settings.version);
    if (settings.linger_ms) json.field("linger_ms", *settings.linger_ms);
    json.end_object();
    return out;
}

std::string encode_body(const Rekey& rekey) {
    std::string out;
    JsonWriter{out}
        .begin_object()
        .field("new", to_hex(rekey.new_key))
        .field("by_recovery", rekey.by_recovery)
        .end_object();
    return out;
}

std::string encode_body(const Contradiction& contradiction) {
    std::string out;
    JsonWriter{out}
        .begin_object()
        .field("epoch", to_hex(contradiction.epoch))
        .field("at", contradiction.at)
        .field("head", to_hex(contradiction.head))
        .end_object();
    return out;
}

}  // namespace gantry
