#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/io/sqlite.hpp"

namespace gantry::store {

// The tables that are folded from the log and so can be made again from it.
const std::vector<std::string_view>& folded_tables();

// The first row in which a folded table differs between the two stores, as "table (columns): got …, want …"; none when
// all are equal byte for byte. `stored` may be a live store inside a snapshot.
std::optional<std::string> first_difference(sql::Database& stored, sql::Database& rebuilt);

}  // namespace gantry::store
