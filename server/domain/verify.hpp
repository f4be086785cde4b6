#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/core/frame.hpp"
#include "common/core/messages.hpp"
#include "common/core/record.hpp"
#include "common/core/schema.hpp"
#include "server/domain/record_body.hpp"

// What an agent sent, checked as far as it can be without knowing what is stored: layout, schema, chain, signature.
namespace gantry {

// The body of an epoch's first record.
struct EpochOpen {
    std::optional<EpochParent> parent;
    std::string reason;
    Hash host{};
    std::uint8_t host_parts = 0;  // 1 machine id, 2 DMI uuid
};
Result<EpochOpen> parse_epoch_open(std::string_view body);

// A frame whose signature and chain hold. Views point into the bytes it was read from.
struct VerifiedFrame {
    Frame frame;
    std::vector<Hash> heads;          // heads[i] = chain value before entry i; one more than entries
    std::vector<UseBody> uses;        // of usage records among them, at the same places; empty when there is none
    std::vector<RecordView> records;  // of the entries before `valid`; a tombstone's is empty
    std::size_t valid = 0;            // entries that may be stored
    std::string refusal;              // code of the entry at `valid`; empty when all are good
    std::string detail;               // why, without any value from inside the record
    std::optional<EpochOpen> open;    // of record 1, when the frame has it
};

// Why a frame or message is not believed. It goes to quarantine; with `epoch` the sender is told, too.
struct Rejected {
    std::string reason;  // layout, signature, chain, schema, direction: a label of gantry_frames_refused_total
    std::string detail;
    std::optional<EpochId> epoch;
    std::uint64_t seq = 0;
    std::string code;  // refusal code; empty: no answer
};

// Pure: bytes to a verified frame. `key` is the device's record key.
std::variant<VerifiedFrame, Rejected> verify_up_frame(ByteView bytes, const DeviceId& dev, const PublicKey& key,
                                                      const Schema& schema);

// Pure: what becomes of a frame or message of a device that is in the register without a key.
Rejected reject_without_key(ByteView bytes);

using UpMessage = std::variant<Hello, Lost, Beat, Contradiction>;

// Pure: bytes to an upward message whose signature holds.
std::variant<UpMessage, Rejected> verify_up_message(ByteView bytes, const DeviceId& dev, const PublicKey& key);

}  // namespace gantry
