#include "server/store/read_passport.hpp"

#include "server/store/finding_row.hpp"

namespace gantry::store {

std::optional<std::int64_t> registered_ms(StoreReader& reader, DevNo dev_no) {
    sql::Query<std::int64_t> query{
        reader.db(), "SELECT at_ms FROM moment WHERE dev_no = ?1 AND type = 'registered' ORDER BY at_ms LIMIT 1"};
    const auto row = query.first(dev_no);
    return row ? std::optional{std::get<0>(*row)} : std::nullopt;
}

std::vector<MomentRow> life_moments(StoreReader& reader, DevNo dev_no) {
    std::vector<MomentRow> out;
    sql::Query<std::int64_t, std::uint64_t, std::string> query{
        reader.db(),
        "SELECT at_ms, leaf, type FROM moment WHERE dev_no = ?1 AND type NOT IN ('counter', 'env', 'power.on', "
        "'power.off', "
        "'audit', 'service.session', 'fault.raised', 'fault.cleared', 'identity', 'config.changed', 'clock', "
        "'epoch_open', 'gap_declared', 'registered', 'paper.filed', 'paper.withdrawn') ORDER BY at_ms, leaf"};
    query.each(
        [&](std::int64_t at_ms, std::uint64_t leaf, std::string type) {
            out.push_back({at_ms, leaf, std::move(type)});
        },
        dev_no);
    return out;
}

std::vector<FindingRow> device_findings(StoreReader& reader, DevNo dev_no, std::size_t limit) {
    FindingQuery query{reader.db(),
                       std::string{finding_columns} + "WHERE dev_no = ?1 ORDER BY first_leaf DESC, rule, key LIMIT ?2"};
    std::vector<FindingRow> out;
    query.each(to_finding([&](FindingRow row) { out.push_back(std::move(row)); }), dev_no, limit);
    return out;
}

std::size_t count_findings(StoreReader& reader, DevNo dev_no) {
    sql::Query<std::size_t> query{reader.db(), "SELECT count(*) FROM finding WHERE dev_no = ?1"};
    return std::get<0>(query.first(dev_no).value());
}

std::vector<FindingStepRow> device_finding_steps(StoreReader& reader, DevNo dev_no) {
    using Text = std::string;
    sql::Query<std::uint64_t, Text, Text, std::int64_t, Text, Text, Text, Text, Text> query{
        reader.db(),
        "SELECT leaf, rule, key, recv_ms, action, actor, role, reason, owner FROM finding_step WHERE dev_no = ?1 "
        "ORDER BY leaf"};
    std::vector<FindingStepRow> out;
    query.each(
        [&](std::uint64_t leaf, Text rule, Text key, std::int64_t recv_ms, Text action, Text actor, Text role,
            Text reason, Text owner) {
            out.push_back({leaf, dev_no, std::move(rule), std::move(key), recv_ms, std::move(action), std::move(actor),
                           std::move(role), std::move(reason), std::move(owner)});
        },
        dev_no);
    return out;
}

}  // namespace gantry::store
