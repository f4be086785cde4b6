#include "server/store/leaf_hasher.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace gantry::store {
namespace {

constexpr std::uint64_t leaves_at_once = 4096;  // some milliseconds of reading
constexpr std::size_t epochs_kept = 100'000;    // of 80 bytes each

}  // namespace

const DeviceId& LeafHasher::device(DevNo dev_no) {
    const auto found = devices_.find(dev_no);
    if (found != devices_.end()) return found->second;
    return devices_.emplace(dev_no, DeviceId::parse(reader_.device_id(dev_no).value_or("")).value()).first->second;
}

const EpochId& LeafHasher::epoch(EpochNo epoch_no) {
    const auto found = epochs_.find(epoch_no);
    if (found != epochs_.end()) return found->second;
    if (epochs_.size() >= epochs_kept) epochs_.clear();
    sql::Query<EpochId> query{reader_.db(), "SELECT epoch FROM epoch WHERE epoch_no = ?1"};
    const auto row = query.first(epoch_no);
    if (!row) throw sql::SqlBroken{SQLITE_CORRUPT, fmt::format("epoch {}: named by a leaf and not stored", epoch_no)};
    return epochs_.emplace(epoch_no, std::get<0>(*row)).first->second;
}

void LeafHasher::each(std::uint64_t first, std::uint64_t end,
                      const std::function<void(std::uint64_t idx, const Hash& hash)>& on_hash) {
    sql::Query<std::uint64_t, int, std::int64_t, DevNo, EpochNo, std::uint64_t, ByteView> query{
        reader_.db(),
        "SELECT idx, type, recv_ms, dev_no, epoch_no, seq, bytes FROM leaf WHERE idx >= ?1 AND idx < ?2 ORDER BY idx"};
    for (std::uint64_t next = first; next < end;) {
        const std::uint64_t stop = std::min(end, next + leaves_at_once);
        reader_.db();  // the time limit counts for each read anew
        query.each(
            [&](std::uint64_t idx, int type, std::int64_t recv_ms, DevNo dev_no, EpochNo epoch_no, std::uint64_t seq,
                ByteView bytes) {
                if (idx != next) return false;
                const LeafRow row{idx,  static_cast<LeafType>(type), recv_ms, dev_no, epoch_no, seq, std::nullopt,
                                  bytes};
                const bool record = row.type == LeafType::record;
                on_hash(idx, record ? leaf_row_hash(row, &device(dev_no), epoch(epoch_no))
                                    : leaf_row_hash(row, nullptr, {}));
                ++next;
                return true;
            },
            next, stop);
        if (next != stop) throw sql::SqlBroken{SQLITE_CORRUPT, fmt::format("leaf {}: not stored", next)};
    }
}

Result<merkle::Frontier> LeafHasher::frontier_at(std::uint64_t size) {
    const merkle::FetchTileHashes fetch = [&](unsigned level, std::uint64_t first,
                                              std::size_t count) -> Result<std::vector<Hash>> {
        if (level != 0) return reader_.tile_hashes(level, first, count);
        std::vector<Hash> out;
        each(first, first + count, [&](std::uint64_t, const Hash& hash) { out.push_back(hash); });
        return out;
    };
    Bytes bytes;
    ByteWriter write{bytes};
    write.u64(size);
    for (const merkle::NodeId& node : merkle::plan_root(size)) {
        const auto hash = merkle::node_from_tiles(node, fetch);
        if (!hash) return hash.error();
        write.bytes(*hash);
    }
    return merkle::Frontier::parse(bytes);
}

}  // namespace gantry::store
