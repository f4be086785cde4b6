#include "agent/core/intake_line.hpp"

#include "common/core/json.hpp"
#include "common/core/limits.hpp"

namespace gantry::agent {
namespace {

constexpr std::int64_t time_max_ms = 4'102'444'800'000;  // year 2100, as in the schema
// Bytes of a record around type and body, with every number at its longest; a test holds the real ones against it.
constexpr std::size_t record_overhead_bytes = 250;

struct Members {
    std::optional<std::string_view> src, type, body;
    std::optional<std::int64_t> at;
};

Result<Members> read_members(std::string_view line) {
    JsonCursor json{line};
    Members members;
    if (!json.enter_object()) return json.error();
    std::string_view key;
    while (json.next_key(key)) {
        std::string_view text;
        std::int64_t number = 0;
        if (key == "src" && json.plain_string(text))
            members.src = text;
        else if (key == "type" && json.plain_string(text))
            members.type = text;
        else if (key == "at" && json.integer(number))
            members.at = number;
        else if (key == "body" && json.peek() == JsonCursor::Kind::object && json.skip(&text))
            members.body = text;
        else if (json.failed())
            return json.error();
        else if (key == "body")
            return Error{Errc::schema, "body: want an object"};
        else
            return Error{Errc::schema, "member: got one that is not src, type, at or body"};
    }
    if (json.failed() || !json.at_end()) return json.error();
    return members;
}

}  // namespace

std::string without_blanks(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (quoted && c == '\\' && i + 1 < json.size()) {
            out.push_back(c);
            out.push_back(json[++i]);
            continue;
        }
        if (c == '"') quoted = !quoted;
        if (quoted || (c != ' ' && c != '\t' && c != '\r')) out.push_back(c);
    }
    return out;
}

Result<Observation> parse_intake_line(std::string_view line, const Schema& schema) {
    const std::string compact = without_blanks(line);
    const auto members = read_members(compact);
    if (!members) return members.error();
    if (!members->src || !members->type || !members->body)
        return Error{Errc::schema, std::string{"line: "} +
                                       (!members->src    ? "src"
                                        : !members->type ? "type"
                                                         : "body") +
                                       " is missing"};

    Observation out;
    const auto src = parse_source(*members->src);
    if (!src || *src == Source::agent) return Error{Errc::schema, "src: want rdsr, mpps, audit, log, sensor or manual"};
    out.src = *src;
    const EventType* type = schema.find(*members->type);
    if (!type) return Error{Errc::schema, "type: not in the schema"};
    if (type->agent_only) return Error{Errc::schema, "type: " + type->name + " is written by the agent alone"};
    if (members->at && (*members->at < 0 || *members->at > time_max_ms))
        return Error{Errc::schema,
                     "at: got " + std::to_string(*members->at) + ", want 0 to " + std::to_string(time_max_ms)};
    if (auto checked = schema.check(type->name, *members->body); !checked) return checked.error();
    const std::size_t size = members->body->size() + type->name.size() + record_overhead_bytes;
    if (size > limits::intake_record_bytes_max)
        return Error{Errc::too_large, "record: got about " + std::to_string(size) + " bytes, want at most " +
                                          std::to_string(limits::intake_record_bytes_max)};
    out.type = type->name;
    out.at_ms = members->at;
    out.body = *members->body;
    out.urgent = type->urgent;
    return out;
}

std::string_view intake_code(Errc code) {
    switch (code) {
        case Errc::malformed:
            return "malformed";
        case Errc::schema:
        case Errc::not_found:
            return "schema";
        case Errc::too_large:
            return "too_large";
        default:
            return "io";
    }
}

}  // namespace gantry::agent
