#pragma once

#include <cstdint>
#include <string>

#include "server/http/message.hpp"

// Answers as bytes. Pure.
namespace gantry::http {

// Sent with every answer. No inline script, no foreign source, no frame, no plug-in; text reaches the page only as
// text.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";

// For 200 answers to GET and HEAD in JSON or as a file to keep: adds an ETag, answers 304 when the client has it,
// compresses what is worth it.
Response dress(Response response, const RequestHead& head);

enum class Framing : std::uint8_t { sized, endless };
// Status line and header fields up to the empty line. `endless`: no length, the connection ends with the body.
std::string header_text(const Response& response, const RequestHead& head, bool close, Framing framing,
                        std::int64_t now_ms);

// RFC 9110 5.6.7: "Sun, 22 Nov 2026 08:00:00 GMT".
std::string http_date(std::int64_t utc_ms);

// gzip at the fastest level.
std::string gzip(std::string_view text);

std::string_view reason_phrase(unsigned status);

}  // namespace gantry::http
