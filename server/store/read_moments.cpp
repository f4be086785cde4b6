#include "server/store/read_moments.hpp"

namespace gantry::store {

bool each_moment(StoreReader& reader, DevNo dev_no, Moments which, std::size_t limit,
                 const std::function<void(const MomentRow&)>& on_row) {
    sql::Query<std::int64_t, std::uint64_t, std::string> query{
        reader.db(),
        "SELECT at_ms, leaf, type FROM (SELECT at_ms, leaf, type FROM moment WHERE dev_no = ?1 "
        "AND (type IN ('counter', 'env')) = ?3 ORDER BY at_ms DESC, leaf DESC LIMIT ?2) ORDER BY at_ms, leaf"};
    std::size_t count = 0;
    query.each(
        [&](std::int64_t at_ms, std::uint64_t leaf, std::string type) {
            ++count;
            on_row({at_ms, leaf, std::move(type)});
        },
        dev_no, limit, which == Moments::frequent);
    return count < limit;
}

}  // namespace gantry::store
