#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/record.hpp"
#include "common/core/result.hpp"
#include "common/core/schema.hpp"

namespace gantry::agent {

// What an adapter hands in, checked: one line `{"src":"…","type":"…","at":ms?,"body":{…}}`.
struct Observation {
    Source src = Source::manual;
    std::string type;
    std::optional<std::int64_t> at_ms;
    std::string body;  // strict JSON, as it will be in the record
    bool urgent = false;
};

// Members in any order; blanks between tokens are allowed (people's scripts write them) and dropped. Errors are those
// the intake answers: Errc::malformed, schema, too_large.
Result<Observation> parse_intake_line(std::string_view line, const Schema& schema);

// The same JSON without blanks between its tokens; text inside quotes stays as it is.
std::string without_blanks(std::string_view json);

// The word of an intake answer for an error.
std::string_view intake_code(Errc code);

}  // namespace gantry::agent
