#include <fmt/format.h>

#include "server/store/limits.hpp"
#include "server/store/store_reader.hpp"

// The reader's functions about the log itself.
namespace gantry::store {

std::optional<LogState> StoreReader::log_state() {
    sql::Query<std::uint64_t, std::int64_t, Bytes> query{db(), "SELECT size, last_recv_ms, frontier FROM log_state"};
    auto row = query.first();
    if (!row) return std::nullopt;
    return LogState{std::get<0>(*row), std::get<1>(*row), std::move(std::get<2>(*row))};
}

std::optional<CheckpointRow> StoreReader::last_checkpoint() {
    sql::Query<std::uint64_t, Hash, std::string, std::int64_t> query{
        db(), "SELECT size, root, note, created_ms FROM checkpoint ORDER BY size DESC LIMIT 1"};
    auto row = query.first();
    if (!row) return std::nullopt;
    return CheckpointRow{std::get<0>(*row), std::get<1>(*row), std::move(std::get<2>(*row)), std::get<3>(*row)};
}

using Leaf = StoreReader::Leaf;

namespace {

// The epoch's id comes along: a record's leaf cannot be read without it.
constexpr std::string_view leaf_columns =
    "SELECT l.idx, l.type, l.recv_ms, l.dev_no, l.epoch_no, l.seq, l.back, l.bytes, e.epoch FROM leaf l "
    "LEFT JOIN epoch e ON e.epoch_no = l.epoch_no ";

}  // namespace

class LeafQuery {
public:
    LeafQuery(sql::Database& db, std::string_view where) : query_{db, std::string{leaf_columns} + std::string{where}} {}

    template <class OnLeaf, class... Args>
    void each(OnLeaf on_leaf, const Args&... args) {
        query_.each(
            [&](std::uint64_t idx, int type, std::int64_t recv_ms, DevNo dev_no, EpochNo epoch_no, std::uint64_t seq,
                std::optional<std::uint64_t> back, ByteView bytes, std::optional<EpochId> epoch) {
                Leaf leaf;
                leaf.bytes.assign(bytes.begin(), bytes.end());
                leaf.row = {idx, static_cast<LeafType>(type), recv_ms, dev_no, epoch_no, seq, back, leaf.bytes};
                leaf.epoch = epoch.value_or(EpochId{});
                on_leaf(std::move(leaf));
            },
            args...);
    }

private:
    sql::Query<std::uint64_t, int, std::int64_t, DevNo, EpochNo, std::uint64_t, std::optional<std::uint64_t>, ByteView,
               std::optional<EpochId>>
        query_;
};

StoreReader::StoreReader(const std::filesystem::path& file) : db_{sql::open_reader(file, 2000, reader_cache_kib)} {}
StoreReader::~StoreReader() = default;
StoreReader::StoreReader(StoreReader&&) noexcept = default;

namespace {

std::optional<std::uint64_t> previous_of(const LeafRow& row) {
    if (!row.back) return std::nullopt;
    return row.idx - *row.back;
}

bool has_type(const Leaf& leaf, std::string_view type) {
    if (type.empty()) return true;
    if (leaf.row.type != LeafType::record) return false;
    const auto record = parse_record(as_text(leaf.bytes));
    return record && record->type == type;
}

}  // namespace

std::optional<Leaf> StoreReader::leaf(std::uint64_t idx) {
    std::optional<Leaf> out;
    sql::Database& store = db();  // starts the time limit
    if (!one_leaf_) one_leaf_ = std::make_unique<LeafQuery>(store, "WHERE l.idx = ?1");
    one_leaf_->each([&](Leaf leaf) { out = std::move(leaf); }, idx);
    return out;
}

StoreReader::History StoreReader::history(DevNo dev_no, std::optional<std::uint64_t> before, std::string_view type,
                                          std::size_t limit) {
    History out;
    sql::Query<std::uint64_t> newest{db(), "SELECT last_leaf FROM device_fold WHERE dev_no = ?1"};
    const auto last = newest.first(dev_no);
    if (!last || limit == 0) return out;
    LeafQuery one{db(), "WHERE l.idx = ?1"};
    std::optional<std::uint64_t> at = std::get<0>(*last);
    if (before) {
        // `before` is a leaf of this device that an earlier page named: its `back` leads on. Any other index starts the
        // walk anew.
        std::optional<Leaf> from = leaf(*before);
        const bool known = from && from->row.dev_no == dev_no;
        if (known) at = previous_of(from->row);
    }
    limit = std::min(limit, page_rows_max);
    std::optional<std::uint64_t> seen_last;
    for (std::size_t looked = 0; at && looked < walk_leaves_max && out.leaves.size() < limit; ++looked) {
        const std::uint64_t idx = *at;
        std::optional<Leaf> found;
        one.each([&](Leaf leaf) { found = std::move(leaf); }, idx);
        if (!found) break;
        at = previous_of(found->row);
        seen_last = idx;
        if ((!before || idx < *before) && has_type(*found, type)) out.leaves.push_back(std::move(*found));
    }
    if (at) out.next_before = seen_last;
    return out;
}

std::vector<Leaf> StoreReader::leaves_from(std::uint64_t first, std::size_t limit) {
    std::vector<Leaf> out;
    LeafQuery{db(), "WHERE l.idx >= ?1 ORDER BY l.idx LIMIT ?2"}.each(
        [&](Leaf leaf) { out.push_back(std::move(leaf)); }, first, std::min(limit, page_rows_max));
    return out;
}

std::vector<Leaf> StoreReader::unassigned(std::uint64_t first, std::size_t limit) {
    std::vector<Leaf> out;
    LeafQuery{
        db(),
        "WHERE l.idx IN (SELECT leaf FROM unassigned WHERE assigned_to IS NULL AND leaf >= ?1 ORDER BY leaf LIMIT ?2) "
        "ORDER BY l.idx"}
        .each([&](Leaf leaf) { out.push_back(std::move(leaf)); }, first, std::min(limit, page_rows_max));
    return out;
}

std::optional<UnassignedRow> StoreReader::unassigned_row(std::uint64_t leaf) {
    sql::Query<std::optional<DevNo>, std::optional<std::uint64_t>> query{
        db(), "SELECT assigned_to, assigned_by FROM unassigned WHERE leaf = ?1"};
    const auto row = query.first(leaf);
    if (!row) return std::nullopt;
    return UnassignedRow{leaf, std::get<0>(*row), std::get<1>(*row)};
}

namespace {

Hash hash_of(StoreReader& reader, const Leaf& leaf) {
    if (leaf.row.type != LeafType::record) return leaf_row_hash(leaf.row, nullptr, {});
    const DeviceId dev = DeviceId::parse(reader.device_id(leaf.row.dev_no).value_or("")).value();
    return leaf_row_hash(leaf.row, &dev, leaf.epoch);
}

}  // namespace

std::optional<Hash> StoreReader::leaf_hash(std::uint64_t idx) {
    const auto found = leaf(idx);
    return found ? std::optional{hash_of(*this, *found)} : std::nullopt;
}

Result<std::vector<Hash>> StoreReader::tile_hashes(unsigned level, std::uint64_t first, std::size_t count) {
    std::vector<Hash> out;
    if (level == 0) {
        for (const Leaf& leaf : leaves_from(first, count)) out.push_back(hash_of(*this, leaf));
    } else {
        sql::Query<Hash> query{db(),
                               "SELECT hash FROM tile_hash WHERE level = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx"};
        query.each([&](Hash hash) { out.push_back(hash); }, level, first, first + count);
    }
    if (out.size() != count)
        return Error{Errc::not_found,
                     fmt::format("tile level {}: got {} hashes from {}, want {}", level, out.size(), first, count)};
    return out;
}

}  // namespace gantry::store
