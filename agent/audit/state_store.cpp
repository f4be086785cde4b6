#include "agent/audit/state_store.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include "agent/audit/domain/limits.hpp"
#include "agent_audit_schema.hpp"
#include "common/io/files.hpp"
#include "common/io/sqlite.hpp"

namespace gantry::audit {
namespace {

constexpr std::int32_t application_id = 0x47415531;  // "GAU1"

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
    sql::Query<std::int64_t> seen_rows{db, "SELECT count(*) FROM seen"};
    sql::Query<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::string, std::optional<std::int64_t>>
        position{db, "SELECT device, inode, offset, head_bytes, head, last_at FROM position WHERE path = ?1"};
    sql::Statement save{
        db,
        "INSERT INTO position (path, device, inode, offset, head_bytes, head, last_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (path) DO UPDATE SET device = excluded.device, "
        "inode = excluded.inode, offset = excluded.offset, head_bytes = excluded.head_bytes, "
        "head = excluded.head, last_at = excluded.last_at"};
};

StateStore::StateStore(const std::filesystem::path& path) : impl_{std::make_unique<Impl>(path)} {}
StateStore::~StateStore() = default;
StateStore::StateStore(StateStore&&) noexcept = default;

bool StateStore::seen(std::string_view message_h) { return impl_->seen.first(message_h).has_value(); }

void StateStore::remember(std::span<const std::string> message_hs, std::int64_t now_ms) {
    if (message_hs.empty()) return;
    sql::Transaction transaction{impl_->db};
    for (const std::string& message_h : message_hs) impl_->remember.run(message_h, now_ms);
    transaction.commit();
}

std::int64_t StateStore::evict(std::int64_t now_ms) {
    sql::Transaction transaction{impl_->db};
    std::int64_t removed = 0;
    const auto remove = [&](std::string_view statement, std::int64_t argument) {
        sql::Statement{impl_->db, statement}.run(argument);
        removed += impl_->db.changes();
    };
    remove("DELETE FROM seen WHERE at < ?1", now_ms - limits::seen_age_ms_max);
    const std::int64_t excess = std::get<0>(*impl_->seen_rows.first()) - limits::seen_rows_max;
    if (excess > 0) remove("DELETE FROM seen WHERE h IN (SELECT h FROM seen ORDER BY at LIMIT ?1)", excess);
    transaction.commit();
    return removed;
}

std::optional<LogPosition> StateStore::position(const std::string& path) {
    const auto row = impl_->position.first(path);
    if (!row) return std::nullopt;
    const auto& [device, inode, offset, head_bytes, head, last_at_ms] = *row;
    return LogPosition{device, inode, offset, head_bytes, head, last_at_ms};
}

void StateStore::save_position(const std::string& path, const LogPosition& position) {
    impl_->save.run(path, position.device, position.inode, position.offset, position.head_bytes, position.head,
                    position.last_at_ms);
}

Result<Hash> pseudonym_key(const std::filesystem::path& state) {
    const std::filesystem::path path = state / "pseudonym.key";
    const auto text = files::read_all(path, 256);
    if (text) {
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 077) != 0)
            return Error{Errc::refused, path.string() + ": got a key that others may read, want mode 0600"};
        auto key = hash_from_hex(std::string_view{*text}.substr(0, 64));
        if (!key) return Error{Errc::malformed, path.string() + ": want a key of 64 lower-case hexadecimal digits"};
        return *key;
    }
    if (text.error().code != Errc::not_found) return text.error();
    Hash key{};
    files::random_bytes(key);
    if (auto written = files::write_atomic(path, to_hex(key) + "\n", 0600); !written) return written.error();
    return key;
}

}  // namespace gantry::audit
