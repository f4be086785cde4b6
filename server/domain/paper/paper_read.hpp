#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/core/result.hpp"
#include "server/domain/paper/papers.hpp"

// A filed body as a value, and what it is about.
namespace gantry::paper {

using Paper = std::variant<Org, Site, Room, Person, DeviceSheet, Permit, Commitment, Certificate, Operator, Test,
                           Recall, RecallAnswer, AdverseEvent, Schedule, WorkOrder, Contract, Document, OpeningHours,
                           DeclaredCount, HolderChange, Cost>;

// The names of the kinds, in the order of Paper's alternatives: the types of config/schema/papers.toml.
inline constexpr std::array<std::string_view, std::variant_size_v<Paper>> paper_kinds = {
    "org",         "site",     "room",     "person",        "device_sheet",   "permit",        "commitment",
    "certificate", "operator", "test",     "recall",        "recall_answer",  "adverse_event", "schedule",
    "work_order",  "contract", "document", "opening_hours", "declared_count", "holder_change", "cost"};

inline std::string_view kind_of(const Paper& paper) { return paper_kinds[paper.index()]; }
inline const Filed& filed(const Paper& paper) {
    return std::visit([](const auto& p) -> const Filed& { return p; }, paper);
}

// `body_json` as the paper `kind`. Needs a body that Schema::check has passed: a field that is absent keeps its
// default, a name that is not known is passed over. Errors: Errc::not_found (no such kind), malformed (no JSON object,
// or a field of another kind than its member).
Result<Paper> read_paper(const Filed& filing, std::string_view kind, std::string_view body_json);

// The field names that read_paper knows for a kind, without those inside lists. Empty for an unknown kind.
std::vector<std::string> fields_of(std::string_view kind);

// Whom a paper may be about, so that a store can find the papers of a device without reading them all. A paper concerns
// no device that is not named here, whose organisation and site are not named here, unless `every_device`.
struct Subjects {
    std::vector<std::string> devices{}, orgs{}, sites{};
    bool every_device = false;  // by model or to all: recalls, product registrations, certificates of test bodies
    bool operator==(const Subjects&) const = default;
};
Subjects subjects(const Paper& paper);

}  // namespace gantry::paper
