#include "server/http/router.hpp"

namespace gantry::http {
namespace {

constexpr std::string_view json = "application/json";
constexpr std::string_view text = "text/plain";

// The whole interface at one glance. The page's own addresses come last.
constexpr Route table[] = {
    {RouteId::devices, Method::get, "/api/v1/devices", Access::operators, Work::reader, json},
    {RouteId::device, Method::get, "/api/v1/devices/{id}", Access::operators, Work::reader, json},
    {RouteId::timeline, Method::get, "/api/v1/devices/{id}/timeline", Access::operators, Work::reader, json},
    {RouteId::records, Method::get, "/api/v1/devices/{id}/records", Access::operators, Work::reader, json},
    {RouteId::declare, Method::post, "/api/v1/devices/{id}/declarations", Access::operators, Work::command, json},
    {RouteId::unassigned, Method::get, "/api/v1/unassigned", Access::operators, Work::reader, json},
    {RouteId::assign, Method::post, "/api/v1/unassigned/{log_index}/assign", Access::operators, Work::command, json},
    {RouteId::lifecycle, Method::get, "/api/v1/lifecycle", Access::operators, Work::memory, json},
    {RouteId::findings, Method::get, "/api/v1/findings", Access::operators, Work::reader, json},
    {RouteId::finding, Method::get, "/api/v1/devices/{id}/findings/{rule}/{*key}", Access::operators, Work::reader,
     json},
    {RouteId::rules, Method::get, "/api/v1/rules", Access::operators, Work::reader, json},
    {RouteId::due, Method::get, "/api/v1/due", Access::operators, Work::reader, json},
    {RouteId::due_calendar, Method::get, "/api/v1/due.ics", Access::operators, Work::reader, "text/calendar"},
    {RouteId::missing, Method::get, "/api/v1/devices/{id}/missing", Access::operators, Work::reader, json},
    {RouteId::orgs, Method::get, "/api/v1/orgs", Access::operators, Work::reader, json},
    {RouteId::import_devices, Method::post, "/api/v1/import/devices", Access::operators, Work::job, json, Takes::table},
    {RouteId::add_document, Method::post, "/api/v1/documents", Access::operators, Work::job, json, Takes::document},
    {RouteId::document, Method::get, "/api/v1/documents/{sha256}", Access::operators, Work::reader, "*/*"},
    {RouteId::export_list, Method::get, "/api/v1/export/{file}", Access::operators, Work::reader, "*/*"},
    {RouteId::device_papers, Method::get, "/api/v1/devices/{id}/papers", Access::operators, Work::reader, json},
    {RouteId::papers, Method::get, "/api/v1/papers", Access::operators, Work::reader, json},
    {RouteId::file_paper, Method::post, "/api/v1/papers", Access::operators, Work::command, json},
    {RouteId::paper_kinds, Method::get, "/api/v1/papers/kinds", Access::operators, Work::memory, json},
    {RouteId::paper, Method::get, "/api/v1/papers/{kind}/{id}", Access::operators, Work::reader, json},
    {RouteId::withdraw_paper, Method::post, "/api/v1/papers/{kind}/{id}/withdraw", Access::operators, Work::command,
     json},
    {RouteId::kpis, Method::get, "/api/v1/kpis", Access::operators, Work::reader, json},
    {RouteId::dictionary, Method::get, "/api/v1/dictionary", Access::operators, Work::memory, json},
    {RouteId::passport, Method::get, "/api/v1/devices/{id}/passport", Access::operators, Work::reader, json},
    {RouteId::status, Method::get, "/api/v1/status", Access::operators, Work::reader, json},
    {RouteId::checkpoint, Method::get, "/api/v1/log/checkpoint", Access::open, Work::reader, text},
    {RouteId::openapi, Method::get, "/api/v1/openapi.json", Access::open, Work::memory, json},
    {RouteId::events, Method::get, "/api/v1/events", Access::operators, Work::stream, "text/event-stream"},
    {RouteId::healthz, Method::get, "/healthz", Access::open, Work::memory, text},
    {RouteId::readyz, Method::get, "/readyz", Access::open, Work::memory, json},
    {RouteId::metrics, Method::get, "/metrics", Access::operators, Work::reader, text},
    {RouteId::web, Method::get, "/", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/devices/{id}", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/index.html", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/devices", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/devices/{id}/findings/{rule}/{key}", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/findings", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/due", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/figures", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/rules", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/import", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/unassigned", Access::open, Work::memory, "text/html"},
    {RouteId::web, Method::get, "/assets/{name}", Access::open, Work::memory, "*/*"},
};

}  // namespace

std::span<const Route> routes() { return table; }

bool match_pattern(std::string_view pattern, std::string_view path, std::vector<std::string>& values) {
    values.clear();
    while (!pattern.empty() && !path.empty()) {
        if (pattern.front() != '/' || path.front() != '/') return false;
        pattern.remove_prefix(1);
        path.remove_prefix(1);
        if (pattern.starts_with("{*")) {
            if (path.empty()) return false;
            values.emplace_back(path);
            return true;
        }
        const std::string_view want = pattern.substr(0, pattern.find('/'));
        const std::string_view got = path.substr(0, path.find('/'));
        if (want.starts_with('{')) {
            if (got.empty()) return false;
            values.emplace_back(got);
        } else if (want != got) {
            return false;
        }
        pattern.remove_prefix(want.size());
        path.remove_prefix(got.size());
    }
    return pattern.empty() && path.empty();
}

Match match_route(Method method, std::string_view path) {
    Match match;
    const Method wanted = method == Method::head ? Method::get : method;
    for (const Route& route : table) {
        std::vector<std::string> values;
        if (!match_pattern(route.pattern, path, values)) continue;
        if (route.method == wanted) return {Found::yes, &route, std::move(values), {}};
        match.found = Found::no_method;
        if (!match.allow.empty()) match.allow += ", ";
        match.allow += route.method == Method::post ? "POST" : "GET, HEAD";
    }
    return match;
}

}  // namespace gantry::http
