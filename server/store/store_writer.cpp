#include "server/store/store_writer.hpp"

#include "server/store/store_writer_impl.hpp"
#include "server_store_schema.hpp"

namespace gantry::store {
namespace {

sql::Database open(const std::filesystem::path& file) {
    sql::Database db = sql::open_writer(file, {.application_id = application_id,
                                               .schema = schema_files(),
                                               .cache_kib = writer_cache_kib,
                                               .page_bytes = page_bytes,
                                               .wal_autocheckpoint_pages = wal_autocheckpoint_pages});
    // Without it INSERT OR REPLACE would take a row of the log away and fire no trigger.
    db.exec("PRAGMA recursive_triggers=ON");
    return db;
}

}  // namespace

StoreWriter::Impl::Impl(const std::filesystem::path& file) : db{open(file)} {}

StoreWriter::StoreWriter(const std::filesystem::path& file) : impl_{std::make_unique<Impl>(file)} {}
StoreWriter::~StoreWriter() = default;
StoreWriter::StoreWriter(StoreWriter&&) noexcept = default;

void StoreWriter::begin() { impl_->transaction.emplace(impl_->db); }

void StoreWriter::commit() {
    impl_->transaction->commit();
    impl_->transaction.reset();
}

void StoreWriter::rollback() noexcept { impl_->transaction.reset(); }

void StoreWriter::append(const LeafRow& leaf) {
    impl_->insert_leaf.run(leaf.idx, static_cast<int>(leaf.type), leaf.recv_ms, leaf.dev_no, leaf.epoch_no, leaf.seq,
                           leaf.back, leaf.bytes);
}

void StoreWriter::put_frame_head(std::uint64_t idx, const Hash& head, const Signature& signature) {
    impl_->insert_frame_head.run(idx, head, signature);
}

void StoreWriter::put_log_state(const LogState& state) {
    impl_->upsert_log_state.run(state.size, state.last_recv_ms, state.frontier);
}

void StoreWriter::put_tile(const merkle::TileHash& tile) {
    impl_->insert_tile.run(tile.tile_level, tile.index, tile.hash);
}

void StoreWriter::put_device(const DeviceRow& device) {
    impl_->upsert_device.run(device.dev_no, device.id, device.leaf, device.entry);
}

void StoreWriter::put_fold(DevNo dev_no, std::uint64_t last_leaf, std::string_view fold) {
    impl_->upsert_fold.run(dev_no, last_leaf, fold);
}

void StoreWriter::put_epoch(const EpochRow& epoch) {
    impl_->upsert_epoch.run(epoch.epoch_no, epoch.dev_no, epoch.epoch, epoch.high, epoch.head, epoch.last_leaf,
                            epoch.ledger);
}

void StoreWriter::put_hour(DevNo dev_no, std::int64_t hour_ms, const HourCell& cell) {
    impl_->upsert_hour.run(dev_no, hour_ms, cell.exams, cell.exposures, cell.patient_exposures, cell.exposure_ms,
                           cell.charge_ua_ms, cell.dlp_ugy_cm, cell.unknown_duration, cell.faults, cell.records,
                           cell.half_exposure_ms[0], cell.half_exposure_ms[1], cell.half_exposures[0],
                           cell.half_exposures[1], static_cast<std::int64_t>(cell.coverage), cell.ctdivol.serialize(),
                           cell.first_leaf, cell.last_leaf, cell.ends.serialize());
    if (cell.event_keys.empty() && cell.exam_keys.empty()) return;
    const std::string keys = cell.serialize_keys();
    impl_->upsert_hour_keys.run(hour_ms, dev_no, as_bytes(keys));
}

void StoreWriter::put_day(DevNo dev_no, std::int64_t day_ms, const DayCell& cell) {
    impl_->upsert_day.run(dev_no, day_ms, cell.use.exams, cell.use.exposures, cell.use.patient_exposures,
                          cell.use.exposure_ms, cell.use.charge_ua_ms, cell.use.unknown_duration,
                          cell.use.ends.serialize(), cell.serialize_watched(), cell.used);
}

void StoreWriter::put_interval(DevNo dev_no, const IntervalChange& change) {
    const int lane = static_cast<int>(change.lane);
    if (change.remove) return impl_->delete_interval.run(dev_no, lane, change.key, change.from_ms);
    impl_->upsert_interval.run(dev_no, lane, change.key, change.from_ms, change.to_ms, change.state, change.leaf_index);
}

void StoreWriter::add_finding(const FindingRow& f) {
    impl_->upsert_finding.run(f.dev_no, f.rule, f.key, f.kind, static_cast<int>(f.severity), f.suspected, f.state,
                              f.since_ms, f.first_at_ms, f.last_at_ms, f.first_leaf, f.last_leaf, f.count, f.open,
                              f.found_ms);
}

void StoreWriter::put_finding(const FindingRow& f) {
    impl_->replace_finding.run(f.dev_no, f.rule, f.key, f.kind, static_cast<int>(f.severity), f.suspected, f.state,
                               f.since_ms, f.first_at_ms, f.last_at_ms, f.first_leaf, f.last_leaf, f.count, f.open,
                               f.rule_version, f.measured, f.limit, f.leaves, f.stage, f.owner, f.found_ms);
}

void StoreWriter::add_finding_step(const FindingStepRow& step) {
    impl_->insert_finding_step.run(step.leaf, step.dev_no, step.rule, step.key, step.recv_ms, step.action, step.actor,
                                   step.role, step.reason, step.owner);
}

void StoreWriter::add_moment(DevNo dev_no, const MomentRow& moment) {
    impl_->insert_moment.run(dev_no, moment.at_ms, moment.leaf, moment.type);
}

void StoreWriter::close_finding(DevNo dev_no, std::string_view rule, std::string_view key, std::int64_t at_ms,
                                std::uint64_t leaf) {
    impl_->close_finding.run(dev_no, rule, key, at_ms, leaf);
}

void StoreWriter::put_paper(const PaperRow& paper, const std::vector<paper::Subject>& subjects) {
    impl_->insert_paper_version.run(paper.leaf, paper.kind, paper.id, paper.recv_ms, paper.actor, paper.role,
                                    paper.reason, paper.body);
    impl_->delete_paper.run(paper.kind, paper.id);
    impl_->delete_paper_subjects.run(paper.kind, paper.id);
    if (paper.body.empty()) return;
    impl_->insert_paper.run(paper.kind, paper.id, paper.leaf);
    for (const paper::Subject& subject : subjects)
        impl_->insert_paper_subject.run(name(subject.scope), subject.id, paper.kind, paper.id, paper.leaf);
}

void StoreWriter::add_unassigned(std::uint64_t leaf) { impl_->insert_unassigned.run(leaf); }

void StoreWriter::assign(std::uint64_t leaf, DevNo to, std::uint64_t by) { impl_->assign.run(leaf, to, by); }

void StoreWriter::put_seen(const SeenRow& seen) {
    impl_->upsert_seen.run(seen.dev_no, seen.seen_ms, seen.clock_offset_ms, seen.pending, seen.version);
}

void StoreWriter::add_quarantine(const QuarantineRow& row) {
    impl_->insert_quarantine.run(row.recv_ms, row.dev, row.reason, row.detail, row.sha256, row.size);
    impl_->trim_quarantine.run(impl_->db.last_insert_rowid() - quarantine_rows_max);
}

void StoreWriter::add_conflict(const ConflictRow& row) {
    const auto of_epoch = std::get<0>(*impl_->count_conflicts.first(row.dev_no, row.epoch));
    if (of_epoch >= conflict_rows_per_epoch_max ||
        std::get<0>(*impl_->count_all_conflicts.first()) >= conflict_rows_max)
        return;
    impl_->insert_conflict.run(row.recv_ms, row.dev_no, row.epoch, row.form, row.seq, row.ours, row.theirs,
                               row.message);
}

void StoreWriter::put_checkpoint(const CheckpointRow& checkpoint) {
    impl_->insert_checkpoint.run(checkpoint.size, checkpoint.root, checkpoint.note, checkpoint.created_ms);
}

void StoreWriter::put_meta(std::string_view key, std::string_view value) { impl_->upsert_meta.run(key, value); }

}  // namespace gantry::store
