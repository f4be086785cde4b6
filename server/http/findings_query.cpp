#include "server/http/findings_query.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "server/domain/finding/finding_life.hpp"

namespace gantry::http {
namespace {

constexpr std::size_t values_max = 32;  // of one parameter

Checked<std::vector<std::string>> list_of(const Params& params, std::string_view name) {
    std::vector<std::string> out;
    const std::string* text = params.find(name);
    if (!text) return out;
    std::string_view rest = *text;
    while (true) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        if (comma == 0) return bad_parameter(name, "got an empty value, want one or several, separated by commas");
        out.emplace_back(rest.substr(0, comma));
        if (out.size() > values_max)
            return bad_parameter(name, fmt::format("got more than {0} values, want at most {0}", values_max));
        if (comma == rest.size()) return out;
        rest.remove_prefix(comma + 1);
    }
}

Checked<std::vector<Severity>> severities_of(const Params& params) {
    constexpr Severity all[] = {Severity::info, Severity::low, Severity::medium, Severity::high, Severity::critical};
    const auto texts = list_of(params, "severity");
    if (!texts) return texts.error();
    std::vector<Severity> out;
    for (const std::string& text : *texts) {
        const auto* found = std::ranges::find_if(all, [&](Severity severity) { return name(severity) == text; });
        if (found == std::end(all))
            return bad_parameter(
                "severity", fmt::format("got \"{}\", want info, low, medium, high or critical", text.substr(0, 40)));
        out.push_back(*found);
    }
    return out;
}

Checked<std::vector<std::string>> stages_of(const Params& params) {
    auto texts = list_of(params, "stage");
    if (!texts) return texts;
    for (const std::string& text : *texts)
        if (!finding::stage_from(text))
            return bad_parameter("stage",
                                 fmt::format("got \"{}\", want suspected, confirmed, answered, dismissed, closed or "
                                             "withdrawn",
                                             text.substr(0, 40)));
    return texts;
}

}  // namespace

const DeviceView* find_device(const Fleet& fleet, std::string_view id) {
    const auto at =
        std::ranges::lower_bound(*fleet, id, {}, [](const DeviceView& d) { return std::string_view{d.id}; });
    return at != fleet->end() && at->id == id ? &*at : nullptr;
}

Checked<Scope> scope_of(const Params& params, const Fleet& fleet) {
    Scope out;
    if (const std::string* device = params.find("device")) {
        const auto id = device_id_of(*device);
        if (!id) return id.error();
        if (!find_device(fleet, *id))
            return Problem{.code = "not_found",
                           .detail = fmt::format("device: got \"{}\", want a registered one", *id)};
        out.device = *id;
    }
    for (const auto& [name, member] : {std::pair{"org", &out.org}, std::pair{"site", &out.site}}) {
        const std::string* text = params.find(name);
        if (!text) continue;
        if (text->empty()) return bad_parameter(name, "got nothing, want an id");
        *member = *text;
    }
    return out;
}

Checked<store::FindingFilter> finding_filter(const Params& params, const Fleet& fleet) {
    store::FindingFilter out;
    const auto scope = scope_of(params, fleet);
    if (!scope) return scope.error();
    if (!scope->is_all()) {
        out.devices.emplace();
        for (const DeviceView& device : *fleet)
            if (scope->admits(device)) out.devices->push_back(device.dev_no);
    }
    auto rules = list_of(params, "rule");
    if (!rules) return rules.error();
    out.rules = std::move(*rules);
    auto severities = severities_of(params);
    if (!severities) return severities.error();
    out.severities = std::move(*severities);
    auto stages = stages_of(params);
    if (!stages) return stages.error();
    out.stages = std::move(*stages);
    const auto open = params.flag("open");
    if (!open) return open.error();
    out.open = *open;
    return out;
}

}  // namespace gantry::http
