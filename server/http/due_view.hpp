#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/core/json.hpp"
#include "server/http/findings_query.hpp"
#include "server/http/http_server.hpp"
#include "server/http/judging.hpp"

// Due dates and missing papers as lists and files show them.
namespace gantry::http {

// Sorted by time, then device; empty where nothing judges.
std::vector<due::Entry> due_entries(const HttpConfig& config, const Scope& scope, std::int64_t until_ms);

// Its time has passed. An open work order is work under way, however long.
bool is_overdue(const due::Entry& entry, std::int64_t now_ms);

// All members of a list element, inside an object that is open already. `device`: null when it is not in the fleet.
void write_due_members(JsonWriter& json, const due::Entry& entry, const DeviceView* device, std::int64_t now_ms);

struct MissingSince {
    paper::MissingPaper paper;
    std::optional<std::int64_t> since_ms;  // owed without a break; none: not known
};
// All states that a device was in, by time.
std::vector<store::IntervalRow> lifecycle_states(store::StoreReader& reader, store::DevNo dev_no);
// What a device owes in its state, by what is on file. `states`: lifecycle_states, up to that state.
std::vector<MissingSince> missing_of(const PaperDuties& duties, State state, const paper::DevicePapers& papers,
                                     std::span<const store::IntervalRow> states, std::int64_t now_ms);
void write_missing(JsonWriter& json, std::span<const MissingSince> missing, std::string_view member = "items");

}  // namespace gantry::http
