#include "server/store/store_reader.hpp"

#include "server/store/limits.hpp"

namespace gantry::store {

sql::Database& StoreReader::db() {
    if (!in_snapshot_) db_.abort_after_ms(read_ms_max);
    return db_;
}

StoreReader::Snapshot::Snapshot(StoreReader& reader) : reader_{reader} {
    reader_.db().exec("BEGIN");  // deferred: the first read fixes the state
    reader_.in_snapshot_ = true;
}

StoreReader::Snapshot::~Snapshot() {
    reader_.in_snapshot_ = false;
    reader_.db_.abort_after_ms(0);
    try {
        if (reader_.db_.in_transaction()) reader_.db_.exec("COMMIT");
    } catch (const sql::SqlError&) {
        // A read transaction has nothing to lose; the next call finds out whether the store still answers.
    }
}

std::optional<std::string> StoreReader::meta(std::string_view key) {
    sql::Query<std::string> query{db(), "SELECT value FROM meta WHERE key = ?1"};
    const auto row = query.first(key);
    return row ? std::optional{std::get<0>(*row)} : std::nullopt;
}

void StoreReader::each_meta(std::string_view prefix,
                            const std::function<void(std::string_view, std::string_view)>& on_row) {
    std::vector<std::pair<std::string, std::string>> rows;  // on_row may ask for more
    sql::Query<std::string, std::string> query{
        db(), "SELECT key, value FROM meta WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key"};
    query.each([&](std::string key, std::string value) { rows.emplace_back(std::move(key), std::move(value)); },
               prefix);
    for (const auto& [key, value] : rows) on_row(key, value);
}

namespace {

constexpr std::string_view device_columns =
    "SELECT d.dev_no, d.id, d.leaf, d.entry, coalesce(f.last_leaf, d.leaf), coalesce(f.fold, ''), coalesce(s.seen_ms, "
    "0), "
    "s.clock_offset_ms, s.pending, s.version FROM device d LEFT JOIN device_fold f USING (dev_no) LEFT JOIN seen s "
    "USING (dev_no) ";

using DeviceQuery = sql::Query<DevNo, std::string, std::uint64_t, std::string, std::uint64_t, std::string, std::int64_t,
                               std::optional<std::int64_t>, std::optional<std::uint64_t>, std::optional<std::string>>;

template <class... Args>
std::vector<StoreReader::Device> read_devices(sql::Database& db, std::string_view where, const Args&... args) {
    std::vector<StoreReader::Device> out;
    DeviceQuery query{db, std::string{device_columns} + std::string{where}};
    query.each(
        [&](DevNo dev_no, std::string id, std::uint64_t leaf, std::string entry, std::uint64_t last_leaf,
            std::string fold, std::int64_t seen_ms, std::optional<std::int64_t> offset,
            std::optional<std::uint64_t> pending, std::optional<std::string> version) {
            out.push_back({.row = {dev_no, std::move(id), leaf, std::move(entry)},
                           .last_leaf = last_leaf,
                           .fold = std::move(fold),
                           .seen = {dev_no, seen_ms, offset, pending, std::move(version)}});
        },
        args...);
    return out;
}

}  // namespace

std::vector<StoreReader::Device> StoreReader::devices() { return read_devices(db(), "ORDER BY d.id"); }

std::optional<StoreReader::Device> StoreReader::device(std::string_view id) {
    auto found = read_devices(db(), "WHERE d.id = ?1", id);
    return found.empty() ? std::nullopt : std::optional{std::move(found.front())};
}

std::optional<std::string> StoreReader::device_id(DevNo dev_no) {
    sql::Query<std::string> query{db(), "SELECT id FROM device WHERE dev_no = ?1"};
    const auto row = query.first(dev_no);
    return row ? std::optional{std::get<0>(*row)} : std::nullopt;
}

std::vector<EpochRow> StoreReader::epochs(DevNo dev_no) {
    std::vector<EpochRow> out;
    sql::Query<EpochNo, EpochId, std::uint64_t, Hash, std::uint64_t, std::string> query{
        db(), "SELECT epoch_no, epoch, high, head, last_leaf, ledger FROM epoch WHERE dev_no = ?1 ORDER BY epoch_no"};
    query.each(
        [&](EpochNo epoch_no, EpochId epoch, std::uint64_t high, Hash head, std::uint64_t last_leaf,
            std::string ledger) {
            out.push_back({epoch_no, dev_no, epoch, high, head, last_leaf, std::move(ledger)});
        },
        dev_no);
    return out;
}

namespace {

// Everything of an hour but its keys: they tell repetitions apart and are nobody's business outside the fold.
constexpr std::string_view hour_columns =
    "SELECT dev_no, hour_ms, exams, exposures, patient_exposures, exposure_ms, charge_ua_ms, dlp_ugy_cm, "
    "unknown_duration, faults, "
    "records, half0_ms, half1_ms, half0_exposures, half1_exposures, coverage, ctdivol, first_leaf, "
    "last_leaf, ends FROM hour ";

template <class OnRow, class... Args>
void read_hours(sql::Database& db, std::string_view where, OnRow on_row, const Args&... args) {
    using Int = std::int64_t;
    sql::Query<DevNo, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, std::string_view,
               std::uint64_t, std::uint64_t, std::string_view>
        query{db, std::string{hour_columns} + std::string{where}};
    query.each(
        [&](DevNo dev_no, Int hour_ms, Int exams, Int exposures, Int patient, Int ms, Int charge, Int dlp, Int unknown,
            Int faults, Int records, Int half0_ms, Int half1_ms, Int half0, Int half1, Int coverage,
            std::string_view ctdivol, std::uint64_t first_leaf, std::uint64_t last_leaf, std::string_view ends) {
            StoreReader::DeviceHour out{dev_no, {hour_ms, {}}};
            HourCell& cell = out.row.cell;
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
            on_row(std::move(out));
        },
        args...);
}

}  // namespace

std::vector<HourRow> StoreReader::hours(DevNo dev_no, std::int64_t from_ms, std::int64_t to_ms) {
    std::vector<HourRow> out;
    read_hours(
        db(), "WHERE dev_no = ?1 AND hour_ms >= ?2 AND hour_ms < ?3 ORDER BY hour_ms",
        [&](DeviceHour hour) { out.push_back(std::move(hour.row)); }, dev_no, from_ms, to_ms);
    return out;
}

void StoreReader::each_hour(std::int64_t from_ms, std::int64_t to_ms,
                            const std::function<void(const DeviceHour&)>& on_row) {
    // One range of the primary key for each device, instead of a walk over all hours of all years.
    read_hours(
        db(),
        "WHERE (dev_no, hour_ms) IN (SELECT h.dev_no, h.hour_ms FROM device d JOIN hour h ON h.dev_no = d.dev_no "
        "AND h.hour_ms >= ?1 AND h.hour_ms < ?2) ORDER BY dev_no, hour_ms",
        [&](const DeviceHour& hour) { on_row(hour); }, from_ms, to_ms);
}

std::vector<IntervalRow> StoreReader::intervals(DevNo dev_no, Lane lane, std::int64_t from_ms, std::int64_t to_ms) {
    std::vector<IntervalRow> out;
    sql::Query<std::string, std::int64_t, std::optional<std::int64_t>, std::string, std::uint64_t> query{
        db(),
        "SELECT key, from_ms, to_ms, state, leaf FROM interval WHERE dev_no = ?1 AND lane = ?2 AND from_ms < ?4 "
        "AND (to_ms IS NULL OR to_ms > ?3) ORDER BY from_ms, key"};
    query.each(
        [&](std::string key, std::int64_t from, std::optional<std::int64_t> to, std::string state, std::uint64_t leaf) {
            out.push_back({lane, std::move(key), from, to, std::move(state), leaf});
        },
        dev_no, static_cast<int>(lane), from_ms, to_ms);
    return out;
}

}  // namespace gantry::store
