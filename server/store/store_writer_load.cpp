#include "server/store/finding_row.hpp"
#include "server/store/store_writer_impl.hpp"

// What the writer reads: everything at start, and single rows of the past while it runs.
namespace gantry::store {

std::optional<std::string> StoreWriter::meta(std::string_view key) {
    sql::Query<std::string> query{impl_->db, "SELECT value FROM meta WHERE key = ?1"};
    const auto row = query.first(key);
    return row ? std::optional{std::get<0>(*row)} : std::nullopt;
}

void StoreWriter::each_meta(std::string_view prefix,
                            const std::function<void(std::string_view key, std::string_view value)>& on_row) {
    sql::Query<std::string_view, std::string_view>{
        impl_->db, "SELECT key, value FROM meta WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key"}
        .each([&](std::string_view key, std::string_view value) { on_row(key, value); }, prefix);
}

std::optional<LogState> StoreWriter::log_state() {
    sql::Query<std::uint64_t, std::int64_t, Bytes> query{impl_->db,
                                                         "SELECT size, last_recv_ms, frontier FROM log_state"};
    auto row = query.first();
    if (!row) return std::nullopt;
    return LogState{std::get<0>(*row), std::get<1>(*row), std::move(std::get<2>(*row))};
}

std::optional<CheckpointRow> StoreWriter::last_checkpoint() {
    sql::Query<std::uint64_t, Hash, std::string, std::int64_t> query{
        impl_->db, "SELECT size, root, note, created_ms FROM checkpoint ORDER BY size DESC LIMIT 1"};
    auto row = query.first();
    if (!row) return std::nullopt;
    return CheckpointRow{std::get<0>(*row), std::get<1>(*row), std::move(std::get<2>(*row)), std::get<3>(*row)};
}

std::optional<HourCell> StoreWriter::hour(DevNo dev_no, std::int64_t hour_ms) {
    std::optional<HourCell> out;
    impl_->select_hour.each(
        [&](std::int64_t exams, std::int64_t exposures, std::int64_t patient, std::int64_t ms, std::int64_t charge,
            std::int64_t dlp, std::int64_t unknown, std::int64_t faults, std::int64_t records, std::int64_t half0_ms,
            std::int64_t half1_ms, std::int64_t half0, std::int64_t half1, std::int64_t coverage,
            std::string_view ctdivol, std::uint64_t first_leaf, std::uint64_t last_leaf, std::string_view ends) {
            HourCell& cell = out.emplace();
            cell.exams = exams;
            cell.exposures = exposures;
            cell.patient_exposures = patient;
            cell.exposure_ms = ms;
            cell.charge_ua_ms = charge;
            cell.dlp_ugy_cm = dlp;
            cell.unknown_duration = unknown;
            cell.faults = faults;
            cell.records = records;
            cell.half_exposure_ms = {half0_ms, half1_ms};
            cell.half_exposures = {half0, half1};
            cell.coverage = static_cast<std::uint64_t>(coverage);
            cell.ctdivol = Sketch::parse(ctdivol).value();
            cell.first_leaf = first_leaf;
            cell.last_leaf = last_leaf;
            cell.ends = ExamEnds::parse(ends).value();
        },
        dev_no, hour_ms);
    if (!out) return out;
    impl_->select_hour_keys.each([&](ByteView keys) { out->parse_keys(as_text(keys)).value(); }, hour_ms, dev_no);
    return out;
}

std::optional<std::int64_t> StoreWriter::newest_hour(DevNo dev_no) {
    const auto row = impl_->select_newest_hour.first(dev_no);
    return row ? std::get<0>(*row) : std::nullopt;
}

std::optional<UnassignedRow> StoreWriter::unassigned(std::uint64_t leaf) {
    sql::Query<std::optional<DevNo>, std::optional<std::uint64_t>> query{
        impl_->db, "SELECT assigned_to, assigned_by FROM unassigned WHERE leaf = ?1"};
    const auto row = query.first(leaf);
    if (!row) return std::nullopt;
    return UnassignedRow{leaf, std::get<0>(*row), std::get<1>(*row)};
}

std::optional<FindingRow> StoreWriter::finding(DevNo dev_no, std::string_view rule, std::string_view key) {
    return one_finding(impl_->db, dev_no, rule, key);
}

bool StoreWriter::is_paper_in_force(std::string_view kind, std::string_view id) {
    return impl_->select_paper.first(kind, id).has_value();
}

void StoreWriter::each_device(const std::function<void(DeviceRow)>& on_row) {
    sql::Query<DevNo, std::string, std::uint64_t, std::string>{
        impl_->db, "SELECT dev_no, id, leaf, entry FROM device ORDER BY dev_no"}
        .each([&](DevNo dev_no, std::string id, std::uint64_t leaf, std::string entry) {
            on_row({dev_no, std::move(id), leaf, std::move(entry)});
        });
}

void StoreWriter::each_fold(const std::function<void(FoldRow)>& on_row) {
    sql::Query<DevNo, std::uint64_t, std::string>{impl_->db,
                                                  "SELECT dev_no, last_leaf, fold FROM device_fold ORDER BY dev_no"}
        .each([&](DevNo dev_no, std::uint64_t last_leaf, std::string fold) {
            on_row({dev_no, last_leaf, std::move(fold)});
        });
}

void StoreWriter::each_epoch(const std::function<void(EpochRow)>& on_row) {
    sql::Query<EpochNo, DevNo, EpochId, std::uint64_t, Hash, std::uint64_t, std::string>{
        impl_->db, "SELECT epoch_no, dev_no, epoch, high, head, last_leaf, ledger FROM epoch ORDER BY epoch_no"}
        .each([&](EpochNo epoch_no, DevNo dev_no, EpochId epoch, std::uint64_t high, Hash head, std::uint64_t last_leaf,
                  std::string ledger) {
            on_row({epoch_no, dev_no, epoch, high, head, last_leaf, std::move(ledger)});
        });
}

void StoreWriter::each_seen(const std::function<void(SeenRow)>& on_row) {
    sql::Query<DevNo, std::int64_t, std::optional<std::int64_t>, std::optional<std::uint64_t>,
               std::optional<std::string>>{impl_->db,
                                           "SELECT dev_no, seen_ms, clock_offset_ms, pending, version FROM seen"}
        .each([&](DevNo dev_no, std::int64_t seen_ms, std::optional<std::int64_t> offset,
                  std::optional<std::uint64_t> pending, std::optional<std::string> version) {
            on_row({dev_no, seen_ms, offset, pending, std::move(version)});
        });
}

void StoreWriter::each_leaf(std::uint64_t first, std::uint64_t end, const std::function<bool(const LeafRow&)>& on_row) {
    impl_->select_leaves.each(
        [&](std::uint64_t idx, int type, std::int64_t recv_ms, DevNo dev_no, EpochNo epoch_no, std::uint64_t seq,
            std::optional<std::uint64_t> back, ByteView bytes) {
            return on_row({idx, static_cast<LeafType>(type), recv_ms, dev_no, epoch_no, seq, back, bytes});
        },
        first, end);
}

std::optional<LeafRow> StoreWriter::leaf(std::uint64_t idx, Bytes& bytes) {
    std::optional<LeafRow> out;
    impl_->select_leaf.each(
        [&](int type, std::int64_t recv_ms, DevNo dev_no, EpochNo epoch_no, std::uint64_t seq,
            std::optional<std::uint64_t> back, ByteView stored) {
            bytes.assign(stored.begin(), stored.end());
            out = LeafRow{idx, static_cast<LeafType>(type), recv_ms, dev_no, epoch_no, seq, back, bytes};
        },
        idx);
    return out;
}

std::optional<Hash> StoreWriter::frame_head(std::uint64_t idx) {
    const auto row = impl_->select_frame_head.first(idx);
    return row ? std::optional{std::get<0>(*row)} : std::nullopt;
}

}  // namespace gantry::store
