#include <doctest/doctest.h>

#include "server/store/store_reader.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/store/rows.hpp"

using namespace gantry;
using namespace gantry::store;
using gantry::testing::append_record;
using gantry::testing::put_names;
using gantry::testing::TempDir;

namespace {

std::vector<std::uint64_t> indexes(const StoreReader::History& history) {
    std::vector<std::uint64_t> out;
    for (const StoreReader::Leaf& leaf : history.leaves) out.push_back(leaf.row.idx);
    return out;
}

}  // namespace

TEST_CASE("store: a device's history is read newest first, page by page, and by type") {
    const TempDir dir;
    StoreWriter writer{dir / "gantry.db"};
    writer.begin();
    put_names(writer);
    for (std::uint64_t idx = 0; idx < 10; ++idx) append_record(writer, idx, idx % 3 == 0 ? "power.off" : "power.on");
    writer.commit();
    StoreReader reader{dir / "gantry.db"};

    const auto first = reader.history(1, std::nullopt, "", 4);
    CHECK(indexes(first) == std::vector<std::uint64_t>{9, 8, 7, 6});
    REQUIRE(first.next_before.has_value());
    const auto second = reader.history(1, first.next_before, "", 4);
    CHECK(indexes(second) == std::vector<std::uint64_t>{5, 4, 3, 2});
    const auto third = reader.history(1, second.next_before, "", 4);
    CHECK(indexes(third) == std::vector<std::uint64_t>{1, 0});
    CHECK_FALSE(third.next_before.has_value());

    CHECK(indexes(reader.history(1, std::nullopt, "power.off", 10)) == std::vector<std::uint64_t>{9, 6, 3, 0});
    CHECK(reader.history(2, std::nullopt, "", 10).leaves.empty());
    CHECK(first.leaves.front().epoch == EpochId{1});
}

TEST_CASE("store: a page of history does not run into another device") {
    const TempDir dir;
    StoreWriter writer{dir / "gantry.db"};
    writer.begin();
    put_names(writer);
    const std::string bytes = gantry::testing::record_bytes(1, "power.on");
    // Devices 1 and 2 take turns, so each leads back over the other.
    for (std::uint64_t idx = 0; idx < 6; ++idx) {
        const auto dev_no = static_cast<DevNo>(idx % 2 + 1);
        writer.append({.idx = idx,
                       .type = LeafType::record,
                       .recv_ms = 1,
                       .dev_no = dev_no,
                       .epoch_no = dev_no,
                       .seq = idx / 2 + 1,
                       .back = idx < 2 ? std::nullopt : std::optional<std::uint64_t>{2},
                       .bytes = as_bytes(bytes)});
        writer.put_fold(dev_no, idx, serialize(DeviceFold{}));
    }
    writer.commit();
    StoreReader reader{dir / "gantry.db"};
    CHECK(indexes(reader.history(2, std::nullopt, "", 10)) == std::vector<std::uint64_t>{5, 3, 1});
    // A cursor of another device is no cursor of this one: only the limit "below" counts.
    CHECK(indexes(reader.history(2, 4, "", 10)) == std::vector<std::uint64_t>{3, 1});
}

TEST_CASE("store: a snapshot sees one state although the writer goes on") {
    const TempDir dir;
    StoreWriter writer{dir / "gantry.db"};
    writer.begin();
    put_names(writer);
    append_record(writer, 0);
    writer.commit();
    StoreReader reader{dir / "gantry.db"};
    {
        const StoreReader::Snapshot snapshot{reader};
        CHECK(reader.leaves_from(0, 10).size() == 1);
        writer.begin();
        append_record(writer, 1);
        writer.commit();
        CHECK(reader.leaves_from(0, 10).size() == 1);
    }
    CHECK(reader.leaves_from(0, 10).size() == 2);
}
