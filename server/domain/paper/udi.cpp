#include "server/domain/paper/udi.hpp"

#include <fmt/format.h>

#include "server/domain/paper/udi_parts.hpp"

namespace gantry::paper {

int full_year(int two_digits, int year_now) {
    const int century = year_now / 100;
    const int ahead = two_digits - year_now % 100;
    if (ahead >= 51) return (century - 1) * 100 + two_digits;
    if (ahead <= -50) return (century + 1) * 100 + two_digits;
    return century * 100 + two_digits;
}

Result<Udi> parse_udi(std::string_view text, int year_now) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
    if (text.empty()) return Error{Errc::malformed, "UDI: got nothing, want a GS1 or HIBCC code"};
    if (text.size() > udi_bytes_max)
        return Error{Errc::too_large, fmt::format("UDI: got {} bytes, want at most {}", text.size(), udi_bytes_max)};
    const char first = text.front();
    if (first == '=' || first == '&')
        return Error{Errc::malformed, "UDI: got an ICCBBA code, want GS1 or HIBCC: ICCBBA is for blood and tissue"};
    // A HIBCC code begins with '+', and its identifier alone with the labeler's letter; GS1 has digits first.
    if (first == '+' || first == '*' || (first >= 'A' && first <= 'Z')) return parse_hibcc(text, year_now);
    return parse_gs1(text, year_now);
}

}  // namespace gantry::paper
