#include "server/domain/paper/missing.hpp"

#include <algorithm>

#include "server/domain/paper/selectors.hpp"

namespace gantry::paper {
namespace {

bool applies(const RequiredPaper& row, State state, const DeviceSheet& sheet) {
    return row.owed_in[static_cast<std::size_t>(state)] &&
           (row.modalities.empty() || std::ranges::find(row.modalities, sheet.modality) != row.modalities.end());
}

MissingPaper missing(const RequiredPaper& row, State state) {
    return {row.kind, state, row.en, row.zh, row.who, row.basis};
}

// The sheet does not tell whether a licence is needed: what it lacks is missing, not the licence.
void add_missing_facts(std::vector<MissingPaper>& out, const RequiredPaper& row, State state, const LicenceNeed& need) {
    for (const std::string& field : need.missing)
        out.push_back({"device_sheet." + field, state, field + ": needed to tell whether a licence is needed",
                       "设备档案缺少 " + field + "，无法判定是否需要配置许可", "HM", row.basis});
}

}  // namespace

std::vector<MissingPaper> missing_papers(std::span<const RequiredPaper> required, State state,
                                         const DevicePapers& papers, std::span<const Catalogue> catalogues,
                                         std::int64_t now_ms) {
    std::vector<MissingPaper> out;
    for (const RequiredPaper& row : required) {
        if (!applies(row, state, papers.sheet)) continue;
        const auto on_file = [&](const std::string& selector) { return is_on_file(selector, papers, now_ms); };
        if (std::ranges::any_of(row.satisfied_by, on_file)) continue;
        if (row.when_licence_needed) {
            if (papers.sheet.id.empty()) continue;  // the sheet itself is missing, and says so
            const auto need = licence_needed(catalogues, papers.sheet, papers.sheet.purchased_ms.value_or(now_ms));
            if (!need.required) {
                if (need.licence == LicenceClass::unknown) add_missing_facts(out, row, state, need);
                continue;
            }
        }
        out.push_back(missing(row, state));
    }
    return out;
}

}  // namespace gantry::paper
