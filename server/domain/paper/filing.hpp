#pragma once

#include <string>
#include <string_view>

#include "common/core/result.hpp"
#include "common/core/schema.hpp"

// The door through which a paper comes in: what a schema says of each field, and what it cannot say of several.
namespace gantry::paper {

// A body is stored inside one leaf (65,535 bytes) with its kind, id and who declared it.
inline constexpr std::size_t body_bytes_max = 60'000;

// Whether the paper may be filed. Takes the body as JSON in any layout. Errors, each with got and want:
// Errc::malformed, too_large, not_found (no such kind), schema (a field), refused (fields that contradict each other).
Result<void> check_filing(const Schema& schema, std::string_view kind, std::string_view id, std::string_view body_json);

// The same, and gives the body as it is stored: RFC 8785, so that equal papers have equal bytes.
Result<std::string> canonical_filing(const Schema& schema, std::string_view kind, std::string_view id,
                                     std::string_view body_json);

}  // namespace gantry::paper
