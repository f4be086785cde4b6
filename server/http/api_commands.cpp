#include <algorithm>

#include "common/core/ids.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/http/api.hpp"
#include "server/http/body_reader.hpp"

// What people state: JSON bodies become commands, or a list of all that is wrong with them.
namespace gantry::http {
namespace {

bool is_event_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    });
}

}  // namespace

Checked<Declaration> Api::declaration_of(const Request& request, std::int64_t now_ms) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const auto id = device_id_of(request.path_values.at(0));
    if (!id) return id.error();
    const auto object = parse_body(request.body);
    if (!object) return object.error();
    BodyReader body{*object};
    body.only({"event", "at", "reason", "actor", "role", "evidence", "data"});
    Declaration out;
    out.subject = *id;
    out.event = body.text("event", 64);
    if (!out.event.empty() && !is_event_name(out.event)) body.fault("event", "format", "want a-z, 0-9, '.' and '_'");
    if (out.event == unassigned_assigned)
        body.fault("event", "enum", "want POST /api/v1/unassigned/{log_index}/assign for that");
    out.at_ms = body.time("at", now_ms);
    out.reason = body.text("reason", reason_bytes_max);
    out.actor = body.text("actor", actor_bytes_max);
    out.role = body.role(true);
    out.evidence = body.evidence();
    out.data = body.data();
    if (auto problem = body.problem()) return std::move(*problem);
    return out;
}

Checked<AssignRequest> Api::assignment_of(const Request& request) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const auto index = log_index_of(request.path_values.at(0));
    if (!index) return index.error();
    const auto object = parse_body(request.body);
    if (!object) return object.error();
    BodyReader body{*object};
    body.only({"device", "reason", "actor", "role"});
    AssignRequest out;
    out.log_index = *index;
    out.device = body.text("device", 64);
    if (const auto id = DeviceId::parse(out.device); !out.device.empty() && !id)
        body.fault("device", "format", id.error().message);
    out.reason = body.text("reason", reason_bytes_max);
    out.actor = body.text("actor", actor_bytes_max);
    out.role = body.role(false);
    if (auto problem = body.problem()) return std::move(*problem);
    return out;
}

}  // namespace gantry::http
