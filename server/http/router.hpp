#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.hpp"

namespace gantry::http {

class Api;

// Who may call a route. Until accounts exist everybody who reaches the loopback address is the operator.
enum class Access : std::uint8_t { open, operators };

// Where the work of a route is done.
enum class Work : std::uint8_t {
    reader,   // answered on a reading thread
    command,  // goes into the log and is answered after the commit
    job,      // the same, but reads and computes much before: one at a time on a reading thread
    stream,   // stays open
    memory,   // answered on the network thread: no I/O
};

enum class RouteId : std::uint8_t {
    devices,
    device,
    timeline,
    records,
    declare,
    unassigned,
    assign,
    lifecycle,
    findings,
    finding,
    rules,
    due,
    due_calendar,
    missing,
    orgs,
    import_devices,
    add_document,
    document,
    export_list,
    papers,
    paper_kinds,
    paper,
    device_papers,
    file_paper,
    withdraw_paper,
    kpis,
    dictionary,
    passport,
    status,
    checkpoint,
    openapi,
    events,
    healthz,
    readyz,
    metrics,
    web,
};

// What a body of a POST may be, and so how large.
enum class Takes : std::uint8_t {
    json,      // 1 MiB
    table,     // CSV, NDJSON or XLSX: 4 MiB
    document,  // any file: 16 MiB
};

struct Route {
    RouteId id;
    Method method;
    std::string_view pattern;  // {…} matches one segment that is not empty; {*…} all the rest, slashes too
    Access access;
    Work work;
    std::string_view produces;  // media type of the answer, for Accept
    Takes takes = Takes::json;
};

std::span<const Route> routes();

enum class Found : std::uint8_t { yes, no_path, no_method };
struct Match {
    Found found = Found::no_path;
    const Route* route = nullptr;
    std::vector<std::string> values;
    std::string allow;  // of no_method
};
// HEAD matches what GET does. `path` is decoded; a decoded '/' inside a value can occur in {*…} only since segments are
// split here.
Match match_route(Method method, std::string_view path);

// One pattern against one path; the values of {…} in order.
bool match_pattern(std::string_view pattern, std::string_view path, std::vector<std::string>& values);

}  // namespace gantry::http
