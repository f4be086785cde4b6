#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/bytes.hpp"
#include "common/core/crypto.hpp"
#include "common/core/ids.hpp"
#include "common/core/result.hpp"

// Everything that flies beside frames: "GTM1" ‖ u8 kind ‖ sig[64] ‖ JSON. The signature covers
// "gantry/v1 msg\n" ‖ u8 kind ‖ dev ‖ "\n" ‖ ("up" | "down") ‖ "\n" ‖ the JSON bytes as sent. Nothing is re-serialised
// to verify.
namespace gantry {

enum class MessageKind : std::uint8_t {
    hello = 1,
    state = 2,
    ack = 3,
    refusal = 4,
    lost = 5,
    beat = 6,
    settings = 7,
    rekey = 8,
    contradiction = 9,
};

constexpr bool is_upward(MessageKind kind) {
    return kind == MessageKind::hello || kind == MessageKind::lost || kind == MessageKind::beat ||
           kind == MessageKind::contradiction;
}

// Where an epoch branches off its device's history.
struct EpochParent {
    EpochId epoch{};
    std::uint64_t last_seq = 0;
    Hash last_head{};
    bool operator==(const EpochParent&) const = default;
};

struct HelloEpoch {
    EpochId epoch{};
    std::optional<EpochParent> parent;
    std::uint64_t last_seq = 0;
    Hash last_head{};
};

// Agent: "here I am; this is what I hold". Not-receipted epochs first, at most limits::hello_epochs_max.
struct Hello {
    std::string nonce;  // 1 to 64 of [a-z0-9]; the state that answers repeats it
    std::int64_t t_ms = 0;
    std::int64_t mono_ms = 0;
    std::string boot_agent;
    std::vector<HelloEpoch> epochs;
};

struct StateEpoch {
    EpochId epoch{};
    std::uint64_t high = 0;    // last stored seq
    std::uint64_t at = 0;      // min(asked last_seq, high)
    std::optional<Hash> head;  // chain value at `at`; none when nothing is stored
    bool conflict = false;
};

// Collector: the answer to a hello.
struct StateReply {
    std::string nonce;
    BootId boot{};
    std::uint64_t gen = 0;
    std::int64_t t_received_ms = 0;
    std::int64_t t_sent_ms = 0;
    std::vector<StateEpoch> epochs;
};

// Collector: committed through `seq`. Only this lets an agent forget.
struct Ack {
    BootId boot{};
    std::uint64_t gen = 0;
    EpochId epoch{};
    std::uint64_t seq = 0;  // 0 with head none: the epoch is unknown here
    std::optional<Hash> head;
    std::uint64_t leaf = 0;  // log index of the record at `seq`
    std::uint64_t size = 0;  // log size then
    std::optional<std::uint64_t> want;
    std::uint32_t credit = 0;  // records that may be in flight after `seq`; 0 = pause
};

enum class RefusalClass { record, later, identity };

struct Refusal {
    BootId boot{};
    EpochId epoch{};
    std::uint64_t seq = 0;
    std::string code;
};

// The class that a refusal code belongs to: schema utf8 too_large | unknown_type unknown_version busy | unknown_key
// revoked bad_signature part conflict. A code not known here is treated as `later`: keep everything, retry slowly.
RefusalClass refusal_class(std::string_view code);

// Agent: pruned before the collector had it (again).
struct Lost {
    EpochId epoch{};
    std::optional<EpochParent> parent;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    Hash head_at_to{};
    Hash host{};                  // the epoch's host fingerprint: its epoch_open may be among what is lost
    std::uint8_t host_parts = 0;  // which parts the fingerprint has: 1 machine id, 2 DMI uuid
};

struct Beat {
    std::int64_t t_ms = 0;
    std::int64_t mono_ms = 0;
    std::uint64_t pending = 0;
    std::uint64_t outbox_bytes = 0;
    std::string version;
};

struct Settings {
    std::uint64_t version = 0;  // monotonic; older ones are ignored
    std::optional<std::uint32_t> linger_ms;
};

struct Rekey {
    PublicKey new_key{};
    bool by_recovery = false;  // signed by the recovery key pinned at enrolment, else by the old receipt key
};

// Agent: the state's head at `at` is not in my history; mine is `head`.
struct Contradiction {
    EpochId epoch{};
    std::uint64_t at = 0;
    Hash head{};
};

std::string encode_body(const Hello&);
std::string encode_body(const StateReply&);
std::string encode_body(const Ack&);
std::string encode_body(const Refusal&);
std::string encode_body(const Lost&);
std::string encode_body(const Beat&);
std::string encode_body(const Settings&);
std::string encode_body(const Rekey&);
std::string encode_body(const Contradiction&);

// Each refuses a body with a missing, doubled or ill-formed member; members it does not know are passed over.
Result<Hello> decode_hello(std::string_view json);
Result<StateReply> decode_state(std::string_view json);
Result<Ack> decode_ack(std::string_view json);
Result<Refusal> decode_refusal(std::string_view json);
Result<Lost> decode_lost(std::string_view json);
Result<Beat> decode_beat(std::string_view json);
Result<Settings> decode_settings(std::string_view json);
Result<Rekey> decode_rekey(std::string_view json);
Result<Contradiction> decode_contradiction(std::string_view json);

// A message taken apart but not yet believed; `json` views into the input.
struct Envelope {
    MessageKind kind{};
    Signature signature{};
    std::string_view json;
};

// True when `bytes` begin as a message; a frame begins otherwise.
bool is_message(ByteView bytes);
Result<Envelope> open_message(ByteView bytes);
bool verify_message(const Envelope& envelope, const DeviceId& dev, const PublicKey& key);

// Signs a body; the direction follows from the kind.
Bytes seal_message(MessageKind kind, const DeviceId& dev, std::string_view json, const SigningKey& key);

}  // namespace gantry
