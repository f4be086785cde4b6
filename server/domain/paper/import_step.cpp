#include "server/domain/paper/import_step.hpp"

#include <array>
#include <boost/json.hpp>

#include "server/domain/paper/filing.hpp"

namespace gantry::paper {
namespace {

namespace bj = boost::json;

constexpr std::array<std::string_view, 4> names{"added", "changed", "unchanged", "refused"};
constexpr std::string_view why = "imported from the register of the hospital";

// The known sheet with what the table says on top, as it may be filed.
Result<std::string> merged_sheet(const Schema& papers, const ImportedDevice& row, const KnownDevice& known) {
    if (known.sheet_json.empty()) return row.sheet_json;
    bj::error_code error;
    bj::value merged = bj::parse(known.sheet_json, error);
    const bj::value told = bj::parse(row.sheet_json, error);
    if (error || !merged.is_object() || !told.is_object()) return row.sheet_json;
    for (const auto& field : told.get_object()) merged.get_object()[field.key()] = field.value();
    return canonical_filing(papers, "device_sheet", row.entry.at("id"), bj::serialize(merged));
}

Declaration filing_of(const ImportedDevice& row, std::string sheet, const ImportedBy& by) {
    Declaration out;
    out.event = filed_event;
    out.subject = row.entry.at("id");
    out.actor = by.actor;
    out.role = by.role;
    out.reason = why;
    out.paper = PaperFiling{"device_sheet", out.subject, std::move(sheet)};
    return out;
}

}  // namespace

std::string_view name(ImportAction action) { return names[static_cast<std::size_t>(action)]; }

ImportStep import_step(const Schema& papers, const ImportedDevice& row, const KnownDevice& known,
                       const ImportedBy& by) {
    ImportStep out;
    const auto refuse = [&](std::string column, std::string got, std::string want) {
        out = {ImportAction::refused, {}, {{row.line, std::move(column), std::move(got), std::move(want)}}};
        return out;
    };
    std::map<std::string, std::string> entry = known.entry;
    for (const auto& [member, value] : row.entry) {
        std::string& stands = entry[member];
        if (member == "record_key" && !stands.empty() && stands != value)
            return refuse(member, value, "the key that the register has; a key does not change by an import");
        stands = value;
    }
    auto sheet = merged_sheet(papers, row, known);
    if (!sheet) return refuse("", row.entry.at("id"), sheet.error().message);
    if (entry != known.entry) out.change.entry = std::move(entry);
    if (*sheet != known.sheet_json) out.change.sheet = filing_of(row, std::move(*sheet), by);
    if (known.state == State::none) {
        out.change.baseline = row.baseline;
        out.change.baseline->actor = by.actor;
    }
    out.action = known.entry.empty()       ? ImportAction::added
                 : out.change.is_nothing() ? ImportAction::unchanged
                                           : ImportAction::changed;
    return out;
}

}  // namespace gantry::paper
