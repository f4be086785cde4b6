#include "agent/dicom/state_store.hpp"

#include <sqlite3.h>

#include "agent/dicom/limits.hpp"
#include "agent_dicom_schema.hpp"
#include "common/io/sqlite.hpp"

namespace gantry::dicom {
namespace {

constexpr std::int32_t application_id = 0x47444331;  // "GDC1"

sql::Database open(const std::filesystem::path& path) {
    if (!path.empty())
        return sql::open_writer(path, {.application_id = application_id, .schema = state_schema::schema_files()});
    sql::Database memory{":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
    for (const sql::SchemaFile& file : state_schema::schema_files()) memory.exec(std::string{file.sql});
    return memory;
}

}  // namespace

struct StateStore::Impl {
    explicit Impl(const std::filesystem::path& path) : db{open(path)} {}

    sql::Database db;
    sql::Query<int> seen{db, "SELECT 1 FROM seen WHERE h = ?1"};
    sql::Statement remember{db, "INSERT INTO seen (h, at) VALUES (?1, ?2) ON CONFLICT (h) DO NOTHING"};
    sql::Query<std::string> identity{db, "SELECT body FROM identity WHERE device = ?1"};
    sql::Statement tell{db,
                        "INSERT INTO identity (device, body, at) VALUES (?1, ?2, ?3) "
                        "ON CONFLICT (device) DO UPDATE SET body = excluded.body, at = excluded.at"};
    sql::Query<int, std::string, std::int64_t, std::string, std::string, std::string> step{
        db, "SELECT open, exam_h, start_ms, serial, maker, model FROM step WHERE h = ?1"};
    sql::Statement begin{db,
                         "INSERT INTO step (h, open, exam_h, start_ms, serial, maker, model, at) "
                         "VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7)"};
    sql::Statement end{db, "UPDATE step SET open = 0, at = ?2 WHERE h = ?1"};
    sql::Query<std::int64_t> open_steps{db, "SELECT count(*) FROM step WHERE open = 1"};
    sql::Statement drop_steps{
        db, "DELETE FROM step WHERE h IN (SELECT h FROM step WHERE open = 1 ORDER BY at, h LIMIT ?1)"};
    sql::Query<std::int64_t> seen_rows{db, "SELECT count(*) FROM seen"};
};

StateStore::StateStore(const std::filesystem::path& path) : impl_{std::make_unique<Impl>(path)} {}
StateStore::~StateStore() = default;
StateStore::StateStore(StateStore&&) noexcept = default;

bool StateStore::seen(std::string_view pseudonym) { return impl_->seen.first(pseudonym).has_value(); }

void StateStore::remember(std::span<const std::string> pseudonyms, std::int64_t now_ms) {
    if (pseudonyms.empty()) return;
    sql::Transaction transaction{impl_->db};
    for (const std::string& pseudonym : pseudonyms) impl_->remember.run(pseudonym, now_ms);
    transaction.commit();
}

std::string StateStore::told_identity(std::string_view device) {
    const auto row = impl_->identity.first(device);
    return row ? std::get<0>(*row) : std::string{};
}

void StateStore::tell_identity(std::string_view device, std::string_view body, std::int64_t now_ms) {
    impl_->tell.run(device, body, now_ms);
}

StateStore::StepState StateStore::step_state(std::string_view step) {
    const auto row = impl_->step.first(step);
    if (!row) return StepState::unknown;
    return std::get<0>(*row) != 0 ? StepState::open : StepState::closed;
}

std::optional<OpenStep> StateStore::open_step(std::string_view step) {
    const auto row = impl_->step.first(step);
    if (!row || std::get<0>(*row) == 0) return std::nullopt;
    const auto& [open, exam_h, start_ms, serial, maker, model] = *row;
    return OpenStep{exam_h, start_ms, serial, maker, model};
}

std::int64_t StateStore::begin_step(std::string_view step, const OpenStep& values, std::int64_t now_ms) {
    sql::Transaction transaction{impl_->db};
    impl_->begin.run(step, values.exam_h, values.start_ms, values.serial, values.maker, values.model, now_ms);
    const std::int64_t excess = std::get<0>(*impl_->open_steps.first()) - limits::open_steps_max;
    if (excess > 0) impl_->drop_steps.run(excess);
    transaction.commit();
    return excess > 0 ? excess : 0;
}

void StateStore::end_step(std::string_view step, std::int64_t now_ms) { impl_->end.run(step, now_ms); }

std::int64_t StateStore::evict(std::int64_t now_ms) {
    const std::int64_t before_ms = now_ms - limits::seen_age_ms_max;
    sql::Transaction transaction{impl_->db};
    std::int64_t removed = 0;
    const auto remove = [&](std::string_view statement, std::int64_t argument) {
        sql::Statement{impl_->db, statement}.run(argument);
        removed += impl_->db.changes();
    };
    remove("DELETE FROM seen WHERE at < ?1", before_ms);
    remove("DELETE FROM step WHERE at < ?1", before_ms);
    remove("DELETE FROM identity WHERE at < ?1", before_ms);
    const std::int64_t excess = std::get<0>(*impl_->seen_rows.first()) - limits::seen_rows_max;
    if (excess > 0) remove("DELETE FROM seen WHERE h IN (SELECT h FROM seen ORDER BY at LIMIT ?1)", excess);
    transaction.commit();
    return removed;
}

}  // namespace gantry::dicom
