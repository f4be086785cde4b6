#pragma once

#include <string>

#include "common/core/json.hpp"
#include "server/domain/finding/rule_card.hpp"
#include "server/http/findings_query.hpp"

// One finding as lists, cases and files show it.
namespace gantry::http {

struct FindingView {
    store::FindingRow row;
    std::string device;                 // id; "collector" for what is about the collector itself
    std::string device_name;            // the id when it has none
    std::string org, site;              // empty: not told
    std::string title_en, title_zh;     // the rule's id when nobody knows the rule any more
    std::optional<std::int64_t> to_ms;  // none: it lasts
    std::string last_state() const { return row.state == "NONE" ? std::string{} : row.state; }
};

// With the device's names and the rule's title; reads the entry that last told of it, to learn whether it lasts.
FindingView finding_view(store::StoreReader& reader, const Fleet& fleet, const rules::RulePack& pack,
                         store::FindingRow row);

// All members of a list element, inside an object that is open already.
void write_finding_members(JsonWriter& json, const FindingView& view);

// A command for the shell that shows how the finding comes about: of a rule the judgement itself, of what the log shows
// the log folded again and compared, then the finding.
std::string reproducing_command(const FindingView& view);

// The key as it stands in a path: "-" where it is empty.
inline constexpr std::string_view empty_key = "-";

}  // namespace gantry::http
