#pragma once

#include <optional>

#include "common/io/sqlite.hpp"
#include "server/store/limits.hpp"
#include "server/store/store_writer.hpp"

namespace gantry::store {

// The prepared statements of the writer; private to store_writer*.cpp.
struct StoreWriter::Impl {
    explicit Impl(const std::filesystem::path& file);

    sql::Database db;
    std::optional<sql::Transaction> transaction;

    sql::Statement insert_leaf{db, "INSERT INTO leaf VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"};
    sql::Statement insert_frame_head{db, "INSERT INTO frame_head VALUES (?1, ?2, ?3)"};
    sql::Statement insert_tile{db, "INSERT INTO tile_hash VALUES (?1, ?2, ?3)"};
    sql::Statement insert_checkpoint{db, "INSERT INTO checkpoint VALUES (?1, ?2, ?3, ?4)"};
    sql::Statement upsert_log_state{db,
                                    "INSERT INTO log_state VALUES (1, ?1, ?2, ?3) "
                                    "ON CONFLICT (one) DO UPDATE SET size = ?1, last_recv_ms = ?2, frontier = ?3"};
    sql::Statement upsert_device{
        db, "INSERT INTO device VALUES (?1, ?2, ?3, ?4) ON CONFLICT (dev_no) DO UPDATE SET leaf = ?3, entry = ?4"};
    sql::Statement upsert_fold{
        db, "INSERT INTO device_fold VALUES (?1, ?2, ?3) ON CONFLICT (dev_no) DO UPDATE SET last_leaf = ?2, fold = ?3"};
    sql::Statement upsert_epoch{
        db,
        "INSERT INTO epoch VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (epoch_no) DO UPDATE SET "
        "high = ?4, head = ?5, last_leaf = ?6, ledger = ?7"};
    sql::Statement upsert_hour{
        db,
        "INSERT INTO hour VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
        "?19, ?20) "
        "ON CONFLICT (dev_no, hour_ms) DO UPDATE SET exams = ?3, exposures = ?4, patient_exposures = ?5, exposure_ms = "
        "?6, "
        "charge_ua_ms = ?7, dlp_ugy_cm = ?8, unknown_duration = ?9, faults = ?10, records = ?11, half0_ms = ?12, "
        "half1_ms = ?13, half0_exposures = ?14, half1_exposures = ?15, coverage = ?16, ctdivol = ?17, "
        "first_leaf = ?18, last_leaf = ?19, ends = ?20"};
    sql::Statement upsert_day{db,
                              "INSERT INTO day VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT "
                              "(dev_no, day_ms) DO UPDATE SET "
                              "exams = ?3, exposures = ?4, patient_exposures = ?5, exposure_ms = ?6, charge_ua_ms = "
                              "?7, unknown_duration = ?8, "
                              "ends = ?9, watched = ?10, used = ?11"};
    sql::Statement upsert_hour_keys{
        db, "INSERT INTO hour_key VALUES (?1, ?2, ?3) ON CONFLICT (hour_ms, dev_no) DO UPDATE SET keys = ?3"};
    sql::Statement upsert_interval{
        db,
        "INSERT INTO interval VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
        "ON CONFLICT (dev_no, lane, key, from_ms) DO UPDATE SET to_ms = ?5, state = ?6, leaf = ?7"};
    sql::Statement delete_interval{
        db, "DELETE FROM interval WHERE dev_no = ?1 AND lane = ?2 AND key = ?3 AND from_ms = ?4"};
    sql::Statement upsert_finding{
        db,
        "INSERT INTO finding (dev_no, rule, key, kind, severity, suspected, state, since_ms, first_at_ms, last_at_ms, "
        "first_leaf, last_leaf, count, open, found_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
        "?14, "
        "?15) "
        "ON CONFLICT (dev_no, rule, key) DO UPDATE SET count = count + ?13, open = ?14, severity = max(severity, ?5), "
        "suspected = min(suspected, ?6), first_at_ms = min(first_at_ms, ?9), last_at_ms = max(last_at_ms, ?10), "
        "last_leaf = ?12"};
    sql::Statement replace_finding{
        db,
        "INSERT INTO finding VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
        "?19, ?20, ?21) "
        "ON CONFLICT (dev_no, rule, key) DO UPDATE SET kind = ?4, severity = ?5, suspected = ?6, state = ?7, "
        "since_ms = ?8, first_at_ms = ?9, last_at_ms = ?10, last_leaf = ?12, count = ?13, open = ?14, "
        "rule_version = ?15, measured = ?16, limit_text = ?17, leaves = ?18, stage = ?19, owner = ?20, found_ms = ?21"};
    sql::Statement insert_finding_step{db, "INSERT INTO finding_step VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"};
    sql::Statement insert_moment{db, "INSERT INTO moment VALUES (?1, ?2, ?3, ?4)"};
    sql::Statement close_finding{
        db,
        "UPDATE finding SET open = 0, stage = 'closed', last_at_ms = max(last_at_ms, ?4), last_leaf = ?5 "
        "WHERE dev_no = ?1 AND rule = ?2 AND key = ?3 AND open = 1"};
    sql::Statement insert_paper_version{db, "INSERT INTO paper_version VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"};
    sql::Statement delete_paper{db, "DELETE FROM paper WHERE kind = ?1 AND id = ?2"};
    sql::Statement delete_paper_subjects{db, "DELETE FROM paper_subject WHERE kind = ?1 AND id = ?2"};
    sql::Statement insert_paper{db, "INSERT INTO paper VALUES (?1, ?2, ?3)"};
    sql::Statement insert_paper_subject{db, "INSERT INTO paper_subject VALUES (?1, ?2, ?3, ?4, ?5)"};
    sql::Query<std::uint64_t> select_paper{db, "SELECT leaf FROM paper WHERE kind = ?1 AND id = ?2"};
    sql::Statement insert_unassigned{db, "INSERT INTO unassigned VALUES (?1, NULL, NULL)"};
    sql::Statement assign{db, "UPDATE unassigned SET assigned_to = ?2, assigned_by = ?3 WHERE leaf = ?1"};
    sql::Statement upsert_seen{
        db,
        "INSERT INTO seen VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (dev_no) DO UPDATE SET seen_ms = ?2, "
        "clock_offset_ms = coalesce(?3, clock_offset_ms), pending = coalesce(?4, pending), version = coalesce(?5, "
        "version)"};
    sql::Statement insert_quarantine{
        db, "INSERT INTO quarantine (recv_ms, dev, reason, detail, sha256, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"};
    sql::Statement trim_quarantine{db, "DELETE FROM quarantine WHERE n <= ?1"};
    sql::Query<std::int64_t> count_conflicts{db, "SELECT count(*) FROM conflict WHERE dev_no = ?1 AND epoch = ?2"};
    sql::Query<std::int64_t> count_all_conflicts{db, "SELECT coalesce(max(n), 0) FROM conflict"};
    sql::Statement insert_conflict{db,
                                   "INSERT INTO conflict (recv_ms, dev_no, epoch, form, seq, ours, theirs, message) "
                                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"};
    sql::Statement upsert_meta{db, "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2"};

    sql::Query<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
               std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
               std::string_view, std::uint64_t, std::uint64_t, std::string_view>
        select_hour{db,
                    "SELECT exams, exposures, patient_exposures, exposure_ms, charge_ua_ms, dlp_ugy_cm, "
                    "unknown_duration, faults, "
                    "records, half0_ms, half1_ms, half0_exposures, half1_exposures, coverage, ctdivol, "
                    "first_leaf, last_leaf, ends "
                    "FROM hour "
                    "WHERE dev_no = ?1 AND hour_ms = ?2"};
    sql::Query<std::optional<std::int64_t>> select_newest_hour{db, "SELECT max(hour_ms) FROM hour WHERE dev_no = ?1"};
    sql::Query<ByteView> select_hour_keys{db, "SELECT keys FROM hour_key WHERE hour_ms = ?1 AND dev_no = ?2"};
    sql::Query<int, std::int64_t, DevNo, EpochNo, std::uint64_t, std::optional<std::uint64_t>, ByteView> select_leaf{
        db, "SELECT type, recv_ms, dev_no, epoch_no, seq, back, bytes FROM leaf WHERE idx = ?1"};
    sql::Query<std::uint64_t, int, std::int64_t, DevNo, EpochNo, std::uint64_t, std::optional<std::uint64_t>, ByteView>
        select_leaves{db,
                      "SELECT idx, type, recv_ms, dev_no, epoch_no, seq, back, bytes FROM leaf WHERE idx >= ?1 AND idx "
                      "< ?2 ORDER BY idx"};
    sql::Query<Hash> select_frame_head{db, "SELECT head FROM frame_head WHERE idx = ?1"};
};

}  // namespace gantry::store
