#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/domain/admission.hpp"
#include "server/domain/fold.hpp"
#include "server/domain/merkle.hpp"
#include "server/ingest/hour_cache.hpp"
#include "server/ingest/register_entry.hpp"
#include "server/ingest/tables.hpp"
#include "server/store/store_writer.hpp"

namespace gantry::ingest {

// Where leaves go, and where older ones are read again: the store while live; the stored log, compared, in a rebuild.
class LeafLog {
public:
    virtual ~LeafLog() = default;
    virtual void append(const store::LeafRow& leaf) = 0;
    virtual std::optional<store::LeafRow> leaf(std::uint64_t idx, Bytes& bytes) = 0;
    // The signed chain value after the record at this index, when one was kept.
    virtual std::optional<Hash> frame_head(std::uint64_t idx) = 0;
};

struct EpochPlace {
    store::EpochNo no = 0;
    std::uint64_t last_leaf = 0;  // of its last record, lost range or poisoned record
    bool dirty = false;
};

// An epoch's id is random: its first bytes are as good as any hash.
struct EpochHash {
    std::size_t operator()(const EpochId& id) const noexcept {
        std::size_t out = 0;
        std::memcpy(&out, id.data(), sizeof out);
        return out;
    }
};

// All that the writer remembers of one device.
struct Device {
    Device(store::DevNo number, RegisterEntry entry_)
        : no{number}, entry{std::move(entry_)}, ledger{entry.id}, pseudo{entry.id.text().starts_with("unassigned-")} {}

    store::DevNo no;
    RegisterEntry entry;
    DeviceFold fold;
    admission::DeviceLedger ledger;
    std::unordered_map<EpochId, EpochPlace, EpochHash> epochs;
    std::optional<std::uint64_t> last_leaf;
    bool pseudo;  // collects what no route claims; its records wait for a person
    bool dirty = false;
    std::vector<EpochId> dirty_epochs;
};

// The state of all devices as a fold of the log: each leaf changes it in one way, live and in a rebuild. Holds what the
// next leaf needs; writes to the store what is shown. Belongs to one thread.
class Projection {
public:
    Projection(store::StoreWriter& store, LeafLog& log) : store_{store}, log_{log}, hours_{store} {}

    // Reads the state as of the last commit, also after a transaction that did not come about.
    void load();

    Device* find(std::string_view id);
    Device& at(store::DevNo no) { return *devices_[no - 1]; }
    std::size_t device_count() const { return devices_.size(); }

    std::uint64_t size() const { return frontier_.size(); }
    const merkle::Frontier& frontier() const { return frontier_; }
    std::int64_t last_recv_ms() const { return last_recv_ms_; }
    const LifecycleTable& table_of(const Device& device) const { return tables_.of(device.entry.modality); }
    const Tables& tables() const { return tables_; }

    // Each adds one leaf and folds it; returns its log index. Needs an open transaction. The admission ledger is the
    // caller's to change before: these only mark what the leaf touches. `use`: the record's body when it is taken apart
    // already, else null.
    std::uint64_t add_record(Device& device, const EpochId& epoch, std::uint64_t seq, ByteView bytes,
                             const RecordView& record, std::int64_t recv_ms, const UseBody* use = nullptr);
    std::uint64_t add_fact(const FactLeaf& fact, std::int64_t recv_ms);
    std::uint64_t add_declaration(const DeclarationLeaf& leaf, std::int64_t recv_ms);
    // The same with JSON that is there already; `json` must be what the builders of leaf_json.hpp write.
    Result<std::uint64_t> add_json(LeafType type, std::string_view json, std::int64_t recv_ms);

    // The ledger of this epoch changed without a leaf of its own.
    void touch(Device& device, const EpochId& epoch);
    EpochPlace* place(Device& device, const EpochId& epoch);

    // Devices whose life was derived anew since this was last asked, each with its life before: what was observed
    // since is to be judged again.
    struct Redrawn {
        store::DevNo dev_no = 0;
        LifecycleFold before;
        std::int64_t from_ms = 0;  // the lives are equal before
    };
    std::vector<Redrawn> take_redrawn() { return std::exchange(redrawn_, {}); }
    // What the new life means for the findings that the fold made: `finding.found` and `finding.withdrawn` facts, to be
    // added by the caller. Reads the device's leaves back to where the lives part; nothing is judged again where more
    // than judged_again_max have come since.
    std::vector<FactLeaf> judge_again(const Redrawn& redrawn);

    // Writes everything that changed since the last flush; the caller commits.
    void flush();

    // Chain value of an epoch at `seq`, from the stored records. None: not known, or too far back to walk.
    std::optional<Hash> head_at(Device& device, const EpochId& epoch, std::uint64_t seq);

private:
    std::uint64_t append(store::LeafRow leaf, const Hash& hash, Device* device);
    void fold(Device& device, const LeafEvent& event);
    void write_effects(Device& device, std::int64_t recv_ms);
    void learn_of_fact(const FactLeaf& fact, std::uint64_t idx, std::int64_t recv_ms, Device* device);
    Device& register_device(const FactLeaf& fact, std::uint64_t idx, std::string_view json);
    void assign(const Assignment& assignment, std::uint64_t by);
    void file_paper(const Declaration& declared, std::uint64_t idx, std::int64_t recv_ms);
    bool original_is_stored(Device& device, const RecordView& record);
    std::optional<store::LeafRow> find_record(Device& device, const EpochId& epoch, std::uint64_t seq, Bytes& bytes);
    EpochPlace& make_place(Device& device, const EpochId& epoch);
    void mark(Device& device);

    store::StoreWriter& store_;
    LeafLog& log_;
    HourCache hours_;
    Tables tables_;
    std::vector<std::unique_ptr<Device>> devices_;  // by number
    std::unordered_map<std::string, store::DevNo> by_id_;
    store::EpochNo last_epoch_no_ = 0;
    merkle::Frontier frontier_;
    std::int64_t last_recv_ms_ = 0;

    std::vector<Device*> dirty_;
    std::vector<Redrawn> redrawn_;
    std::vector<merkle::TileHash> tiles_;
    Effects effects_;
};

// How far a walk along a device's history goes for a single answer: a rolled back agent asks for at most what its tail
// holds.
inline constexpr std::size_t walk_back_max = 200'000;

// Leaves of one device that are read to judge them again: a year of a busy scanner, about half a second.
inline constexpr std::size_t judged_again_max = 100'000;

}  // namespace gantry::ingest
