#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/domain/leaf_json.hpp"
#include "server/domain/lifecycle_table.hpp"
#include "server/domain/paper/catalogue.hpp"
#include "server/domain/verify.hpp"
#include "server/ingest/register_entry.hpp"
#include "server/store/rows.hpp"

// What travels between the collector's threads.
namespace gantry::ingest {

// As it came from the broker.
struct Incoming {
    std::string topic;
    Bytes payload;
    std::int64_t received_ms = 0;
};

// A device entered the register, or got its key: later messages are checked with it. Travels the same queue, so order
// holds.
struct KeyUpdate {
    DeviceId dev;
    store::DevNo dev_no = 0;
    std::optional<PublicKey> key{};  // none: known, but nothing can be checked
};

using InboxItem = std::variant<Incoming, KeyUpdate>;

// Checked as far as it can be without knowing what is stored. Views inside point into `payload`, whose buffer moves
// along.
struct VerifiedItem {
    store::DevNo dev_no = 0;
    std::int64_t received_ms = 0;
    Bytes payload;
    std::variant<VerifiedFrame, UpMessage, Rejected> what;
};

// ---- what people and programs ask of the writer ----

struct Committed {
    std::uint64_t log_index = 0;
    State state = State::none;               // the device's after it
    std::vector<Role> outstanding{};         // countersignatures that it owes
    std::vector<std::uint64_t> overtakes{};  // log indexes of later events that it leaves without an effect
};
using CommandResult = std::variant<Committed, Refused, Error>;
// Called once, on the writer's thread, after the commit or the refusal: it only posts.
using CommandDone = std::function<void(CommandResult)>;

struct DeclareRequest {
    Declaration declaration;
    CommandDone done;
};

struct RegisterOutcome {
    std::uint64_t added = 0;
    std::uint64_t changed = 0;
    std::uint64_t unchanged = 0;
};
struct RegisterRequest {
    std::vector<RegisterEntry> devices;
    std::function<void(Result<RegisterOutcome>)> done;
};

// Rows of a fleet's table. Each row enters as a whole or not at all, all of one request in one transaction.
struct ImportRow {
    std::optional<RegisterEntry> entry;
    std::optional<Declaration> sheet, baseline;
};
struct ImportedRow {
    std::string error;  // empty: done
    State state = State::none;
};
struct ImportRequest {
    std::vector<ImportRow> rows;
    std::function<void(Result<std::vector<ImportedRow>>)> done;
};

// A checkpoint that was signed over what is committed: to be stored, then shown.
struct CheckpointRequest {
    store::CheckpointRow checkpoint;
};

// What the rules found about a device, or which rules are in force (no device), as facts for the log; `metas` go beside
// them. `done` is called on the writer's thread after the commit; when the batch fails it is not, and the next
// judgement finds the same again.
struct VerdictRequest {
    std::string device;
    std::vector<FactLeaf> facts;
    std::vector<std::pair<std::string, std::string>> metas;
    std::function<void()> done;
};

// Other lifecycle tables and catalogues judge from now on. `tables` are whole texts that were checked.
struct TablesRequest {
    std::vector<std::string> tables;
    std::vector<paper::Catalogue> catalogues;
    std::function<void()> done;  // on the writer's thread after the commit
};

using WriterItem = std::variant<VerifiedItem, DeclareRequest, RegisterRequest, ImportRequest, CheckpointRequest,
                                VerdictRequest, TablesRequest>;

}  // namespace gantry::ingest
