#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "common/core/result.hpp"
#include "server/domain/lifecycle.hpp"
#include "server/domain/lifecycle_table.hpp"
#include "server/domain/paper/import_step.hpp"

namespace gantry::http {

// What became of a person's statement: durable in the log, refused by a guard, or not possible (not_found: no such
// device or record; conflict: assigned already; schema: a value that no table knows; unavailable: the writer is
// stopping or full).
struct Committed {
    std::uint64_t log_index = 0;
    State state = State::none;               // the device's after it
    std::vector<Role> outstanding{};         // whose countersignatures it owes
    std::vector<std::uint64_t> overtakes{};  // log indexes of later events that it leaves without an effect
};
using CommandResult = std::variant<Committed, Refused, Error>;
using CommandDone = std::function<void(CommandResult)>;

struct AssignRequest {
    std::uint64_t log_index = 0;  // the record that waits
    std::string device;
    std::string actor;
    Role role = Role::hm;
    std::string reason;
};

// What became of one row of a table.
struct ImportedRow {
    std::string error;  // empty: done
    State state = State::none;
};

// The way into the log for people. declare and assign may not block. `done` is called exactly once, on any thread,
// after the commit or the refusal; it only posts. `recv_ms` of a declaration is set by whoever commits it.
class Commands {
public:
    virtual ~Commands() = default;
    virtual void declare(Declaration declaration, CommandDone done) = 0;
    virtual void assign(AssignRequest request, CommandDone done) = 0;
    // Waits for the commits: not for the network thread. One result a change, in order; Errc::unavailable when the
    // writer is stopping or full, with what was committed by then committed.
    virtual Result<std::vector<ImportedRow>> import_rows(std::vector<paper::ImportChange> changes) = 0;
};

}  // namespace gantry::http
