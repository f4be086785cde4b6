#include "server/http/text_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "common/core/bytes.hpp"
#include "common/core/crypto.hpp"
#include "common/core/json.hpp"
#include "server/http/limits.hpp"

namespace gantry::http {
namespace {

constexpr std::size_t cursor_tag_bytes = 8;
constexpr std::size_t cursor_chars_max = 256;

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

// Reads `digits` digits at the front; false when there are fewer.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
    if (text.size() < digits) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
    if (error != std::errc{} || end != text.data() + digits || text.front() == '-') return false;
    text.remove_prefix(digits);
    return true;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Calls on(name, quality in permille) for each element of a header such as Accept.
template <class On>
void each_weighted(std::string_view header, On on) {
    while (!header.empty()) {
        const std::size_t comma = header.find(',');
        std::string_view element = trim(header.substr(0, comma));
        header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
        const std::size_t semicolon = element.find(';');
        const std::string_view value = trim(element.substr(0, semicolon));
        int quality = 1000;
        if (const std::size_t q = lower(element).find("q=");
            semicolon != std::string_view::npos && q != std::string::npos) {
            const std::string_view number = trim(element.substr(q + 2));
            if (!number.empty() && number.front() == '0') {
                quality = 0;
                int scale = 100;
                for (std::size_t i = 2; i < number.size() && i < 5 && number[i] >= '0' && number[i] <= '9';
                     ++i, scale /= 10)
                    quality += (number[i] - '0') * scale;
            }
        }
        if (!value.empty()) on(value, quality);
    }
}

Error bad_time(std::string_view got) {
    return {Errc::malformed,
            fmt::format("got \"{}\", want RFC 3339, for example 2026-11-22T08:00:00.000Z", got.substr(0, 40))};
}

std::string base64url(ByteView bytes) {
    std::string text = base64_encode(bytes);
    while (!text.empty() && text.back() == '=') text.pop_back();
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

Result<Bytes> from_base64url(std::string_view text) {
    std::string plain{text};
    std::replace(plain.begin(), plain.end(), '-', '+');
    std::replace(plain.begin(), plain.end(), '_', '/');
    while (plain.size() % 4 != 0) plain.push_back('=');
    return base64_decode(plain);
}

}  // namespace

std::string time_text(std::int64_t utc_ms) {
    using namespace std::chrono;
    const sys_time<milliseconds> at{milliseconds{utc_ms}};
    const auto day = floor<days>(at);
    const year_month_day date{day};
    const hh_mm_ss<milliseconds> time{at - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int{date.year()}, unsigned{date.month()},
                       unsigned{date.day()}, time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count());
}

Result<std::int64_t> parse_time(std::string_view text) {
    std::string_view rest = text;
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    const bool shape = take_number(rest, 4, year) && take(rest, '-') && take_number(rest, 2, month) &&
                       take(rest, '-') && take_number(rest, 2, day) && (take(rest, 'T') || take(rest, 't')) &&
                       take_number(rest, 2, hour) && take(rest, ':') && take_number(rest, 2, minute) &&
                       take(rest, ':') && take_number(rest, 2, second);
    if (!shape || hour > 23 || minute > 59 || second > 59) return bad_time(text);

    int ms = 0;
    if (take(rest, '.')) {
        int digits = 0;
        for (int scale = 100; !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
             rest.remove_prefix(1), scale /= 10, ++digits)
            ms += (rest.front() - '0') * scale;
        if (digits == 0 || digits > 9) return bad_time(text);
    }
    int offset_minutes = 0;
    if (!take(rest, 'Z') && !take(rest, 'z')) {
        const int sign = take(rest, '+') ? 1 : take(rest, '-') ? -1 : 0;
        int hours = 0, minutes = 0;
        if (sign == 0 || !take_number(rest, 2, hours) || !take(rest, ':') || !take_number(rest, 2, minutes) ||
            hours > 23 || minutes > 59)
            return bad_time(text);
        offset_minutes = sign * (hours * 60 + minutes);
    }
    using namespace std::chrono;
    const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                              std::chrono::day{static_cast<unsigned>(day)}};
    if (!rest.empty() || !date.ok() || year < 1970) return bad_time(text);
    const std::int64_t day_ms = sys_days{date}.time_since_epoch().count() * std::int64_t{86'400'000};
    const std::int64_t utc = day_ms + ((hour * 60 + minute - offset_minutes) * 60 + second) * std::int64_t{1000} + ms;
    if (utc < 0) return bad_time(text);
    return utc;
}

Result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return Error{Errc::malformed, fmt::format("got a bad escape at character {}, want %XX", i)};
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
            return Error{Errc::malformed, fmt::format("got a control character at {}, want none", i)};
        out.push_back(c);
    }
    if (!is_valid_utf8(out)) return Error{Errc::malformed, "got bytes that are not UTF-8"};
    return out;
}

std::string percent_encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain)
            out.push_back(c);
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

Result<QueryPairs> parse_query(std::string_view text) {
    QueryPairs pairs;
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        const std::string_view part = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (part.empty()) continue;
        if (pairs.size() == query_parameters_max)
            return Error{Errc::malformed, fmt::format("query: got more than {} parameters", query_parameters_max)};
        const std::size_t equals = part.find('=');
        auto name = percent_decode(part.substr(0, equals));
        auto value = percent_decode(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1));
        if (!name) return Error{Errc::malformed, "query: " + name.error().message};
        if (!value) return Error{Errc::malformed, "query: " + value.error().message};
        pairs.emplace_back(std::move(*name), std::move(*value));
    }
    return pairs;
}

Result<ParsedTarget> parse_target(std::string_view target) {
    if (target.empty() || target.front() != '/')
        return Error{Errc::malformed, "target: want a path that begins with '/' (origin form)"};
    if (target.find('#') != std::string_view::npos) return Error{Errc::malformed, "target: got '#', want no fragment"};
    const std::size_t question = target.find('?');
    auto path = percent_decode(target.substr(0, question));
    if (!path) return Error{Errc::malformed, "target: " + path.error().message};
    auto query = parse_query(question == std::string_view::npos ? std::string_view{} : target.substr(question + 1));
    if (!query) return query.error();
    return ParsedTarget{std::move(*path), std::move(*query)};
}

std::string Cursors::encode(std::string_view kind, std::string_view key) const {
    const std::string text = fmt::format("{}:{}", kind, key);
    const Hash tag = hmac_sha256(as_bytes(secret_), as_bytes(text));
    Bytes bytes(tag.begin(), tag.begin() + cursor_tag_bytes);
    bytes.insert(bytes.end(), text.begin(), text.end());
    return base64url(bytes);
}

Result<std::string> Cursors::decode(std::string_view kind, std::string_view cursor) const {
    const Error refused{Errc::malformed,
                        "got a cursor that this list did not give, want next_cursor of the page before"};
    if (cursor.size() > cursor_chars_max) return refused;
    const auto bytes = from_base64url(cursor);
    if (!bytes || bytes->size() <= cursor_tag_bytes) return refused;
    const std::string_view text = as_text(ByteView{*bytes}.subspan(cursor_tag_bytes));
    const Hash tag = hmac_sha256(as_bytes(secret_), as_bytes(text));
    if (!std::equal(tag.begin(), tag.begin() + cursor_tag_bytes, bytes->begin())) return refused;
    if (text.size() <= kind.size() || text.substr(0, kind.size()) != kind || text[kind.size()] != ':') return refused;
    return std::string{text.substr(kind.size() + 1)};
}

std::string etag_of(std::string_view content) {
    const Hash hash = sha256(as_bytes(content));
    return '"' + to_hex(ByteView{hash}.first(12)) + '"';
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
    bool matches = false;
    each_weighted(if_none_match, [&](std::string_view value, int) {
        if (value.starts_with("W/")) value.remove_prefix(2);
        matches = matches || value == "*" || value == etag;
    });
    return matches;
}

Language language_of(std::string_view accept_language) {
    int en = 0, zh = 0, any = 0;
    each_weighted(accept_language, [&](std::string_view value, int quality) {
        const std::string tag = lower(value);
        if (tag == "*") any = quality;
        if (tag == "en" || tag.starts_with("en-")) en = std::max(en, quality);
        if (tag == "zh" || tag.starts_with("zh-")) zh = std::max(zh, quality);
    });
    return zh > std::max(en, any) ? Language::zh : Language::en;
}

bool accepts(std::string_view accept, std::string_view media_type) {
    if (trim(accept).empty()) return true;
    const std::string_view group = media_type.substr(0, media_type.find('/'));
    // The most specific range decides (RFC 9110 12.5.1).
    int best_rank = -1, best_quality = 0;
    each_weighted(accept, [&](std::string_view value, int quality) {
        const std::string range = lower(value);
        const int rank = range == media_type ? 2 : range == std::string{group} + "/*" ? 1 : range == "*/*" ? 0 : -1;
        if (rank > best_rank || (rank == best_rank && rank >= 0 && quality > best_quality)) {
            best_rank = rank;
            best_quality = quality;
        }
    });
    return best_rank >= 0 && best_quality > 0;
}

bool accepts_gzip(std::string_view accept_encoding) {
    int gzip = -1, any = -1;
    each_weighted(accept_encoding, [&](std::string_view value, int quality) {
        if (lower(value) == "gzip") gzip = quality;
        if (value == "*") any = quality;
    });
    return gzip > 0 || (gzip < 0 && any > 0);
}

bool is_token(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    });
}

}  // namespace gantry::http
