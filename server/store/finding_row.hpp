#pragma once

#include <optional>
#include <string_view>

#include "common/io/sqlite.hpp"
#include "server/store/rows.hpp"

// How a row of `finding` is read; private to the store.
namespace gantry::store {

inline constexpr std::string_view finding_columns =
    "SELECT dev_no, rule, key, kind, severity, suspected, state, since_ms, first_at_ms, last_at_ms, first_leaf, "
    "last_leaf, count, open, rule_version, measured, limit_text, leaves, stage, owner, found_ms FROM finding ";

using FindingQuery =
    sql::Query<DevNo, std::string, std::string, std::string, int, bool, std::string, std::int64_t, std::int64_t,
               std::int64_t, std::uint64_t, std::uint64_t, std::uint64_t, bool, std::int64_t, std::string, std::string,
               std::string, std::string, std::string, std::int64_t>;

template <class Take>
auto to_finding(Take take) {
    return [take](DevNo dev_no, std::string rule, std::string key, std::string kind, int severity, bool suspected,
                  std::string state, std::int64_t since_ms, std::int64_t first_at_ms, std::int64_t last_at_ms,
                  std::uint64_t first_leaf, std::uint64_t last_leaf, std::uint64_t count, bool open,
                  std::int64_t rule_version, std::string measured, std::string limit, std::string leaves,
                  std::string stage, std::string owner, std::int64_t found_ms) {
        take(FindingRow{dev_no,
                        std::move(rule),
                        std::move(key),
                        std::move(kind),
                        static_cast<Severity>(severity),
                        suspected,
                        std::move(state),
                        since_ms,
                        first_at_ms,
                        last_at_ms,
                        first_leaf,
                        last_leaf,
                        count,
                        open,
                        rule_version,
                        std::move(measured),
                        std::move(limit),
                        std::move(leaves),
                        std::move(stage),
                        std::move(owner),
                        found_ms});
    };
}

std::optional<FindingRow> one_finding(sql::Database& db, DevNo dev_no, std::string_view rule, std::string_view key);

}  // namespace gantry::store
