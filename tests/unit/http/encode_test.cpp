#include "server/http/encode.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include "server/http/text_form.hpp"

using namespace gantry::http;

namespace {

std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
        if (key == name) return value;
    return {};
}

RequestHead asking(std::vector<std::pair<std::string, std::string>> headers) {
    RequestHead head;
    head.headers = std::move(headers);
    head.request_id = "r-1";
    return head;
}

std::string gunzip(const std::string& packed) {
    z_stream stream{};
    REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
    std::string out(100'000, '\0');
    std::string in = packed;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    REQUIRE(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

}  // namespace

TEST_CASE("header: every security header, no version of ours") {
    const Response response = json_answer("{}");
    const std::string text = header_text(response, asking({}), false, Framing::sized, 1'792'742'400'123);
    for (const char* line :
         {"HTTP/1.1 200 OK\r\n", "Date: Fri, 23 Oct 2026 08:00:00 GMT\r\n", "Content-Type: application/json\r\n",
          "Content-Length: 2\r\n", "X-Content-Type-Options: nosniff\r\n", "Referrer-Policy: no-referrer\r\n",
          "Cross-Origin-Opener-Policy: same-origin\r\n", "Cache-Control: no-store\r\n", "X-Request-Id: r-1\r\n",
          "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src "
          "'self'; connect-src "
          "'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
          "'none'; "
          "require-trusted-types-for 'script'\r\n"})
        CHECK_MESSAGE(text.find(line) != std::string::npos, line);
    for (const char* absent :
         {"Server:", "Strict-Transport-Security", "Access-Control-Allow", "X-Powered-By", "Connection:"})
        CHECK_MESSAGE(text.find(absent) == std::string::npos, absent);
    CHECK(text.ends_with("\r\n\r\n"));
}

TEST_CASE("header: closing and endless answers say so") {
    const Response response = json_answer("{}");
    CHECK(header_text(response, asking({}), true, Framing::sized, 0).find("Connection: close\r\n") !=
          std::string::npos);
    const std::string endless = header_text(response, asking({}), false, Framing::endless, 0);
    CHECK(endless.find("Connection: close\r\n") != std::string::npos);
    CHECK(endless.find("Content-Length") == std::string::npos);
}

TEST_CASE("dress: 304 for whoever has it, with each coding a tag of its own") {
    const std::string text(5000, 'x');
    const Response plain = dress(json_answer(text), asking({}));
    const std::string tag = header(plain, "ETag");
    CHECK(plain.status == 200);
    CHECK(*plain.body == text);
    const Response again = dress(json_answer(text), asking({{"if-none-match", tag}}));
    CHECK(again.status == 304);
    CHECK(!again.body);
    CHECK(header_text(again, asking({}), false, Framing::sized, 0).find("Content-Length") == std::string::npos);

    const Response packed = dress(json_answer(text), asking({{"accept-encoding", "gzip"}}));
    CHECK(header(packed, "Content-Encoding") == "gzip");
    CHECK(header(packed, "ETag") != tag);
    CHECK(packed.body->size() < 200);
    CHECK(gunzip(*packed.body) == text);
    CHECK(dress(json_answer(text), asking({{"accept-encoding", "gzip"}, {"if-none-match", header(packed, "ETag")}}))
              .status == 304);
}

TEST_CASE("dress: small answers and other kinds go as they are") {
    CHECK(header(dress(json_answer("{}"), asking({{"accept-encoding", "gzip"}})), "Content-Encoding").empty());
    CHECK(header(dress(json_answer("{}", 201), asking({})), "ETag").empty());
}
