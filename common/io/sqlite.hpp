#pragma once

#include <array>
#include <cassert>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "common/core/bytes.hpp"

struct sqlite3;
struct sqlite3_stmt;

// A thin RAII layer over SQLite's C API. Not SQLiteCpp: its binds copy every string_view, each column read copies a
// shared_ptr, and the agent's memory is counted in kilobytes.
//
// One connection in the whole system writes and checkpoints a database (SQLite before 3.51.3 can corrupt a WAL when two
// do): `open_writer` for that one, `open_reader` for all others. A connection and its statements belong to one thread
// at a time.
namespace gantry::sql {

// Something went wrong in the database. `code` is SQLite's extended result code.
class SqlError : public std::runtime_error {
public:
    SqlError(int code, const std::string& message) : std::runtime_error{message}, code_{code} {}
    int code() const noexcept { return code_; }

private:
    int code_;
};
// The disk or its quota is full: roll back, promise nothing, stay up, try again later.
class SqlFull : public SqlError {
    using SqlError::SqlError;
};
// I/O error, corruption, or not a database: what was promised may be in doubt; a collector's writer aborts.
class SqlBroken : public SqlError {
    using SqlError::SqlError;
};
// Another connection holds a lock, or a reader ran over its time.
class SqlBusy : public SqlError {
    using SqlError::SqlError;
};
class SqlConstraint : public SqlError {
    using SqlError::SqlError;
};

class Statement;

class Database {
public:
    Database(const std::filesystem::path& path, int open_flags);
    ~Database();
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;

    // One or more statements without parameters and results.
    void exec(const std::string& sql);
    // Rows changed by the last statement.
    std::int64_t changes() const;
    std::int64_t last_insert_rowid() const;
    bool in_transaction() const;
    // Readers: statements that run longer than this from now on fail with SqlBusy; 0 = no limit.
    void abort_after_ms(std::int64_t limit_ms);
    sqlite3* handle() const { return handle_.get(); }

private:
    struct Close {
        void operator()(sqlite3* db) const noexcept;
    };
    struct Deadline {
        std::int64_t at_ms = 0;
    };
    std::unique_ptr<sqlite3, Close> handle_;
    std::unique_ptr<Deadline> deadline_;  // at a fixed place: SQLite keeps a pointer to it
};

// A prepared statement. Bound text and blobs are not copied: they must live until the statement is reset, which run(),
// and every function of Query, do before they return.
class Statement {
public:
    Statement(Database& db, std::string_view sql);

    template <class... Args>
    void bind_all(const Args&... args) {
        check_parameter_count(static_cast<int>(sizeof...(Args)));
        int index = 0;
        (bind(++index, args), ...);
    }
    // True while there is a row.
    bool step();
    void reset() noexcept;  // and clears the bindings
    // For INSERT, UPDATE, DELETE: binds, runs to the end, resets.
    template <class... Args>
    void run(const Args&... args) {
        const ScopedReset guard{*this};
        bind_all(args...);
        while (step()) {
        }
    }
    int column_count() const;

    template <class T>
    T column(int index) const {
        if constexpr (is_optional<T>::value) {
            if (is_null(index)) return std::nullopt;
            return column<typename T::value_type>(index);
        } else if constexpr (std::same_as<T, bool>) {
            return integer(index) != 0;
        } else if constexpr (std::integral<T>) {
            return static_cast<T>(integer(index));
        } else if constexpr (std::floating_point<T>) {
            return static_cast<T>(real(index));
        } else if constexpr (std::same_as<T, std::string_view> || std::same_as<T, ByteView>) {
            return view<T>(index);
        } else if constexpr (std::same_as<T, std::string>) {
            return std::string{view<std::string_view>(index)};
        } else if constexpr (std::same_as<T, Bytes>) {
            const ByteView bytes = blob(index);
            return Bytes(bytes.begin(), bytes.end());
        } else {
            T out{};  // std::array<std::uint8_t, N>
            copy_exactly(index, out);
            return out;
        }
    }

    class ScopedReset {
    public:
        explicit ScopedReset(Statement& statement) : statement_{statement} {}
        ~ScopedReset() { statement_.reset(); }
        ScopedReset(const ScopedReset&) = delete;
        ScopedReset& operator=(const ScopedReset&) = delete;

    private:
        Statement& statement_;
    };
    ScopedReset scoped_reset() { return ScopedReset{*this}; }

private:
    template <class T>
    struct is_optional : std::false_type {};
    template <class T>
    struct is_optional<std::optional<T>> : std::true_type {};

    template <class T>
    void bind(int index, const T& value) {
        if constexpr (is_optional<T>::value) {
            if (value)
                bind(index, *value);
            else
                bind_null(index);
        } else if constexpr (std::same_as<T, std::nullptr_t> || std::same_as<T, std::nullopt_t>) {
            bind_null(index);
        } else if constexpr (std::integral<T>) {
            bind_integer(index, static_cast<std::int64_t>(value));
        } else if constexpr (std::floating_point<T>) {
            bind_real(index, static_cast<double>(value));
        } else if constexpr (std::convertible_to<const T&, std::string_view>) {
            bind_text(index, std::string_view{value});
        } else {
            bind_blob(index, ByteView{value});
        }
    }
    void bind_null(int index);
    void bind_integer(int index, std::int64_t value);
    void bind_real(int index, double value);
    void bind_text(int index, std::string_view value);
    void bind_blob(int index, ByteView value);
    void check_parameter_count(int got) const;

    bool is_null(int index) const;
    std::int64_t integer(int index) const;
    double real(int index) const;
    std::string_view text(int index) const;
    ByteView blob(int index) const;
    void copy_exactly(int index, std::span<std::uint8_t> out) const;
    template <class T>
    T view(int index) const {
        if constexpr (std::same_as<T, ByteView>)
            return blob(index);
        else
            return text(index);
    }

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// SQL text and row shape meet in one place; the call site has no column numbers. Views (string_view, ByteView) are
// valid only inside the callback of each(). Usage: `Query<std::string, int> open{db, "SELECT id, state FROM device
// WHERE site = ?1"};`
template <class... Columns>
class Query {
public:
    Query(Database& db, std::string_view sql) : statement_{db, sql} {
        if (statement_.column_count() != int{sizeof...(Columns)})
            throw std::logic_error{"query: got " + std::to_string(statement_.column_count()) + " columns, want " +
                                   std::to_string(sizeof...(Columns)) + ": " + std::string{sql}};
    }
    // Calls on_row(Columns...) for each row. A callback that returns bool ends the walk by returning false.
    template <class OnRow, class... Args>
    void each(OnRow on_row, const Args&... args) {
        const Statement::ScopedReset guard{statement_};  // Also on a throw.
        statement_.bind_all(args...);
        while (statement_.step()) {
            if constexpr (std::same_as<std::invoke_result_t<OnRow&, Columns...>, bool>) {
                if (!row(on_row, std::index_sequence_for<Columns...>{})) return;
            } else {
                row(on_row, std::index_sequence_for<Columns...>{});
            }
        }
    }
    // The first row, if there is one.
    template <class... Args>
    std::optional<std::tuple<Columns...>> first(const Args&... args) {
        std::optional<std::tuple<Columns...>> out;
        each(
            [&](Columns... columns) {
                out.emplace(std::move(columns)...);
                return false;
            },
            args...);
        return out;
    }
    template <class... Args>
    std::vector<std::tuple<Columns...>> all(const Args&... args) {
        std::vector<std::tuple<Columns...>> out;
        each([&](Columns... columns) { out.emplace_back(std::move(columns)...); }, args...);
        return out;
    }

private:
    template <class OnRow, std::size_t... I>
    auto row(OnRow& on_row, std::index_sequence<I...>) {
        return on_row(statement_.template column<Columns>(int{I})...);
    }
    Statement statement_;
};

// BEGIN IMMEDIATE … COMMIT; rolls back unless committed.
class Transaction {
public:
    explicit Transaction(Database& db);
    ~Transaction();
    // Returns only when the data is on the disk (synchronous=FULL); throws otherwise, and then nothing of it counts.
    void commit();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

private:
    Database& db_;
    bool open_ = true;
};

// One numbered schema file; versions start at 1 and have no holes. `gantry_embed_schema` (EmbedSchema.cmake) makes them
// from schema/NNN_name.sql.
struct SchemaFile {
    int version;
    std::string_view name;
    std::string_view sql;
};

struct WriterOptions {
    std::int32_t application_id;         // written at creation, checked ever after
    std::span<const SchemaFile> schema;  // what is missing is applied, each in one transaction with its user_version
    int cache_kib = 2048;
    int page_bytes = 4096;  // of a new database; an existing one keeps its own
    int wal_autocheckpoint_pages = 1000;
    bool quick_check = false;  // run PRAGMA quick_check and throw SqlBroken when it finds anything
};

// Creates or opens the database and becomes its only writer: WAL, synchronous FULL, foreign_keys, trusted_schema off,
// cell_size_check, no mmap, DEFENSIVE. Each setting is read back; a WAL that did not engage throws.
Database open_writer(const std::filesystem::path& path, const WriterOptions& options);

// A read-only connection that never checkpoints and waits at most busy_ms for a lock.
Database open_reader(const std::filesystem::path& path, int busy_ms = 2000, int cache_kib = 2048);

}  // namespace gantry::sql
