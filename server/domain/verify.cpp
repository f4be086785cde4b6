#include "server/domain/verify.hpp"

#include <fmt/format.h>

#include "common/core/chain.hpp"
#include "common/core/json.hpp"

namespace gantry {
namespace {

std::string_view refusal_code(const Error& error) {
    switch (error.code) {
        case Errc::not_found:
            return "unknown_type";
        case Errc::too_large:
            return "too_large";
        default:
            return error.message.find("invalid UTF-8") != std::string::npos ? "utf8" : "schema";
    }
}

std::optional<EpochParent> read_parent(JsonCursor& in) {
    if (in.peek() == JsonCursor::Kind::null) {
        in.null();
        return std::nullopt;
    }
    EpochParent parent;
    std::string_view key, text;
    std::int64_t number = 0;
    in.enter_object();
    while (in.next_key(key)) {
        if (key == "last_seq") {
            if (in.integer(number)) parent.last_seq = static_cast<std::uint64_t>(number);
        } else if (in.plain_string(text)) {
            if (key == "epoch") (void)from_hex(text, parent.epoch);
            if (key == "last_head") (void)from_hex(text, parent.last_head);
        }
    }
    return parent;
}

std::uint8_t read_host_parts(JsonCursor& in) {
    std::uint8_t parts = 0;
    std::string_view part;
    in.enter_array();
    while (in.next_element())
        if (in.plain_string(part)) parts = static_cast<std::uint8_t>(parts | (part == "machine_id" ? 1 : 2));
    return parts;
}

// The rules on one record that no schema can say. Empty: fine.
std::string_view misplaced(const RecordView& record, std::uint64_t seq, const Schema& schema) {
    if (record.seq != seq) return "seq is not its place in the frame";
    if ((record.type == "epoch_open") != (seq == 1)) return "epoch_open stands at seq 1 and nowhere else";
    const EventType* type = schema.find(record.type);
    if (type && type->agent_only && record.src != Source::agent) return "only the agent itself writes this type";
    return {};
}

// Reads entry `i`; false when it may not be stored, with refusal and detail set.
bool read_entry(VerifiedFrame& out, std::size_t i, const DeviceId& dev, const Schema& schema) {
    const FrameEntry& entry = out.frame.entries[i];
    const std::uint64_t seq = out.frame.first + i;
    const auto refuse = [&](std::string_view code, std::string detail) {
        out.refusal = code;
        out.detail = std::move(detail);
        return false;
    };
    if (entry.tombstone) {
        if (seq == 1)
            return refuse("schema", "record 1 of an epoch must be there: it says where the epoch branches off");
        out.records.emplace_back();
        return true;
    }
    const auto record = parse_record(as_text(entry.bytes), &schema);
    if (!record) return refuse(refusal_code(record.error()), record.error().message);
    if (const auto fault = misplaced(*record, seq, schema); !fault.empty()) return refuse("schema", std::string{fault});
    if (seq == 1) {
        auto open = parse_epoch_open(record->body);
        if (!open) return refuse("schema", open.error().message);
        const Hash start = chain_start(dev, out.frame.epoch, open->parent ? open->parent->last_head : zero_hash);
        if (start != out.frame.base) return refuse("schema", "the epoch's base does not follow from its parent");
        out.open = std::move(*open);
    }
    out.records.push_back(*record);
    if (is_use(record->type)) {
        out.uses.resize(out.frame.entries.size());
        out.uses[i] = read_use(record->body);
    }
    return true;
}

}  // namespace

Result<EpochOpen> parse_epoch_open(std::string_view body) {
    EpochOpen out;
    JsonCursor in{body};
    std::string_view key, text;
    in.enter_object();
    while (in.next_key(key)) {
        if (key == "parent") {
            out.parent = read_parent(in);
        } else if (key == "host_parts") {
            out.host_parts = read_host_parts(in);
        } else if (key == "host" || key == "reason") {
            if (!in.plain_string(text)) break;
            if (key == "reason") out.reason = text;
            if (key == "host")
                if (auto parsed = from_hex(text, out.host); !parsed) return parsed.error();
        } else if (!in.skip()) {
            break;
        }
    }
    if (in.failed() || !in.at_end()) return in.error();
    return out;
}

std::variant<VerifiedFrame, Rejected> verify_up_frame(ByteView bytes, const DeviceId& dev, const PublicKey& key,
                                                      const Schema& schema) {
    auto frame = decode_frame(bytes);
    if (!frame) return Rejected{"layout", frame.error().message, std::nullopt, 0, {}};
    VerifiedFrame out;
    out.frame = std::move(*frame);
    auto heads = verify_frame(out.frame, dev, key);
    if (!heads) {
        const bool chain = heads.error().message.find("signature") == std::string::npos;
        return Rejected{chain ? "chain" : "signature", heads.error().message, out.frame.epoch, out.frame.first,
                        "bad_signature"};
    }
    out.heads = std::move(*heads);
    out.records.reserve(out.frame.entries.size());
    while (out.valid < out.frame.entries.size() && read_entry(out, out.valid, dev, schema)) ++out.valid;
    return out;
}

Rejected reject_without_key(ByteView bytes) {
    Rejected out{"unknown_key", "the register has no record key of this device", std::nullopt, 0, {}};
    if (const auto frame = decode_frame(bytes)) {
        out.epoch = frame->epoch;
        out.seq = frame->first;
        out.code = "unknown_key";
    }
    return out;
}

std::variant<UpMessage, Rejected> verify_up_message(ByteView bytes, const DeviceId& dev, const PublicKey& key) {
    const auto envelope = open_message(bytes);
    if (!envelope) return Rejected{"layout", envelope.error().message, std::nullopt, 0, {}};
    if (!is_upward(envelope->kind))
        return Rejected{"direction", "message: a kind that only the collector sends", std::nullopt, 0, {}};
    if (!verify_message(*envelope, dev, key))
        return Rejected{"signature", "message: signature is not by the device's record key", std::nullopt, 0, {}};
    const auto settle = [](auto decoded) -> std::variant<UpMessage, Rejected> {
        if (!decoded) return Rejected{"layout", decoded.error().message, std::nullopt, 0, {}};
        return UpMessage{std::move(*decoded)};
    };
    switch (envelope->kind) {
        case MessageKind::hello:
            return settle(decode_hello(envelope->json));
        case MessageKind::lost:
            return settle(decode_lost(envelope->json));
        case MessageKind::beat:
            return settle(decode_beat(envelope->json));
        default:
            return settle(decode_contradiction(envelope->json));
    }
}

}  // namespace gantry
