#include "common/io/sqlite.hpp"

#include <sqlite3.h>

#include <cstring>

#include "common/io/clock.hpp"

namespace gantry::sql {
namespace {

[[noreturn]] void fail(int code, sqlite3* db, const std::string& what) {
    const int extended = db ? sqlite3_extended_errcode(db) : code;
    const int shown = (extended & 0xFF) == (code & 0xFF) ? extended : code;
    const std::string message = what + ": " +
                                (db && sqlite3_errcode(db) != SQLITE_OK ? sqlite3_errmsg(db) : sqlite3_errstr(code)) +
                                " (sqlite " + std::to_string(shown) + ")";
    switch (code & 0xFF) {
        case SQLITE_FULL:
            throw SqlFull{shown, message};
        case SQLITE_IOERR:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            throw SqlBroken{shown, message};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_INTERRUPT:
            throw SqlBusy{shown, message};
        case SQLITE_CONSTRAINT:
            throw SqlConstraint{shown, message};
        default:
            throw SqlError{shown, message};
    }
}

std::int64_t one_integer(Database& db, const std::string& sql) {
    return std::get<0>(Query<std::int64_t>{db, sql}.first().value_or(std::tuple{std::int64_t{-1}}));
}

std::string one_text(Database& db, const std::string& sql) {
    return std::get<0>(Query<std::string>{db, sql}.first().value_or(std::tuple{std::string{}}));
}

// Sets a pragma and reads it back: SQLite ignores what it does not know or cannot do.
void set_pragma(Database& db, const std::string& name, std::int64_t want) {
    db.exec("PRAGMA " + name + "=" + std::to_string(want));
    if (const auto got = one_integer(db, "PRAGMA " + name); got != want)
        throw SqlError{SQLITE_ERROR,
                       "PRAGMA " + name + ": got " + std::to_string(got) + ", want " + std::to_string(want)};
}

void harden(Database& db) {
    int on = 0;
    if (sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, &on) != SQLITE_OK || on != 1)
        throw SqlError{SQLITE_ERROR, "SQLITE_DBCONFIG_DEFENSIVE: got off, want on"};
    set_pragma(db, "trusted_schema", 0);
    set_pragma(db, "cell_size_check", 1);
    set_pragma(db, "foreign_keys", 1);
    db.exec("PRAGMA mmap_size=0");  // An in-memory or unsupported build answers nothing, which is 0 as well.
}

void check_identity(Database& db, const std::filesystem::path& path, const WriterOptions& options) {
    const auto id = one_integer(db, "PRAGMA application_id");
    const auto version = one_integer(db, "PRAGMA user_version");
    const bool fresh = version == 0 && one_integer(db, "SELECT count(*) FROM sqlite_schema") == 0;
    if (fresh) {
        set_pragma(db, "application_id", options.application_id);
    } else if (id != options.application_id) {
        throw SqlBroken{SQLITE_NOTADB, path.string() + ": application_id: got " + std::to_string(id) + ", want " +
                                           std::to_string(options.application_id)};
    }
    if (version > static_cast<std::int64_t>(options.schema.size()))
        throw SqlError{SQLITE_SCHEMA, path.string() + ": schema version: got " + std::to_string(version) +
                                          ", want at most " + std::to_string(options.schema.size()) +
                                          "; a newer version wrote it"};
}

void apply_schema(Database& db, std::span<const SchemaFile> files) {
    const auto have = one_integer(db, "PRAGMA user_version");
    int next = 1;
    for (const SchemaFile& file : files) {
        if (file.version != next++)
            throw std::logic_error{"schema file " + std::string{file.name} + ": numbers must be 1, 2, 3 …"};
        if (file.version <= have) continue;
        Transaction transaction{db};
        db.exec(std::string{file.sql});
        db.exec("PRAGMA user_version=" + std::to_string(file.version));
        transaction.commit();
    }
}

}  // namespace

Database::Database(const std::filesystem::path& path, int open_flags) : deadline_{std::make_unique<Deadline>()} {
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &raw, open_flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    handle_.reset(raw);
    if (code != SQLITE_OK) fail(code, raw, "open " + path.string());
}
Database::~Database() = default;
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;

void Database::Close::operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }

void Database::exec(const std::string& sql) {
    const int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code, handle(), sql.substr(0, 120));
}

std::int64_t Database::changes() const { return sqlite3_changes64(handle()); }
std::int64_t Database::last_insert_rowid() const { return sqlite3_last_insert_rowid(handle()); }
bool Database::in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }

void Database::abort_after_ms(std::int64_t limit_ms) {
    deadline_->at_ms = limit_ms > 0 ? clock::monotonic_ms() + limit_ms : 0;
    constexpr int steps_between_checks = 10'000;  // well under a millisecond of work
    sqlite3_progress_handler(
        handle(), limit_ms > 0 ? steps_between_checks : 0,
        [](void* raw) {
            const auto& deadline = *static_cast<const Deadline*>(raw);
            return deadline.at_ms != 0 && clock::monotonic_ms() > deadline.at_ms ? 1 : 0;
        },
        deadline_.get());
}

Statement::Statement(Database& db, std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(db.handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    handle_.reset(raw);
    if (code != SQLITE_OK) fail(code, db.handle(), "prepare " + std::string{sql.substr(0, 120)});
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

bool Statement::step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    fail(code, sqlite3_db_handle(handle_.get()), std::string{sqlite3_sql(handle_.get())}.substr(0, 120));
}

void Statement::reset() noexcept {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());  // reset() alone keeps them, and they may point to freed memory.
}

int Statement::column_count() const { return sqlite3_column_count(handle_.get()); }

void Statement::check_parameter_count(int got) const {
    if (const int want = sqlite3_bind_parameter_count(handle_.get()); got != want)
        throw std::logic_error{"bind: got " + std::to_string(got) + " values, want " + std::to_string(want) + ": " +
                               sqlite3_sql(handle_.get())};
}

namespace {
void check_bind(int code, sqlite3_stmt* statement) {
    if (code != SQLITE_OK) fail(code, sqlite3_db_handle(statement), "bind");
}
}  // namespace

void Statement::bind_null(int index) { check_bind(sqlite3_bind_null(handle_.get(), index), handle_.get()); }
void Statement::bind_integer(int index, std::int64_t value) {
    check_bind(sqlite3_bind_int64(handle_.get(), index, value), handle_.get());
}
void Statement::bind_real(int index, double value) {
    check_bind(sqlite3_bind_double(handle_.get(), index, value), handle_.get());
}
void Statement::bind_text(int index, std::string_view value) {
    // A null destructor is SQLITE_STATIC: no copy. An empty view may have a null pointer, which SQLite would take for
    // NULL.
    const char* data = value.data() ? value.data() : "";
    check_bind(sqlite3_bind_text64(handle_.get(), index, data, value.size(), nullptr, SQLITE_UTF8), handle_.get());
}
void Statement::bind_blob(int index, ByteView value) {
    const void* data = value.data() ? static_cast<const void*>(value.data()) : "";
    check_bind(sqlite3_bind_blob64(handle_.get(), index, data, value.size(), nullptr), handle_.get());
}

bool Statement::is_null(int index) const { return sqlite3_column_type(handle_.get(), index) == SQLITE_NULL; }
std::int64_t Statement::integer(int index) const { return sqlite3_column_int64(handle_.get(), index); }
double Statement::real(int index) const { return sqlite3_column_double(handle_.get(), index); }
std::string_view Statement::text(int index) const {
    const auto* data = sqlite3_column_text(handle_.get(), index);
    if (!data) return {};
    return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), index))};
}
ByteView Statement::blob(int index) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_.get(), index));
    if (!data) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), index))};
}
void Statement::copy_exactly(int index, std::span<std::uint8_t> out) const {
    const ByteView bytes = blob(index);
    if (bytes.size() != out.size())
        throw SqlBroken{SQLITE_CORRUPT, "column " + std::to_string(index) + ": got " + std::to_string(bytes.size()) +
                                            " bytes, want " + std::to_string(out.size()) + ": " +
                                            sqlite3_sql(handle_.get())};
    if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
}

Transaction::Transaction(Database& db) : db_{db} { db_.exec("BEGIN IMMEDIATE"); }
Transaction::~Transaction() {
    // SQLite may have rolled back by itself (full, I/O): then there is nothing left to roll back.
    if (open_ && db_.in_transaction()) sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}
void Transaction::commit() {
    db_.exec("COMMIT");
    open_ = false;
}

Database open_writer(const std::filesystem::path& path, const WriterOptions& options) {
    Database db{path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
    // A reader that recovers the WAL after a crash may hold the lock for a moment; once open, the writer waits for
    // nobody.
    sqlite3_busy_timeout(db.handle(), 2000);
    db.exec("PRAGMA page_size=" + std::to_string(options.page_bytes));
    // The negative form counts KiB, not pages.
    set_pragma(db, "cache_size", -options.cache_kib);
    if (const auto mode = one_text(db, "PRAGMA journal_mode=WAL"); mode != "wal")
        throw SqlError{SQLITE_ERROR, path.string() + ": journal_mode: got " + mode + ", want wal"};
    set_pragma(db, "synchronous", 2);
    set_pragma(db, "wal_autocheckpoint", options.wal_autocheckpoint_pages);
    harden(db);
    check_identity(db, path, options);
    if (options.quick_check) {
        if (const auto answer = one_text(db, "PRAGMA quick_check(1)"); answer != "ok")
            throw SqlBroken{SQLITE_CORRUPT, path.string() + ": quick_check: " + answer};
    }
    apply_schema(db, options.schema);
    sqlite3_busy_timeout(db.handle(), 0);
    return db;
}

Database open_reader(const std::filesystem::path& path, int busy_ms, int cache_kib) {
    Database db{path, SQLITE_OPEN_READONLY};
    sqlite3_busy_timeout(db.handle(), busy_ms);
    set_pragma(db, "cache_size", -cache_kib);
    db.exec("PRAGMA wal_autocheckpoint=0");
    harden(db);
    return db;
}

}  // namespace gantry::sql
