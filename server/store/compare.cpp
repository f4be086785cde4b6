#include "server/store/compare.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "common/core/bytes.hpp"

namespace gantry::store {
namespace {

struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Walk = std::unique_ptr<sqlite3_stmt, Finalize>;

// All columns of a table in the order of its primary key, whatever they are: this walk must not know the schema.
Walk walk(sql::Database& db, std::string_view table) {
    std::string order;
    sql::Query<std::string> columns{db, "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk"};
    columns.each([&](std::string name) { order += (order.empty() ? "" : ", ") + name; }, table);
    const std::string text = fmt::format("SELECT * FROM {} ORDER BY {}", table, order);
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v2(db.handle(), text.c_str(), -1, &raw, nullptr);
    if (code != SQLITE_OK) throw sql::SqlError{code, fmt::format("{}: {}", text, sqlite3_errmsg(db.handle()))};
    return Walk{raw};
}

bool step(sqlite3_stmt* statement) {
    const int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        throw sql::SqlError{
            code, fmt::format("{}: {}", sqlite3_sql(statement), sqlite3_errmsg(sqlite3_db_handle(statement)))};
    return code == SQLITE_ROW;
}

std::string_view value(sqlite3_stmt* row, int column) {
    const void* data = sqlite3_column_blob(row, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
    return data ? std::string_view{static_cast<const char*>(data), size} : std::string_view{};
}

std::string shown(sqlite3_stmt* row, int column) {
    constexpr std::size_t shown_max = 160;
    if (sqlite3_column_type(row, column) == SQLITE_NULL) return "NULL";
    std::string_view text = value(row, column);
    if (sqlite3_column_type(row, column) == SQLITE_BLOB) return to_hex(as_bytes(text.substr(0, shown_max / 2)));
    return std::string{text.substr(0, shown_max)};
}

std::string shown_row(sqlite3_stmt* row) {
    std::string out;
    for (int i = 0; i < sqlite3_column_count(row); ++i)
        out += fmt::format("{}{}={}", i ? " " : "", sqlite3_column_name(row, i), shown(row, i));
    return out;
}

std::optional<std::string> difference(std::string_view table, sqlite3_stmt* stored, sqlite3_stmt* rebuilt) {
    for (int i = 0; i < sqlite3_column_count(stored); ++i) {
        // Types first: reading a number as bytes turns it into text.
        const bool same =
            sqlite3_column_type(stored, i) == sqlite3_column_type(rebuilt, i) && value(stored, i) == value(rebuilt, i);
        if (!same)
            return fmt::format("{}.{}: stored {}, folded again {} (stored row: {})", table,
                               sqlite3_column_name(stored, i), shown(stored, i), shown(rebuilt, i), shown_row(stored));
    }
    return std::nullopt;
}

}  // namespace

const std::vector<std::string_view>& folded_tables() {
    static const std::vector<std::string_view> tables{
        "log_state", "tile_hash", "device",     "device_fold",  "epoch",  "hour",          "hour_key",      "day",
        "interval",  "finding",   "unassigned", "finding_step", "moment", "paper_version", "paper_subject", "paper"};
    return tables;
}

std::optional<std::string> first_difference(sql::Database& stored, sql::Database& rebuilt) {
    for (const std::string_view table : folded_tables()) {
        const Walk left = walk(stored, table);
        const Walk right = walk(rebuilt, table);
        if (sqlite3_column_count(left.get()) != sqlite3_column_count(right.get()))
            return fmt::format("{}: the stores have different columns", table);
        while (true) {
            const bool more_left = step(left.get());
            const bool more_right = step(right.get());
            if (!more_left && !more_right) break;
            if (!more_right)
                return fmt::format("{}: the log does not account for the row {}", table, shown_row(left.get()));
            if (!more_left) return fmt::format("{}: missing the row {}", table, shown_row(right.get()));
            if (auto found = difference(table, left.get(), right.get())) return found;
        }
    }
    return std::nullopt;
}

}  // namespace gantry::store
