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

std::array<std::uint64_t, 5> open_findings(StoreReader& reader) {
    std::array<std::uint64_t, 5> out{};
    sql::Query<std::size_t, std::uint64_t> query{
        reader.db(), "SELECT severity, count(*) FROM finding WHERE open = 1 GROUP BY severity"};
    query.each([&](std::size_t severity, std::uint64_t count) { out.at(severity) = count; });
    return out;
}

std::uint64_t unassigned_waiting(StoreReader& reader) {
    sql::Query<std::uint64_t> query{reader.db(), "SELECT count(*) FROM unassigned WHERE assigned_to IS NULL"};
    return std::get<0>(query.first().value());
}

std::vector<FindingRow> findings_page(StoreReader& reader, DevNo dev_no, const std::optional<FindingPlace>& after,
                                      std::size_t limit) {
    using Int = std::int64_t;
    using Leaf = std::uint64_t;
    std::vector<FindingRow> out;
    sql::Query<DevNo, std::string, std::string, std::string, int, bool, std::string, Int, Int, Int, Leaf, Leaf, Leaf,
               bool>
        query{reader.db(),
              "SELECT dev_no, rule, key, kind, severity, suspected, state, since_ms, first_at_ms, last_at_ms, "
              "first_leaf, last_leaf, count, "
              "open FROM finding WHERE (?1 = 0 OR dev_no = ?1) AND (?2 IS NULL OR (-first_leaf, dev_no, rule, key) > "
              "(-?2, ?3, ?4, ?5)) "
              "ORDER BY -first_leaf, dev_no, rule, key LIMIT ?6"};
    const FindingPlace place = after.value_or(FindingPlace{});
    query.each(
        [&](DevNo dev, std::string rule, std::string key, std::string kind, int severity, bool suspected,
            std::string state, Int since, Int first_at, Int last_at, Leaf first_leaf, Leaf last_leaf, Leaf count,
            bool open) {
            out.push_back({dev, std::move(rule), std::move(key), std::move(kind), static_cast<Severity>(severity),
                           suspected, std::move(state), since, first_at, last_at, first_leaf, last_leaf, count, open});
        },
        dev_no, after ? std::optional<std::uint64_t>{place.first_leaf} : std::nullopt, place.dev_no, place.rule,
        place.key, std::min(limit, page_rows_max));
    return out;
}

}  // namespace gantry::store
