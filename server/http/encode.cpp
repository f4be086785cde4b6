#include "server/http/encode.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <chrono>
#include <stdexcept>

#include "server/http/limits.hpp"
#include "server/http/text_form.hpp"

namespace gantry::http {

std::string_view reason_phrase(unsigned status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Unknown";
    }
}

std::string http_date(std::int64_t utc_ms) {
    using namespace std::chrono;
    static constexpr std::string_view days_of_week[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::string_view months_of_year[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const sys_time<milliseconds> at{milliseconds{utc_ms}};
    const auto day = floor<days>(at);
    const year_month_day date{day};
    const hh_mm_ss<seconds> time{floor<seconds>(at - day)};
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days_of_week[weekday{day}.c_encoding()],
                       unsigned{date.day()}, months_of_year[unsigned{date.month()} - 1], int{date.year()},
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string gzip(std::string_view text) {
    z_stream stream{};
    constexpr int gzip_window = 15 + 16;  // zlib: 16 asks for a gzip wrapper
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc{};
    std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
    // zlib never writes through next_in; its type is older than const.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END) throw std::runtime_error{"gzip: the output did not fit its own bound"};
    return out;
}

namespace {

std::string* header_of(Response& response, std::string_view wanted) {
    for (auto& [name, value] : response.headers)
        if (name == wanted) return &value;
    return nullptr;
}

bool is_worth_packing(std::string_view type) {
    return type == "application/json" || type == "application/x-ndjson" || type.starts_with("text/");
}

}  // namespace

Response dress(Response response, const RequestHead& head) {
    // Files for people are those that say their name; the page's own files have validators of their own.
    const bool file = header_of(response, "Content-Disposition") != nullptr;
    const bool json = response.content_type == "application/json";
    if (response.status != 200 || (!json && !file) || !response.body || head.method == Method::post) return response;
    const std::string* accepted = head.header("accept-encoding");
    const bool compress = response.body->size() >= gzip_bytes_min && is_worth_packing(response.content_type) &&
                          accepted && accepts_gzip(*accepted);
    std::string etag = etag_of(*response.body);
    if (compress) etag.insert(etag.size() - 1, "-gz");  // each coding is a representation of its own
    const std::string* known = head.header("if-none-match");
    if (std::string* vary = header_of(response, "Vary"))
        *vary += ", Accept-Encoding";
    else
        response.with("Vary", "Accept-Encoding");
    response.with("ETag", etag).with("Cache-Control", "no-cache");
    if (known && etag_matches(*known, etag)) {
        response.status = 304;
        response.body.reset();
        return response;
    }
    if (compress) {
        response.body = make_body(gzip(*response.body));
        response.with("Content-Encoding", "gzip");
    }
    return response;
}

std::string header_text(const Response& response, const RequestHead& head, bool close, Framing framing,
                        std::int64_t now_ms) {
    std::string out = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason_phrase(response.status),
                                  http_date(now_ms));
    if (response.body || framing == Framing::endless) out += fmt::format("Content-Type: {}\r\n", response.content_type);
    // 304 tells no length: there is no body, and a wrong 0 would be believed.
    if (framing == Framing::sized && response.status != 304)
        out += fmt::format("Content-Length: {}\r\n", response.body ? response.body->size() : 0);
    bool cache_told = false;
    for (const auto& [name, value] : response.headers) {
        out += fmt::format("{}: {}\r\n", name, value);
        cache_told = cache_told || name == "Cache-Control";
    }
    if (!cache_told) out += "Cache-Control: no-store\r\n";
    out += fmt::format("Content-Security-Policy: {}\r\n", content_security_policy);
    out +=
        "Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Resource-Policy: same-origin\r\n"
        "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n";
    out += fmt::format("X-Request-Id: {}\r\n", head.request_id);
    if (close || framing == Framing::endless)
        out += "Connection: close\r\n";
    else if (head.http_1_0)
        out += "Connection: keep-alive\r\n";
    out += "\r\n";
    return out;
}

}  // namespace gantry::http
