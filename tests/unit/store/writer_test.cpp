#include <doctest/doctest.h>

#include "common/io/sqlite.hpp"
#include "server/store/limits.hpp"
#include "server/store/store_reader.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/store/rows.hpp"

using namespace gantry;
using namespace gantry::store;
using gantry::testing::append_record;
using gantry::testing::put_names;
using gantry::testing::TempDir;

namespace {

void store_three(const std::filesystem::path& file) {
    StoreWriter writer{file};
    writer.begin();
    put_names(writer);
    for (std::uint64_t idx = 0; idx < 3; ++idx) append_record(writer, idx);
    writer.put_frame_head(2, Hash{7}, Signature{});
    writer.put_checkpoint({3, Hash{9}, "note", 1});
    writer.put_log_state({3, 1'795'000'000'002, Bytes{0}});
    writer.commit();
}

}  // namespace

TEST_CASE("store: whoever has SQL in hand still cannot change or remove what is in the log") {
    const TempDir dir;
    store_three(dir / "gantry.db");
    // Not our writer: a plain connection, as an administrator's shell would have.
    sql::Database shell{dir / "gantry.db", 0x2 /* read and write */};
    shell.exec("PRAGMA recursive_triggers=ON");
    for (const char* attack : {
             "UPDATE leaf SET bytes = x'00' WHERE idx = 1",
             "UPDATE leaf SET recv_ms = 0",
             "DELETE FROM leaf WHERE idx = 2",
             "INSERT OR REPLACE INTO leaf VALUES (1, 1, 0, 1, 1, 2, 1, x'00')",
             "UPDATE frame_head SET head = x'00'",
             "DELETE FROM frame_head",
             "UPDATE checkpoint SET note = 'other'",
             "DELETE FROM checkpoint",
         }) {
        CAPTURE(attack);
        CHECK_THROWS_AS(shell.exec(attack), sql::SqlConstraint);
    }
    StoreReader reader{dir / "gantry.db"};
    CHECK(reader.leaves_from(0, 10).size() == 3);
}

TEST_CASE("store: the writer itself cannot replace a leaf") {
    const TempDir dir;
    store_three(dir / "gantry.db");
    StoreWriter writer{dir / "gantry.db"};
    writer.begin();
    CHECK_THROWS_AS(append_record(writer, 1), sql::SqlConstraint);
    writer.rollback();
}

TEST_CASE("store: a transaction that did not commit leaves nothing, the one before everything") {
    const TempDir dir;
    store_three(dir / "gantry.db");
    {
        StoreWriter writer{dir / "gantry.db"};
        writer.begin();
        append_record(writer, 3);
        writer.put_log_state({4, 1'795'000'000'003, Bytes{1}});
        // Destroyed without commit, as when the process dies.
    }
    StoreReader reader{dir / "gantry.db"};
    CHECK(reader.log_state()->size == 3);
    CHECK(reader.log_state()->frontier == Bytes{0});
    CHECK(reader.leaves_from(0, 10).size() == 3);
    CHECK(reader.device("ct-1")->last_leaf == 2);
}

TEST_CASE("store: a reader cannot write") {
    const TempDir dir;
    store_three(dir / "gantry.db");
    StoreReader reader{dir / "gantry.db"};
    CHECK_THROWS_AS(reader.db().exec("UPDATE device_fold SET fold = ''"), sql::SqlError);
}

TEST_CASE("store: a store of a newer version is refused, not damaged") {
    const TempDir dir;
    store_three(dir / "gantry.db");
    {
        sql::Database shell{dir / "gantry.db", 0x2};
        shell.exec("PRAGMA user_version=99");
    }
    CHECK_THROWS_WITH_AS(StoreWriter{dir / "gantry.db"}, doctest::Contains("schema version: got 99"), sql::SqlError);
}

TEST_CASE("store: quarantine keeps the newest and no more than its limit") {
    const TempDir dir;
    StoreWriter writer{dir / "gantry.db"};
    writer.begin();
    const auto rows = static_cast<std::uint64_t>(quarantine_rows_max) + 25;
    for (std::uint64_t i = 0; i < rows; ++i) writer.add_quarantine({1, "ct-1", "schema", "field", Hash{}, i});
    writer.commit();
    StoreReader reader{dir / "gantry.db"};
    sql::Query<std::int64_t, std::int64_t, std::int64_t> count{reader.db(),
                                                               "SELECT count(*), min(size), max(size) FROM quarantine"};
    const auto [have, oldest, newest] = *count.first();
    CHECK(have == quarantine_rows_max);
    CHECK(oldest == 25);
    CHECK(newest == static_cast<std::int64_t>(rows) - 1);
}

TEST_CASE("store: of one epoch only the first conflicts are kept") {
    const TempDir dir;
    StoreWriter writer{dir / "gantry.db"};
    writer.begin();
    for (int i = 0; i < 10; ++i) writer.add_conflict({1, 1, EpochId{1}, "frame", 1, Hash{}, Hash{}, Bytes(100)});
    writer.add_conflict({1, 1, EpochId{2}, "hello", 1, Hash{}, Hash{}, Bytes(100)});
    writer.commit();
    StoreReader reader{dir / "gantry.db"};
    sql::Query<std::int64_t> count{reader.db(), "SELECT count(*) FROM conflict"};
    CHECK(std::get<0>(*count.first()) == conflict_rows_per_epoch_max + 1);
}

TEST_CASE("store: an hour comes back as it went in, its keys included") {
    const TempDir dir;
    StoreWriter writer{dir / "gantry.db"};
    HourCell cell;
    cell.exams = 3;
    cell.exposures = 7;
    cell.dlp_ugy_cm = 115'660;
    cell.half_exposure_ms = {1'200, 3'400};
    cell.half_exposures = {2, 5};
    cell.coverage = (std::uint64_t{1} << 59) | 1;
    cell.ctdivol.add(12'000, 7);
    cell.event_keys = {1, 2, 0xFFFF'FFFF'FFFF'FFFF};
    cell.exam_keys = {5};
    cell.keys_full = true;
    writer.begin();
    writer.put_hour(1, 3'600'000, cell);
    CHECK(writer.hour(1, 3'600'000) == cell);
    CHECK_FALSE(writer.hour(1, 7'200'000).has_value());
    cell.exposures = 8;
    writer.put_hour(1, 3'600'000, cell);
    CHECK(writer.hour(1, 3'600'000) == cell);
    writer.commit();
}

TEST_CASE("store: a finding told again is counted, closed and opened again") {
    const TempDir dir;
    StoreWriter writer{dir / "gantry.db"};
    FindingRow row{.dev_no = 1,
                   .rule = "V10",
                   .key = "SEALED@5",
                   .kind = "contradiction",
                   .severity = Severity::medium,
                   .suspected = true,
                   .state = "SEALED",
                   .since_ms = 5,
                   .first_at_ms = 10,
                   .last_at_ms = 10,
                   .first_leaf = 1,
                   .last_leaf = 1};
    writer.begin();
    writer.add_finding(row);
    row.severity = Severity::critical;
    row.suspected = false;
    row.first_at_ms = row.last_at_ms = 8;  // an older observation that came late
    row.first_leaf = row.last_leaf = 4;
    writer.add_finding(row);
    writer.commit();
    StoreReader reader{dir / "gantry.db"};
    const FindingRow got = reader.findings(1, true, 10).at(0);
    CHECK(got.count == 2);
    CHECK(got.severity == Severity::critical);
    CHECK_FALSE(got.suspected);
    CHECK(got.first_at_ms == 8);
    CHECK(got.last_at_ms == 10);
    CHECK(got.first_leaf == 1);
    CHECK(got.last_leaf == 4);
    writer.begin();
    writer.close_finding(1, "V10", "SEALED@5", 20, 6);
    writer.commit();
    CHECK(reader.findings(1, true, 10).empty());
    CHECK(reader.findings(1, false, 10).at(0).last_leaf == 6);
}
