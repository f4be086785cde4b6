#include "common/io/sqlite.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/support/temp_dir.hpp"

using namespace gantry;
using namespace gantry::sql;
using gantry::testing::TempDir;

namespace {

constexpr SchemaFile files_v1[] = {{1, "001_first", "CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB, c TEXT) STRICT;"}};
constexpr SchemaFile files_v2[] = {files_v1[0], {2, "002_more", "ALTER TABLE t ADD COLUMN d INTEGER;"}};
constexpr SchemaFile files_hole[] = {files_v1[0], {3, "003_hole", "SELECT 1;"}};

WriterOptions options(std::span<const SchemaFile> files) { return {.application_id = 77, .schema = files}; }

std::int64_t pragma(Database& db, const std::string& name) {
    return std::get<0>(Query<std::int64_t>{db, "PRAGMA " + name}.first().value());
}

}  // namespace

TEST_CASE("sqlite: a writer has every setting that durability needs") {
    const TempDir dir;
    auto db = open_writer(dir / "a.db", options(files_v1));
    CHECK(std::get<0>(Query<std::string>{db, "PRAGMA journal_mode"}.first().value()) == "wal");
    CHECK(pragma(db, "synchronous") == 2);
    CHECK(pragma(db, "foreign_keys") == 1);
    CHECK(pragma(db, "trusted_schema") == 0);
    CHECK(pragma(db, "cell_size_check") == 1);
    CHECK(pragma(db, "mmap_size") == 0);
    CHECK(pragma(db, "application_id") == 77);
    CHECK(pragma(db, "user_version") == 1);
    int defensive = 0;
    sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
    CHECK(defensive == 1);
}

TEST_CASE("sqlite: values come back as they went in") {
    const TempDir dir;
    auto db = open_writer(dir / "a.db", options(files_v1));
    Statement insert{db, "INSERT INTO t(a, b, c) VALUES (?1, ?2, ?3)"};
    insert.run(1, Bytes{1, 0, 255}, std::string_view{"a\0b", 3});
    insert.run(std::uint64_t{2}, ByteView{}, std::string{});
    insert.run(3, nullptr, std::optional<std::string>{});
    Query<int, std::optional<Bytes>, std::optional<std::string>> all{db, "SELECT a, b, c FROM t ORDER BY a"};
    const auto rows = all.all();
    REQUIRE(rows.size() == 3);
    CHECK(rows[0] == std::tuple{1, std::optional{Bytes{1, 0, 255}}, std::optional{std::string("a\0b", 3)}});
    CHECK(rows[1] == std::tuple{2, std::optional{Bytes{}}, std::optional{std::string{}}});  // Empty is not absent.
    CHECK(rows[2] == std::tuple{3, std::optional<Bytes>{}, std::optional<std::string>{}});
    Query<Hash> wrong{db, "SELECT b FROM t WHERE a = 1"};
    CHECK_THROWS_AS(wrong.first(), SqlBroken);
    CHECK_THROWS_AS((Query<int, int>{db, "SELECT a FROM t"}), std::logic_error);
    CHECK_THROWS_AS(insert.run(1), std::logic_error);
    CHECK_THROWS_AS(insert.run(1, nullptr, nullptr), SqlConstraint);
    CHECK_NOTHROW(insert.run(4, nullptr, nullptr));  // A failed statement is ready again.
}

TEST_CASE("sqlite: a transaction that is not committed leaves nothing") {
    const TempDir dir;
    auto db = open_writer(dir / "a.db", options(files_v1));
    {
        const Transaction lost{db};
        db.exec("INSERT INTO t(a) VALUES (1)");
    }
    Transaction kept{db};
    db.exec("INSERT INTO t(a) VALUES (2)");
    kept.commit();
    CHECK(Query<int>{db, "SELECT a FROM t"}.all() == std::vector<std::tuple<int>>{{2}});
}

TEST_CASE("sqlite: schema files apply once, upgrade, and refuse what is newer or foreign") {
    const TempDir dir;
    { auto db = open_writer(dir / "a.db", options(files_v1)); }
    {
        auto db = open_writer(dir / "a.db", options(files_v2));
        CHECK(pragma(db, "user_version") == 2);
        CHECK_NOTHROW(db.exec("INSERT INTO t(a, d) VALUES (1, 2)"));
    }
    CHECK_THROWS_WITH_AS(open_writer(dir / "a.db", options(files_v1)), doctest::Contains("got 2, want at most 1"),
                         SqlError);
    CHECK_THROWS_AS(open_writer(dir / "a.db", {.application_id = 78, .schema = files_v2}), SqlBroken);
    CHECK_THROWS_AS(open_writer(dir / "b.db", options(files_hole)), std::logic_error);
    std::ofstream{dir / "c.db"} << std::string(8192, 'x');
    CHECK_THROWS_AS(open_writer(dir / "c.db", options(files_v1)), SqlBroken);
}

TEST_CASE("sqlite: a reader reads, never writes, never checkpoints") {
    const TempDir dir;
    auto writer = open_writer(dir / "a.db", options(files_v1));
    writer.exec("INSERT INTO t(a) VALUES (1)");
    auto reader = open_reader(dir / "a.db");
    CHECK(Query<int>{reader, "SELECT a FROM t"}.all().size() == 1);
    CHECK_THROWS_AS(reader.exec("INSERT INTO t(a) VALUES (2)"), SqlError);
    CHECK(pragma(reader, "wal_autocheckpoint") == 0);
    reader.abort_after_ms(1);
    CHECK_THROWS_AS(
        Query<int>(reader, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
            .first(),
        SqlBusy);
}

TEST_CASE("sqlite: what COMMIT answered is there after a SIGKILL") {
    const TempDir dir;
    int promises[2];
    REQUIRE(::pipe(promises) == 0);
    const pid_t child = ::fork();
    if (child == 0) {  // The database is opened here: an open handle must not cross a fork.
        auto db = open_writer(dir / "a.db", options(files_v1));
        Statement insert{db, "INSERT INTO t(a) VALUES (?1)"};
        for (int i = 1;; ++i) {
            Transaction transaction{db};
            insert.run(i);
            transaction.commit();
            if (::write(promises[1], &i, sizeof i) != sizeof i) ::_exit(1);
        }
    }
    ::close(promises[1]);
    int last = 0;
    while (last < 50 && ::read(promises[0], &last, sizeof last) == sizeof last) {
    }
    ::kill(child, SIGKILL);
    for (int more = 0; ::read(promises[0], &more, sizeof more) == sizeof more;) last = more;
    ::close(promises[0]);
    ::waitpid(child, nullptr, 0);
    REQUIRE(last >= 50);
    auto db = open_writer(dir / "a.db", options(files_v1));
    const auto stored = std::get<0>(Query<int>{db, "SELECT count(*) FROM t"}.first().value());
    CHECK(stored >= last);      // All that was promised,
    CHECK(stored <= last + 1);  // and at most the one whose answer was cut off.
}
