#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/merkle.hpp"
#include "server/domain/paper/paper_subjects.hpp"
#include "server/store/rows.hpp"

namespace gantry::store {

// The one connection that writes. Belongs to the writer thread. Everything between begin and commit is one transaction:
// the leaves and all that follows from them, or nothing. Throws sql::SqlFull (roll back, stay up), sql::SqlBroken
// (abort), sql::SqlError.
class StoreWriter {
public:
    // Creates or opens the store; refuses a schema that a newer version wrote.
    explicit StoreWriter(const std::filesystem::path& file);
    ~StoreWriter();
    StoreWriter(StoreWriter&&) noexcept;

    void begin();
    void commit();             // returns only when it is on the disk
    void rollback() noexcept;  // safe at any time

    // ---- what is stored; needs begin ----
    void append(const LeafRow& leaf);
    void put_frame_head(std::uint64_t idx, const Hash& head, const Signature& signature);
    void put_log_state(const LogState& state);
    void put_tile(const merkle::TileHash& tile);
    void put_device(const DeviceRow& device);
    void put_fold(DevNo dev_no, std::uint64_t last_leaf, std::string_view fold);
    void put_epoch(const EpochRow& epoch);
    void put_hour(DevNo dev_no, std::int64_t hour_ms, const HourCell& cell);
    void put_day(DevNo dev_no, std::int64_t day_ms, const DayCell& cell);
    void put_interval(DevNo dev_no, const IntervalChange& change);
    // Inserts, or counts one more and moves last_at, last_leaf and the greater severity on.
    void add_finding(const FindingRow& finding);
    // A finding of the dated rules as it is judged now, in the place of what was judged before.
    void put_finding(const FindingRow& finding);
    void add_finding_step(const FindingStepRow& step);
    void add_moment(DevNo dev_no, const MomentRow& moment);
    void close_finding(DevNo dev_no, std::string_view rule, std::string_view key, std::int64_t at_ms,
                       std::uint64_t leaf);
    // The version in force from now on, and whom it concerns; a row without a body withdraws the paper.
    void put_paper(const PaperRow& paper, const std::vector<paper::Subject>& subjects);
    void add_unassigned(std::uint64_t leaf);
    void assign(std::uint64_t leaf, DevNo to, std::uint64_t by);
    void put_seen(const SeenRow& seen);
    void add_quarantine(const QuarantineRow& row);
    void add_conflict(const ConflictRow& row);
    void put_checkpoint(const CheckpointRow& checkpoint);
    void put_meta(std::string_view key, std::string_view value);

    // ---- what the writer needs to know; these see the open transaction ----
    std::optional<std::string> meta(std::string_view key);
    void each_meta(std::string_view prefix,
                   const std::function<void(std::string_view key, std::string_view value)>& on_row);
    std::optional<LogState> log_state();
    std::optional<CheckpointRow> last_checkpoint();
    std::optional<HourCell> hour(DevNo dev_no, std::int64_t hour_ms);
    std::optional<std::int64_t> newest_hour(DevNo dev_no);  // with a row
    std::optional<UnassignedRow> unassigned(std::uint64_t leaf);
    std::optional<FindingRow> finding(DevNo dev_no, std::string_view rule, std::string_view key);
    bool is_paper_in_force(std::string_view kind, std::string_view id);
    // As store::papers_of_device, and what concerns `more` besides.
    std::vector<PaperRow> papers_of_device(const std::string& device, const std::string& org, const std::string& site,
                                           std::span<const paper::Subject> more);
    std::optional<PaperRow> paper(const std::string& kind, const std::string& id);  // in force
    void each_device(const std::function<void(DeviceRow)>& on_row);
    void each_fold(const std::function<void(FoldRow)>& on_row);
    void each_epoch(const std::function<void(EpochRow)>& on_row);
    void each_seen(const std::function<void(SeenRow)>& on_row);
    // Leaves with first <= idx < end in order; the row's bytes live only inside the call. False from on_row ends the
    // walk.
    void each_leaf(std::uint64_t first, std::uint64_t end, const std::function<bool(const LeafRow&)>& on_row);
    // One leaf, its bytes copied to `bytes`.
    std::optional<LeafRow> leaf(std::uint64_t idx, Bytes& bytes);
    std::optional<Hash> frame_head(std::uint64_t idx);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::store
