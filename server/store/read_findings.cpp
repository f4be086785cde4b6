#include "server/store/read_findings.hpp"

#include <algorithm>
#include <type_traits>

#include "common/core/json.hpp"
#include "server/store/finding_row.hpp"
#include "server/store/limits.hpp"

namespace gantry::store {
namespace {

template <class Value>
std::string json_list(const std::vector<Value>& values) {
    std::string out;
    JsonWriter json{out};
    json.begin_array();
    for (const Value& value : values) {
        if constexpr (std::is_enum_v<Value>)
            json.value(static_cast<std::int64_t>(value));
        else
            json.value(value);
    }
    json.end_array();
    return out;
}

// NULL where any value will do.
template <class Value>
std::optional<std::string> any_of(const std::vector<Value>& values) {
    return values.empty() ? std::nullopt : std::optional{json_list(values)};
}

}  // namespace

std::optional<FindingRow> one_finding(sql::Database& db, DevNo dev_no, std::string_view rule, std::string_view key) {
    FindingQuery query{db, std::string{finding_columns} + "WHERE dev_no = ?1 AND rule = ?2 AND key = ?3"};
    std::optional<FindingRow> out;
    query.each(to_finding([&](FindingRow row) { out = std::move(row); }), dev_no, rule, key);
    return out;
}

std::optional<FindingRow> finding(StoreReader& reader, DevNo dev_no, std::string_view rule, std::string_view key) {
    return one_finding(reader.db(), dev_no, rule, key);
}

std::array<std::uint64_t, 5> open_findings(StoreReader& reader) {
    std::array<std::uint64_t, 5> out{};
    sql::Query<std::size_t, std::uint64_t> query{
        reader.db(), "SELECT severity, count(*) FROM finding WHERE open = 1 GROUP BY severity"};
    query.each([&](std::size_t severity, std::uint64_t count) { out.at(severity) = count; });
    return out;
}

std::vector<FindingRow> StoreReader::findings(DevNo dev_no, bool open_only, std::size_t limit) {
    FindingQuery query{db(), std::string{finding_columns} +
                                 "WHERE (?1 = 0 OR dev_no = ?1) AND (?2 = 0 OR open = 1) "
                                 "ORDER BY last_leaf DESC, dev_no, rule, key LIMIT ?3"};
    std::vector<FindingRow> out;
    query.each(to_finding([&](FindingRow row) { out.push_back(std::move(row)); }), dev_no, open_only,
               std::min(limit, page_rows_max));
    return out;
}

std::map<DevNo, std::array<std::uint64_t, 5>> open_findings_by_device(StoreReader& reader) {
    std::map<DevNo, std::array<std::uint64_t, 5>> out;
    sql::Query<DevNo, std::size_t, std::uint64_t> query{
        reader.db(), "SELECT dev_no, severity, count(*) FROM finding WHERE open = 1 GROUP BY dev_no, severity"};
    query.each([&](DevNo dev_no, std::size_t severity, std::uint64_t count) { out[dev_no].at(severity) = count; });
    return out;
}

std::map<std::string, std::uint64_t> open_findings_by_rule(StoreReader& reader) {
    std::map<std::string, std::uint64_t> out;
    sql::Query<std::string, std::uint64_t> query{reader.db(),
                                                 "SELECT rule, count(*) FROM finding WHERE open = 1 GROUP BY rule"};
    query.each([&](std::string rule, std::uint64_t count) { out.emplace(std::move(rule), count); });
    return out;
}

namespace {

// to_finding's rows through a function that may end the walk.
template <class Take>
void walk(StoreReader& reader, const FindingFilter& filter, const std::optional<FindingPlace>& after,
          std::int64_t limit, Take take) {
    FindingQuery query{reader.db(),
                       std::string{finding_columns} +
                           "WHERE (?1 IS NULL OR dev_no IN (SELECT value FROM json_each(?1))) "
                           "AND (?2 IS NULL OR (-first_leaf, dev_no, rule, key) > (-?2, ?3, ?4, ?5)) "
                           "AND (?7 IS NULL OR rule IN (SELECT value FROM json_each(?7))) "
                           "AND (?8 IS NULL OR stage IN (SELECT value FROM json_each(?8))) "
                           "AND (?9 IS NULL OR severity IN (SELECT value FROM json_each(?9))) "
                           "AND (?10 IS NULL OR open = ?10) ORDER BY -first_leaf, dev_no, rule, key LIMIT ?6"};
    const FindingPlace place = after.value_or(FindingPlace{});
    query.each(to_finding(take), filter.devices ? std::optional{json_list(*filter.devices)} : std::nullopt,
               after ? std::optional<std::uint64_t>{place.first_leaf} : std::nullopt, place.dev_no, place.rule,
               place.key, limit, any_of(filter.rules), any_of(filter.stages), any_of(filter.severities),
               filter.open ? std::optional<std::int64_t>{*filter.open} : std::nullopt);
}

}  // namespace

std::vector<FindingRow> findings_page(StoreReader& reader, const FindingFilter& filter,
                                      const std::optional<FindingPlace>& after, std::size_t limit) {
    std::vector<FindingRow> out;
    walk(reader, filter, after, static_cast<std::int64_t>(std::min(limit, page_rows_max)), [&](FindingRow row) {
        out.push_back(std::move(row));
        return true;
    });
    return out;
}

std::vector<FindingRow> findings_found(StoreReader& reader, DevNo dev_no, std::int64_t from_ms, std::int64_t to_ms) {
    FindingQuery query{reader.db(), std::string{finding_columns} +
                                        "WHERE dev_no = ?1 AND found_ms >= max(?2, 1) AND found_ms < ?3 "
                                        "ORDER BY found_ms, rule, key LIMIT ?4"};
    std::vector<FindingRow> out;
    query.each(to_finding([&](FindingRow row) { out.push_back(std::move(row)); }), dev_no, from_ms, to_ms,
               page_rows_max);
    return out;
}

void each_finding(StoreReader& reader, const FindingFilter& filter, const std::function<bool(FindingRow)>& on_row) {
    walk(reader, filter, std::nullopt, -1, on_row);
}

std::vector<FindingRow> judged_findings(StoreReader& reader, DevNo dev_no) {
    FindingQuery query{reader.db(),
                       std::string{finding_columns} + "WHERE dev_no = ?1 AND rule_version > 0 ORDER BY rule, key"};
    std::vector<FindingRow> out;
    query.each(to_finding([&](FindingRow row) { out.push_back(std::move(row)); }), dev_no);
    return out;
}

std::vector<FindingRow> gap_findings(StoreReader& reader, DevNo dev_no) {
    FindingQuery query{reader.db(), std::string{finding_columns} +
                                        "WHERE dev_no = ?1 AND rule IN ('fork', 'gap_open', 'identity_conflict', "
                                        "'poisoned', 'records_lost') LIMIT ?2"};
    std::vector<FindingRow> out;
    query.each(to_finding([&](FindingRow row) { out.push_back(std::move(row)); }), dev_no, page_rows_max);
    return out;
}

std::vector<FindingStepRow> finding_steps(StoreReader& reader, DevNo dev_no, std::string_view rule,
                                          std::string_view key) {
    sql::Query<std::uint64_t, std::int64_t, std::string, std::string, std::string, std::string, std::string> query{
        reader.db(),
        "SELECT leaf, recv_ms, action, actor, role, reason, owner FROM finding_step "
        "WHERE dev_no = ?1 AND rule = ?2 AND key = ?3 ORDER BY leaf LIMIT 1000"};
    std::vector<FindingStepRow> out;
    query.each(
        [&](std::uint64_t leaf, std::int64_t recv_ms, std::string action, std::string actor, std::string role,
            std::string reason, std::string owner) {
            out.push_back({leaf, dev_no, std::string{rule}, std::string{key}, recv_ms, std::move(action),
                           std::move(actor), std::move(role), std::move(reason), std::move(owner)});
        },
        dev_no, rule, key);
    return out;
}

}  // namespace gantry::store
