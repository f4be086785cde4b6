#include "server/store/read_moments.hpp"

namespace gantry::store {

void each_moment(StoreReader& reader, DevNo dev_no, std::size_t limit,
                 const std::function<void(const MomentRow&)>& on_row) {
    sql::Query<std::int64_t, std::uint64_t, std::string> query{
        reader.db(),
        "SELECT at_ms, leaf, type FROM (SELECT at_ms, leaf, type FROM moment WHERE dev_no = ?1 "
        "ORDER BY at_ms DESC, leaf DESC LIMIT ?2) ORDER BY at_ms, leaf"};
    query.each(
        [&](std::int64_t at_ms, std::uint64_t leaf, std::string type) {
            on_row({at_ms, leaf, std::move(type)});
        },
        dev_no, limit);
}

}  // namespace gantry::store
