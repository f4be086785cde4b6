#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/result.hpp"
#include "server/domain/lifecycle.hpp"

// The JSON of declaration and system-fact leaves, in RFC 8785 form: members sorted, nothing insignificant, whole
// numbers and texts only.
namespace gantry {

// Any JSON text in RFC 8785 form. Refuses numbers that are not whole or not below 2^53. Of members told twice the last
// one counts.
Result<std::string> canonical_json(std::string_view json);

// A declaration as it is stored and hashed. `recv_ms` is not part of it: the leaf's own head carries it.
struct DeclarationLeaf {
    Declaration declared;
    State from = State::none;
    State to = State::none;
    std::string table;  // version of the table that judged it, "ct/1"; empty for events outside the lifecycle
    std::vector<Role> countersign;  // whose signatures it owes
};
std::string declaration_leaf_json(const DeclarationLeaf& leaf);
Result<DeclarationLeaf> parse_declaration_leaf(std::string_view json);

// Reads an HTTP body's `data` object into flat values. Errc::malformed for nested values.
Result<DataMap> parse_data(std::string_view json_object);

// A system fact: {"fact":name,"subject":device?, …}. `more` are further members.
struct FactLeaf {
    std::string fact;
    std::string subject;  // empty: about the collector itself
    DataMap more;
};
std::string fact_leaf_json(const FactLeaf& leaf);
Result<FactLeaf> parse_fact_leaf(std::string_view json);

// Names of system facts that the fold understands. Any other name is kept and changes no device.
namespace facts {
inline constexpr std::string_view registered = "registered";  // a device entered the register
inline constexpr std::string_view records_lost = "lost";      // epoch, from, to: pruned before we had them
inline constexpr std::string_view poisoned = "poisoned";      // epoch, seq: a tombstone stands for it
inline constexpr std::string_view identity_conflict = "identity_conflict";
inline constexpr std::string_view host_changed = "host_changed";
inline constexpr std::string_view rollback = "rollback";
inline constexpr std::string_view outbox_lost = "outbox_lost";
inline constexpr std::string_view identity_resolved = "identity_resolved";  // a person settled the alarm
}  // namespace facts

// {"event":"unassigned.assigned","data":{"device":…,"log_index":…}}: the named record is applied to the named device.
inline constexpr std::string_view unassigned_assigned = "unassigned.assigned";
struct Assignment {
    std::string device;
    std::uint64_t log_index = 0;
};
std::optional<Assignment> assignment_of(const Declaration& declared);

}  // namespace gantry
