#pragma once

#include <string>
#include <string_view>

#include "server/ingest/collector.hpp"

namespace gantry::ingest {

// {"cmd":"register","devices":[…]} ·
// {"cmd":"declare","device","event","reason","actor","role","at_ms"?,"evidence"?,"data"?} ·
// {"cmd":"assign","log_index","device","reason","actor"} · {"cmd":"status"}
// -> {"ok":true,…} or {"ok":false,"code":…,"error":…}. Waits for the commit, at most 30 seconds.
std::string answer_admin(Collector& collector, std::string_view line);

}  // namespace gantry::ingest
