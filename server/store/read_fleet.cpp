#include "server/store/read_fleet.hpp"

#include <algorithm>

#include "server/store/limits.hpp"

namespace gantry::store {

void each_interval(StoreReader& reader, std::int64_t from_ms, std::int64_t to_ms,
                   const std::function<void(DevNo, IntervalRow)>& on_row) {
    // Within a lane and key intervals do not overlap, so the last one that begins before the window may reach into it;
    // the primary key finds both without walking a device's whole life.
    sql::Query<DevNo, int, std::string, std::int64_t, std::optional<std::int64_t>, std::string, std::uint64_t> query{
        reader.db(),
        "SELECT i.dev_no, i.lane, i.key, i.from_ms, i.to_ms, i.state, i.leaf FROM device d JOIN interval i ON i.dev_no "
        "= d.dev_no "
        "AND i.lane IN (0, 1) AND i.key = '' AND i.from_ms < ?2 AND i.from_ms >= coalesce((SELECT max(p.from_ms) FROM "
        "interval p "
        "WHERE p.dev_no = d.dev_no AND p.lane = i.lane AND p.key = '' AND p.from_ms <= ?1), ?1) "
        "AND (i.to_ms IS NULL OR i.to_ms > ?1) "
        "UNION ALL "
        "SELECT i.dev_no, i.lane, i.key, i.from_ms, i.to_ms, i.state, i.leaf FROM device d JOIN interval i ON i.dev_no "
        "= d.dev_no "
        "AND i.lane = 2 AND i.from_ms < ?2 AND (i.to_ms IS NULL OR i.to_ms > ?1) "
        "ORDER BY 1, 2, 4"};
    query.each(
        [&](DevNo dev_no, int lane, std::string key, std::int64_t from, std::optional<std::int64_t> to,
            std::string state, std::uint64_t leaf) {
            on_row(dev_no, {static_cast<Lane>(lane), std::move(key), from, to, std::move(state), leaf});
        },
        from_ms, to_ms);
}

void each_last_leaf(StoreReader& reader, const std::function<void(std::string device, std::uint64_t leaf)>& on_row) {
    sql::Query<std::string, std::uint64_t> query{
        reader.db(), "SELECT d.id, f.last_leaf FROM device_fold f JOIN device d ON d.dev_no = f.dev_no"};
    query.each([&](std::string device, std::uint64_t leaf) { on_row(std::move(device), leaf); });
}

std::uint64_t unassigned_waiting(StoreReader& reader) {
    sql::Query<std::uint64_t> query{reader.db(), "SELECT count(*) FROM unassigned WHERE assigned_to IS NULL"};
    return std::get<0>(query.first().value());
}

}  // namespace gantry::store
