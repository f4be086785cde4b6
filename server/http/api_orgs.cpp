#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "common/io/clock.hpp"
#include "server/http/api.hpp"
#include "server/store/read_findings.hpp"
#include "server/store/read_papers.hpp"

// Organisations and their sites, with what stands at them.
namespace gantry::http {
namespace {

namespace bj = boost::json;

constexpr std::int64_t fleet_age_ms = 1000;
constexpr std::size_t papers_at_once = 500;

struct SiteView {
    std::string name, name_en, tz;
};
struct OrgView {
    std::string name, name_en, kind, region;
    std::map<std::string, SiteView> sites;
    std::uint64_t devices = 0;
    std::array<std::uint64_t, 5> findings{};
};
using Orgs = std::map<std::string, OrgView>;

template <class Take>
void each_paper(store::StoreReader& reader, const std::string& kind, Take take) {
    std::string after;
    while (true) {
        const auto rows = store::papers_page(reader, kind, kind, after, papers_at_once);
        for (const store::PaperRow& row : rows) {
            bj::error_code error;
            const bj::value body = bj::parse(row.body, error);
            if (error || !body.is_object()) continue;
            take(row.id, [&body](const char* member) {
                const bj::value* found = body.get_object().if_contains(member);
                return found && found->is_string() ? std::string{found->get_string().c_str()} : std::string{};
            });
        }
        if (rows.size() < papers_at_once) return;
        after = rows.back().id;
    }
}

Orgs read_orgs(store::StoreReader& reader, const Fleet& fleet) {
    Orgs out;
    each_paper(reader, "org", [&](const std::string& id, const auto& text) {
        OrgView& org = out[id];
        org.name = text("name");
        org.name_en = text("name_en");
        org.kind = text("kind");
        org.region = text("region");
    });
    each_paper(reader, "site", [&](const std::string& id, const auto& text) {
        out[text("org")].sites[id] = {text("name"), text("name_en"), text("tz")};
    });
    const auto findings = store::open_findings_by_device(reader);
    for (const DeviceView& device : *fleet) {
        OrgView& org = out[device.entry.org];
        ++org.devices;
        if (!device.entry.site.empty()) org.sites[device.entry.site];
        const auto found = findings.find(device.dev_no);
        if (found == findings.end()) continue;
        for (std::size_t i = 0; i < org.findings.size(); ++i) org.findings[i] += found->second[i];
    }
    return out;
}

void write_org(JsonWriter& json, const std::string& id, const OrgView& org) {
    json.begin_object().field("id", id);
    write_optional(json, "name", org.name);
    write_optional(json, "name_en", org.name_en);
    write_optional(json, "kind", org.kind);
    write_optional(json, "region", org.region);
    json.key("sites").begin_array();
    for (const auto& [site_id, site] : org.sites) {
        json.begin_object().field("id", site_id);
        write_optional(json, "name", site.name);
        write_optional(json, "name_en", site.name_en);
        write_optional(json, "tz", site.tz);
        json.end_object();
    }
    json.end_array().field("devices", org.devices).key("findings_open").begin_object();
    for (const Severity severity :
         {Severity::critical, Severity::high, Severity::medium, Severity::low, Severity::info})
        json.field(name(severity), org.findings[static_cast<std::size_t>(severity)]);
    json.end_object().end_object();
}

}  // namespace

Answer Api::orgs(const Request& request, store::StoreReader& reader) {
    const auto params = Params::of(request, {"limit", "cursor"});
    if (!params) return params.error();
    const auto limit = params->limit();
    if (!limit) return limit.error();
    const auto after = cursor(*params, "orgs");
    if (!after) return after.error();
    const Fleet fleet = fleet_.get(reader, clock::utc_ms(), fleet_age_ms);

    const store::StoreReader::Snapshot one_state{reader};
    const Orgs orgs = read_orgs(reader, fleet);
    auto at = *after ? orgs.upper_bound(**after) : orgs.begin();
    std::string items;
    JsonWriter json{items};
    json.begin_array();
    std::size_t count = 0;
    for (; at != orgs.end() && count < *limit; ++at, ++count) write_org(json, at->first, at->second);
    json.end_array();
    const bool more = at != orgs.end() && count > 0;
    return page_answer(request, std::move(items),
                       more ? std::optional{cursors_.encode("orgs", std::prev(at)->first)} : std::nullopt);
}

}  // namespace gantry::http
