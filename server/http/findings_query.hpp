#pragma once

#include <string>
#include <vector>

#include "server/http/fleet_cache.hpp"
#include "server/http/params.hpp"
#include "server/store/read_findings.hpp"

// The filters that several lists share.
namespace gantry::http {

// Of a fleet sorted by id; null when it is not there.
const DeviceView* find_device(const Fleet& fleet, std::string_view id);

// What the parameters device, org and site ask for; empty: any. A device that is not in the register is not_found.
struct Scope {
    std::string device, org, site;
    bool is_all() const { return device.empty() && org.empty() && site.empty(); }
    bool admits(const DeviceView& view) const {
        return (device.empty() || view.id == device) && (org.empty() || view.entry.org == org) &&
               (site.empty() || view.entry.site == site);
    }
};
Checked<Scope> scope_of(const Params& params, const Fleet& fleet);

// The filter of device, org, site, rule, severity, stage and open; several values are separated by commas.
Checked<store::FindingFilter> finding_filter(const Params& params, const Fleet& fleet);

}  // namespace gantry::http
