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

struct Route {
    RouteId id;
    Method method;
    std::string_view pattern;  // {…} matches one segment that is not empty
    Access access;
    Work work;
    std::string_view produces;  // media type of the answer, for Accept
};

std::span<const Route> routes();

enum class Found : std::uint8_t { yes, no_path, no_method };
struct Match {
    Found found = Found::no_path;
    const Route* route = nullptr;
    std::vector<std::string> values;
    std::string allow;  // of no_method
};
// HEAD matches what GET does. `path` is decoded; a decoded '/' inside a value cannot occur since segments are split
// here.
Match match_route(Method method, std::string_view path);

// One pattern against one path; the values of {…} in order.
bool match_pattern(std::string_view pattern, std::string_view path, std::vector<std::string>& values);

}  // namespace gantry::http
