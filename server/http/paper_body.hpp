#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "common/core/schema.hpp"
#include "server/http/params.hpp"

// A paper's body looks different outside and in the log: times are RFC 3339 outside and UTC milliseconds inside.
namespace gantry::http {

// The body as the log keeps it: canonical, checked against `type`. A problem names the member at fault.
Checked<std::string> paper_body_in(const Schema& schema, const EventType& type, const boost::json::object& body);

// A stored body as people and programs see it. Members that the schema does not know any more come as they are.
std::string paper_body_out(const EventType* type, std::string_view stored);

// The schema as data for forms: {"kinds":[{kind, class, text:{en,zh}, fields:[…]}]}.
std::string paper_kinds_json(const Schema& schema);

// The body of POST /api/v1/papers as a declaration. A paper that names one device is part of that device's history.
Checked<Declaration> paper_filing_of(const std::string& body, const Schema& papers, std::int64_t now_ms);

}  // namespace gantry::http
