#pragma once

#include <optional>
#include <string>

#include "server/domain/lifecycle_table.hpp"

namespace gantry {

struct TableProblem {
    int line = 0;
    std::string reason;
    std::string file{};  // empty: of the table itself
};

// What must be true of a table as a whole: rows deterministic, every state reachable, exits as the invariants demand.
// Nothing: all is well.
std::optional<TableProblem> check_table(const LifecycleTable& table);

}  // namespace gantry
