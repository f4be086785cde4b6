#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/core/messages.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/domain/verify.hpp"

// Rules R0 to R8 of delivery: what of a verified frame or message enters the log, and what the sender is told. Pure: a
// ledger and an input give effects and a new ledger. When the effects do not reach the disk the caller drops the ledger
// and loads it again.
namespace gantry::admission {

// Two branches of one device's history: a rollback, or two hosts under one identity.
struct Fork {
    EpochId at{};                   // the epoch where history branches
    std::int64_t since_ms = 0;      // receive time
    std::vector<EpochId> branches;  // that stored records since: at most two
    bool settled = false;           // told as identity_conflict or rollback
    bool operator==(const Fork&) const = default;
};

struct EpochLedger {
    EpochId id{};
    std::uint64_t high = 0;  // last stored seq
    Hash head{};             // chain value at high
    Hash start{};            // chain value at 0
    std::optional<EpochParent> parent;
    Hash host{};
    std::uint8_t host_parts = 0;
    bool frozen = false;       // identity conflict: nothing more is stored here
    bool gap_told = false;     // told that the end of its parent is missing
    std::optional<Fork> fork;  // raised when this epoch arrived or grew

    std::uint64_t gap_want = 0;  // a gap inside the epoch was told: records from here on are missing; 0 = none

    // Found again at load, not stored.
    std::optional<std::uint64_t> first_child_at;  // lowest seq where a child epoch branches off
    std::vector<EpochId> waiting_children;        // children told of a gap that this epoch closes
    std::int64_t gap_since_ms = 0;                // records beyond `high` arrive since then; 0 = none
};

// What of an EpochLedger beyond id, high and head must be kept: canonical JSON, and back.
std::string serialize(const EpochLedger& epoch);
Result<EpochLedger> parse_epoch_ledger(const EpochId& id, std::uint64_t high, const Hash& head, std::string_view json);

class DeviceLedger {
public:
    explicit DeviceLedger(DeviceId dev) : dev_{std::move(dev)} {}

    const DeviceId& dev() const { return dev_; }
    const std::map<EpochId, EpochLedger>& epochs() const { return epochs_; }
    EpochLedger* find(const EpochId& id);
    // Puts a loaded or new epoch in its place among parents and children.
    EpochLedger& add(EpochLedger epoch);

    // Records known to exist and not stored: the ends of parents that children name. Frozen epochs are settled by
    // rehoming.
    std::uint64_t missing_records() const;
    // Epochs whose fork is neither a conflict nor a rollback yet.
    std::vector<EpochId>& open_forks() { return open_forks_; }
    const std::vector<EpochId>& open_forks() const { return open_forks_; }

private:
    DeviceId dev_;
    std::map<EpochId, EpochLedger> epochs_;
    std::vector<EpochId> open_forks_;
};

// ---- effects, in the order of the log
// ---------------------------------------------------------------------------------------------

// Entry `entry` of the frame enters the log as a record leaf.
struct StoreRecord {
    std::size_t entry = 0;
};
using Effect = std::variant<StoreRecord, FactLeaf>;

// Both histories of one place; kept beside the log.
struct Conflict {
    EpochId epoch{};
    std::string form;  // frame, hello, contradiction
    std::uint64_t seq = 0;
    Hash ours{};
    Hash theirs{};
};

struct Receipt {
    EpochId epoch{};
    std::uint64_t seq = 0;
    std::optional<Hash> head;
    std::optional<std::uint64_t> want;
};

struct RefusalReply {
    EpochId epoch{};
    std::uint64_t seq = 0;
    std::string code;
};

struct Outcome {
    std::vector<Effect> effects;
    std::vector<EpochId> touched;  // epochs whose ledger changed
    std::optional<Receipt> receipt;
    std::optional<RefusalReply> refusal;
    std::optional<Conflict> conflict;
    std::uint64_t duplicates = 0;  // entries that were stored already
};

// Reads a stored chain value: needed only where a hello or contradiction asks below what the ledger keeps.
using HeadAt = std::function<std::optional<Hash>(const EpochId&, std::uint64_t seq)>;

// R0 to R8 for a frame received at `now_ms` (the collector's receive time).
Outcome admit(DeviceLedger& ledger, const VerifiedFrame& frame, std::int64_t now_ms);

// Closes a gap for good: the agent does not have the records any more.
Outcome admit(DeviceLedger& ledger, const Lost& lost, std::int64_t now_ms);

// R3 as the agent sees it.
Outcome admit(DeviceLedger& ledger, const Contradiction& contradiction, const HeadAt& head_at);

// The state that answers a hello, and R3 when the hello shows another history. The caller fills boot, gen and times.
struct HelloOutcome : Outcome {
    std::vector<StateEpoch> epochs;
};
HelloOutcome admit(DeviceLedger& ledger, const Hello& hello, const HeadAt& head_at);

// What only time brings: a gap open for ten minutes, a fork without a second voice for 24 hours.
Outcome tick(DeviceLedger& ledger, std::int64_t now_ms);

// What `admit` did to the ledger, done again from the log: rebuild uses it. `digest` and `length` are the record's.
void replay_record(DeviceLedger& ledger, const EpochId& epoch, std::uint64_t seq, std::uint32_t length,
                   const Hash& digest, const std::optional<EpochOpen>& open, std::int64_t recv_ms);
Result<void> replay_fact(DeviceLedger& ledger, const FactLeaf& fact, std::int64_t recv_ms);

inline constexpr std::int64_t gap_open_after_ms = 10 * 60 * 1000;
inline constexpr std::int64_t rollback_after_ms = 24 * 60 * 60 * 1000;

// Names of facts that admission alone writes; the others are in leaf_json.hpp.
namespace facts {
inline constexpr std::string_view gap_open = "gap_open";
inline constexpr std::string_view gap_closed = "gap_closed";
inline constexpr std::string_view fork = "fork";
}  // namespace facts

}  // namespace gantry::admission
