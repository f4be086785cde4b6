#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/io/sqlite.hpp"
#include "server/domain/merkle.hpp"
#include "server/store/rows.hpp"

namespace gantry::store {

class LeafQuery;  // private to store_reader_log.cpp

// A read-only connection: it cannot write, and it never checkpoints. One thread at a time; give each reading thread its
// own. Each function runs at most read_ms_max and then throws sql::SqlBusy. Several calls see one state of the store
// only inside a Snapshot. Endpoints with needs of their own add free functions `read_*.cpp` beside this file, which
// take the reader and use db().
class StoreReader {
public:
    explicit StoreReader(const std::filesystem::path& file);
    ~StoreReader();
    StoreReader(StoreReader&&) noexcept;

    // While it lives, all calls see the same state. Not longer than one answer needs: it holds the WAL.
    class Snapshot {
    public:
        explicit Snapshot(StoreReader& reader);
        ~Snapshot();
        Snapshot(const Snapshot&) = delete;
        Snapshot& operator=(const Snapshot&) = delete;

    private:
        StoreReader& reader_;
    };

    std::optional<std::string> meta(std::string_view key);
    void each_meta(std::string_view prefix,
                   const std::function<void(std::string_view key, std::string_view value)>& on_row);
    std::optional<LogState> log_state();
    std::optional<CheckpointRow> last_checkpoint();

    // ---- devices ----
    struct Device {
        DeviceRow row;
        std::uint64_t last_leaf = 0;
        std::string fold;  // serialize(DeviceFold); empty: registered, nothing folded yet
        SeenRow seen;      // seen_ms 0: never
    };
    std::vector<Device> devices();  // by id
    std::optional<Device> device(std::string_view id);
    std::optional<std::string> device_id(DevNo dev_no);
    std::vector<EpochRow> epochs(DevNo dev_no);
    std::vector<HourRow> hours(DevNo dev_no, std::int64_t from_ms, std::int64_t to_ms);
    struct DeviceHour {
        DevNo dev_no = 0;
        HourRow row;
    };
    // All devices at once, for a fleet's page; without the keys.
    void each_hour(std::int64_t from_ms, std::int64_t to_ms, const std::function<void(const DeviceHour&)>& on_row);
    // Those that overlap [from, to), in order of their start.
    std::vector<IntervalRow> intervals(DevNo dev_no, Lane lane, std::int64_t from_ms, std::int64_t to_ms);
    // For device 0: of all. Newest first.
    std::vector<FindingRow> findings(DevNo dev_no, bool open_only, std::size_t limit);

    // ---- leaves ----
    struct Leaf {
        LeafRow row;  // row.bytes views into `bytes`
        Bytes bytes;
        EpochId epoch{};  // of a record
        Leaf() = default;
        Leaf(Leaf&&) = default;
        Leaf& operator=(Leaf&&) = default;
    };
    std::optional<Leaf> leaf(std::uint64_t idx);
    // A device's leaves, newest first, from below `before` (none: from the newest). `type` filters records by their
    // type; a walk looks at no more than walk_leaves_max leaves, and `next_before` says where to go on (none: that was
    // all).
    struct History {
        std::vector<Leaf> leaves;
        std::optional<std::uint64_t> next_before;
    };
    History history(DevNo dev_no, std::optional<std::uint64_t> before, std::string_view type, std::size_t limit);
    // Leaves with idx >= first in log order, at most `limit`.
    std::vector<Leaf> leaves_from(std::uint64_t first, std::size_t limit);
    // Records of pseudo-devices that wait for a person, oldest first, from idx >= first.
    std::vector<Leaf> unassigned(std::uint64_t first, std::size_t limit);
    std::optional<UnassignedRow> unassigned_row(std::uint64_t leaf);
    // RFC 6962 hash of a stored leaf, computed from its bytes.
    std::optional<Hash> leaf_hash(std::uint64_t idx);
    // For merkle::node_from_tiles: level 0 from the leaves, above from tile_hash.
    Result<std::vector<Hash>> tile_hashes(unsigned level, std::uint64_t first, std::size_t count);

    // For functions under server/store only; starts the time limit.
    sql::Database& db();

private:
    sql::Database db_;
    std::unique_ptr<LeafQuery> one_leaf_;  // prepared once: a walk asks for many
    bool in_snapshot_ = false;
};

}  // namespace gantry::store
