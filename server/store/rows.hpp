#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/core/bytes.hpp"
#include "common/core/crypto.hpp"
#include "common/core/leaf.hpp"
#include "server/domain/day_cell.hpp"
#include "server/domain/fold.hpp"

// The rows of the store as values. Numbers of devices and epochs count from 1 in the order of their first appearance in
// the log; 0 means none.
namespace gantry::store {

using DevNo = std::uint32_t;
using EpochNo = std::uint32_t;

// One leaf. `bytes` are the record's own bytes, or the JSON of a declaration or fact.
struct LeafRow {
    std::uint64_t idx = 0;
    LeafType type = LeafType::record;
    std::int64_t recv_ms = 0;
    DevNo dev_no = 0;
    EpochNo epoch_no = 0;
    std::uint64_t seq = 0;
    std::optional<std::uint64_t> back;  // idx - back is the device's previous leaf
    ByteView bytes;
};

// A device's entry in the register. `json` is canonical; see server/ingest/register_entry.hpp for its members.
struct DeviceRow {
    DevNo dev_no = 0;
    std::string id;
    std::uint64_t leaf = 0;
    std::string entry;
};

struct FoldRow {
    DevNo dev_no = 0;
    std::uint64_t last_leaf = 0;
    std::string fold;  // serialize(DeviceFold)
};

struct EpochRow {
    EpochNo epoch_no = 0;
    DevNo dev_no = 0;
    EpochId epoch{};
    std::uint64_t high = 0;
    Hash head{};
    std::uint64_t last_leaf = 0;
    std::string ledger;  // canonical JSON of what else admission remembers
};

struct IntervalRow {
    Lane lane = Lane::lifecycle;
    std::string key;
    std::int64_t from_ms = 0;
    std::optional<std::int64_t> to_ms;
    std::string state;
    std::uint64_t leaf = 0;
};

struct HourRow {
    std::int64_t hour_ms = 0;
    HourCell cell;
};

struct DayRow {
    std::int64_t day_ms = 0;
    DayCell cell;
};

struct FindingRow {
    DevNo dev_no = 0;
    std::string
        rule;  // V10 …, or identity_conflict, host_changed, records_lost, gap_open, outbox_lost, fork, rollback, clock
    std::string key;   // tells findings of one rule apart: state and its start, or an epoch
    std::string kind;  // contradiction, integrity, delivery
    Severity severity = Severity::info;
    bool suspected = false;
    std::string state;  // the lifecycle state it contradicts; empty: none
    std::int64_t since_ms = 0;
    std::int64_t first_at_ms = 0;
    std::int64_t last_at_ms = 0;
    std::uint64_t first_leaf = 0;
    std::uint64_t last_leaf = 0;
    std::uint64_t count = 1;
    bool open = true;
    // Of the dated rules only; version 0: found by the fold itself.
    std::int64_t rule_version = 0;
    std::string measured{}, limit{};  // with units, for people
    std::string leaves{};             // log indexes of the records that made it, comma separated
    std::string stage = "suspected";  // suspected, confirmed, answered, dismissed, closed, withdrawn
    std::string owner{};              // who takes care of it; empty: nobody
    std::int64_t found_ms = 0;        // when it was found first; 0: not known
};

// What a person did about a finding.
struct FindingStepRow {
    std::uint64_t leaf = 0;
    DevNo dev_no = 0;
    std::string rule{}, key{};
    std::int64_t recv_ms = 0;
    std::string action{}, actor{}, role{}, reason{}, owner{};
};

// A rare leaf of a device: all but use and watching.
struct MomentRow {
    std::int64_t at_ms = 0;
    std::uint64_t leaf = 0;
    std::string type;
};

// One version of a paper (server/domain/paper).
struct PaperRow {
    std::uint64_t leaf = 0;
    std::string kind;
    std::string id;
    std::int64_t recv_ms = 0;
    std::string actor;
    std::string role;
    std::string reason;
    std::string body;  // canonical JSON; empty: withdrawn
};

struct SeenRow {
    DevNo dev_no = 0;
    std::int64_t seen_ms = 0;
    std::optional<std::int64_t> clock_offset_ms;
    std::optional<std::uint64_t> pending;
    std::optional<std::string> version;
};

struct UnassignedRow {
    std::uint64_t leaf = 0;
    std::optional<DevNo> assigned_to;
    std::optional<std::uint64_t> assigned_by;
};

struct QuarantineRow {
    std::int64_t recv_ms = 0;
    std::string dev;
    std::string reason;
    std::string detail;
    Hash sha256{};
    std::uint64_t size = 0;
};

struct ConflictRow {
    std::int64_t recv_ms = 0;
    DevNo dev_no = 0;
    EpochId epoch{};
    std::string form;  // frame, hello, contradiction
    std::uint64_t seq = 0;
    Hash ours{};
    Hash theirs{};
    Bytes message;
};

struct CheckpointRow {
    std::uint64_t size = 0;
    Hash root{};
    std::string note;
    std::int64_t created_ms = 0;
};

struct LogState {
    std::uint64_t size = 0;
    std::int64_t last_recv_ms = 0;
    Bytes frontier;  // merkle::Frontier::serialize
};

// What a leaf's hash is made of, wherever its row came from.
Hash leaf_row_hash(const LeafRow& leaf, const DeviceId* dev, const EpochId& epoch);

}  // namespace gantry::store
