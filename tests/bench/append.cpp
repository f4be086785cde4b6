// bench_append: the yardstick of `ingest`: a bare prepared-statement append of the very rows that a collector stored,
// into a fresh database with the same table, in batches of the same size. WAL, synchronous=FULL.
//   bench_append COLLECTOR.db FRESH.db ROWS_PER_COMMIT PAGE_BYTES         a line of JSON on stdout
#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Row {
    std::int64_t numbers[7];  // idx type recv_ms dev_no epoch_no seq back
    bool back_null;
    std::string bytes;
};

void must(int code, sqlite3* db, int want = SQLITE_OK) {
    if (code != want) throw std::runtime_error{sqlite3_errmsg(db)};
}

std::vector<Row> read_rows(const char* file, std::string& table) {
    sqlite3* db = nullptr;
    must(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, nullptr), db);
    sqlite3_stmt* query = nullptr;
    must(sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_schema WHERE name = 'leaf'", -1, &query, nullptr), db);
    must(sqlite3_step(query), db, SQLITE_ROW);
    table = reinterpret_cast<const char*>(sqlite3_column_text(query, 0));
    sqlite3_finalize(query);
    must(sqlite3_prepare_v2(db, "SELECT idx, type, recv_ms, dev_no, epoch_no, seq, back, bytes FROM leaf ORDER BY idx",
                            -1, &query, nullptr),
         db);
    std::vector<Row> rows;
    while (sqlite3_step(query) == SQLITE_ROW) {
        Row row{};
        for (int c = 0; c < 7; ++c) row.numbers[c] = sqlite3_column_int64(query, c);
        row.back_null = sqlite3_column_type(query, 6) == SQLITE_NULL;
        row.bytes.assign(static_cast<const char*>(sqlite3_column_blob(query, 7)),
                         static_cast<std::size_t>(sqlite3_column_bytes(query, 7)));
        rows.push_back(std::move(row));
    }
    sqlite3_finalize(query);
    sqlite3_close(db);
    return rows;
}

double append(const char* file, const std::string& table, const std::vector<Row>& rows, std::size_t batch,
              int page_bytes) {
    sqlite3* db = nullptr;
    must(sqlite3_open(file, &db), db);
    // A checkpoint for each 64 MiB of WAL, as the collector's.
    const std::string setup = fmt::format(
        "PRAGMA page_size={}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint={}; "
        "PRAGMA cache_size=-49152; {}",
        page_bytes, 64 * 1024 * 1024 / page_bytes, table);
    must(sqlite3_exec(db, setup.c_str(), nullptr, nullptr, nullptr), db);
    sqlite3_stmt* insert = nullptr;
    must(sqlite3_prepare_v2(db, "INSERT INTO leaf VALUES (?,?,?,?,?,?,?,?)", -1, &insert, nullptr), db);
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i % batch == 0) must(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), db);
        const Row& row = rows[i];
        for (int c = 0; c < 7; ++c) sqlite3_bind_int64(insert, c + 1, row.numbers[c]);
        if (row.back_null) sqlite3_bind_null(insert, 7);
        sqlite3_bind_blob(insert, 8, row.bytes.data(), static_cast<int>(row.bytes.size()), SQLITE_STATIC);
        must(sqlite3_step(insert), db, SQLITE_DONE);
        sqlite3_reset(insert);
        if ((i + 1) % batch == 0 || i + 1 == rows.size())
            must(sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr), db);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return took.count();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5 || std::atol(argv[3]) < 1 || std::atol(argv[4]) < 512) {
        fmt::print(stderr, "got {} arguments, want COLLECTOR.db FRESH.db ROWS_PER_COMMIT PAGE_BYTES\n", argc - 1);
        return 2;
    }
    std::string table;
    const auto rows = read_rows(argv[1], table);
    const double seconds =
        append(argv[2], table, rows, static_cast<std::size_t>(std::atol(argv[3])), std::atoi(argv[4]));
    fmt::print("{{\"rows\":{},\"seconds\":{:.4f}}}\n", rows.size(), seconds);
    return 0;
}
