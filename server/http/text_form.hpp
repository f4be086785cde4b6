#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/result.hpp"

// How values look in URLs, headers and JSON. Pure.
namespace gantry::http {

// "2026-11-22T08:00:00.000Z"; years 1970 to 9999.
std::string time_text(std::int64_t utc_ms);
// RFC 3339 with Z or a numeric offset and up to nine digits of fraction (cut to ms). Leap seconds are refused.
Result<std::int64_t> parse_time(std::string_view text);

// %XX decoded; a malformed escape, a NUL, or text that is not UTF-8 is malformed. '+' is itself.
Result<std::string> percent_decode(std::string_view text);

// Everything but A-Z a-z 0-9 - . _ ~ as %XX.
std::string percent_encode(std::string_view text);

using QueryPairs = std::vector<std::pair<std::string, std::string>>;
// "a=1&b=2" decoded; at most query_parameters_max.
Result<QueryPairs> parse_query(std::string_view text);

// Path and query of an origin-form target. "*", "http://…" and "host:port" are malformed here.
struct ParsedTarget {
    std::string path;
    QueryPairs query;
};
Result<ParsedTarget> parse_target(std::string_view target);

// A place in a list, opaque to clients: base64url of "kind:key" and a tag that only this process can make, so that
// nobody builds cursors by hand and a cursor of one list is refused by another.
class Cursors {
public:
    explicit Cursors(std::string secret) : secret_{std::move(secret)} {}
    std::string encode(std::string_view kind, std::string_view key) const;
    Result<std::string> decode(std::string_view kind, std::string_view cursor) const;

private:
    std::string secret_;
};

// A strong validator: quoted, from the content's SHA-256.
std::string etag_of(std::string_view content);
// Whether an If-None-Match value names the tag or is "*"; weak comparison.
bool etag_matches(std::string_view if_none_match, std::string_view etag);

enum class Language { en, zh };
// The better of the two by Accept-Language (RFC 9110 12.5.4); English when nothing tells.
Language language_of(std::string_view accept_language);

// Whether an Accept value admits the media type; empty admits all.
bool accepts(std::string_view accept, std::string_view media_type);
// Whether Accept-Encoding admits gzip.
bool accepts_gzip(std::string_view accept_encoding);

// 1 to 64 of A-Z a-z 0-9 . _ -
bool is_token(std::string_view text);

}  // namespace gantry::http
