#include "server/store/read_days.hpp"

namespace gantry::store {

std::vector<DayRow> days(StoreReader& reader, DevNo dev_no, std::int64_t from_ms, std::int64_t to_ms) {
    using Int = std::int64_t;
    std::vector<DayRow> out;
    sql::Query<Int, Int, Int, Int, Int, Int, Int, std::string_view, std::string_view, std::uint32_t> query{
        reader.db(),
        "SELECT day_ms, exams, exposures, patient_exposures, exposure_ms, charge_ua_ms, unknown_duration, ends, "
        "watched, "
        "used FROM day WHERE dev_no = ?1 AND day_ms >= ?2 AND day_ms < ?3 ORDER BY day_ms"};
    query.each(
        [&](Int day_ms, Int exams, Int exposures, Int patient, Int ms, Int charge, Int unknown, std::string_view ends,
            std::string_view watched, std::uint32_t used) {
            DayRow& row = out.emplace_back();
            row.day_ms = day_ms;
            row.cell.use = {exams, exposures, patient, ms, charge, unknown, ExamEnds::parse(ends).value()};
            row.cell.parse_watched(watched).value();
            row.cell.used = used;
        },
        dev_no, from_ms, to_ms);
    return out;
}

std::int64_t days_over_ms(StoreReader& reader, DevNo dev_no) {
    sql::Query<std::optional<std::int64_t>> query{reader.db(), "SELECT max(day_ms) FROM day WHERE dev_no = ?1"};
    const auto newest = std::get<0>(query.first(dev_no).value());
    return newest ? *newest + ms_per_utc_day : 0;
}

std::vector<MomentRow> declared_works(StoreReader& reader, DevNo dev_no) {
    std::vector<MomentRow> out;
    sql::Query<std::int64_t, std::uint64_t, std::string> query{
        reader.db(),
        "SELECT at_ms, leaf, type FROM moment WHERE dev_no = ?1 AND type IN ('fault.reported', 'repair.completed', "
        "'pm.completed', 'install.completed', 'transfer.received') ORDER BY at_ms, leaf"};
    query.each(
        [&](std::int64_t at_ms, std::uint64_t leaf, std::string type) {
            out.push_back({at_ms, leaf, std::move(type)});
        },
        dev_no);
    return out;
}

}  // namespace gantry::store
