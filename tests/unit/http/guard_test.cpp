#include "server/http/guard.hpp"

#include <doctest/doctest.h>

using namespace gantry;
using namespace gantry::http;

namespace {

RequestHead head(Method method, std::vector<std::pair<std::string, std::string>> headers) {
    RequestHead out;
    out.method = method;
    out.headers = std::move(headers);
    return out;
}

std::string verdict(const HostGuard& guard, const RequestHead& request) {
    const auto problem = guard.check(request);
    return problem ? std::string{problem->code} : "ok";
}

}  // namespace

TEST_CASE("authority: names and addresses with and without port") {
    struct Row {
        const char* text;
        const char* host;
        std::uint16_t port;
    };
    for (const Row& row : {Row{"LocalHost", "localhost", 80}, Row{"127.0.0.1:8080", "127.0.0.1", 8080},
                           Row{"[::1]:8080", "::1", 8080}, Row{"[::1]", "::1", 80}}) {
        const auto parsed = parse_authority(row.text);
        REQUIRE_MESSAGE(parsed.has_value(), row.text);
        CHECK(parsed->host == row.host);
        CHECK(parsed->port == row.port);
    }
    for (const char* bad : {"", ":80", "a b", "a@b", "a:", "a:x", "a:99999", "a:80:80", "[::1", "[::1]x", "a/b", "a,b",
                            "[zz]", "a:-1", "a:80 "})
        CHECK_MESSAGE(!parse_authority(bad), bad);
}

TEST_CASE("listen: loopback only, and the refusal says what to do") {
    CHECK(parse_listen("127.0.0.1:8080")->port == 8080);
    CHECK(parse_listen("localhost:0")->host == "127.0.0.1");
    CHECK(parse_listen("[::1]:8080")->host == "::1");
    for (const char* open : {"0.0.0.0:8080", "192.168.1.4:80", "[::]:8080", "example.org:80", "1.127.0.0:80"}) {
        const auto refused = parse_listen(open);
        REQUIRE_MESSAGE(!refused, open);
        CHECK(refused.error().code == Errc::refused);
        CHECK(refused.error().message.find("127.0.0.1:8080") != std::string::npos);
    }
}

TEST_CASE("host: only our own names, on our own port, exactly once") {
    const HostGuard guard{8080, {"gantry.hospital.example", "proxy.example:443"}};
    struct Row {
        const char* host;
        const char* want;
    };
    for (const Row& row : {Row{"127.0.0.1:8080", "ok"}, Row{"localhost:8080", "ok"}, Row{"LOCALHOST:8080", "ok"},
                           Row{"[::1]:8080", "ok"}, Row{"gantry.hospital.example:8080", "ok"},
                           Row{"proxy.example:443", "ok"}, Row{"proxy.example:8080", "foreign_host"},
                           Row{"127.0.0.1", "foreign_host"}, Row{"127.0.0.1:8081", "foreign_host"},
                           Row{"evil.example:8080", "foreign_host"}, Row{"localhost.evil.example:8080", "foreign_host"},
                           Row{"127.0.0.1:8080@evil", "bad_request"}, Row{"", "bad_request"}})
        CHECK_MESSAGE(verdict(guard, head(Method::get, {{"host", row.host}})) == row.want, row.host);
    CHECK(verdict(guard, head(Method::get, {})) == "bad_request");
    CHECK(verdict(guard, head(Method::get, {{"host", "localhost:8080"}, {"host", "localhost:8080"}})) == "bad_request");
}

TEST_CASE("origin: unsafe methods from foreign pages are refused") {
    const HostGuard guard{8080, {}};
    struct Row {
        const char* origin;
        const char* site;
        const char* want;
    };
    for (const Row& row :
         {Row{nullptr, nullptr, "ok"},  // no browser: curl, a program
          Row{"http://127.0.0.1:8080", "same-origin", "ok"}, Row{"http://localhost:8080", nullptr, "ok"},
          Row{nullptr, "none", "ok"}, Row{"http://127.0.0.1:8080", "cross-site", "foreign_origin"},
          Row{"http://127.0.0.1:8080", "same-site", "foreign_origin"},
          Row{"http://evil.example", nullptr, "foreign_origin"},
          Row{"http://127.0.0.1:9999", nullptr, "foreign_origin"},
          Row{"https://127.0.0.1:8080", nullptr, "foreign_origin"}, Row{"null", nullptr, "foreign_origin"},
          Row{"http://127.0.0.1:8080/", nullptr, "foreign_origin"}, Row{"", nullptr, "foreign_origin"},
          Row{nullptr, "", "foreign_origin"}}) {
        std::vector<std::pair<std::string, std::string>> headers{{"host", "127.0.0.1:8080"}};
        if (row.origin) headers.emplace_back("origin", row.origin);
        if (row.site) headers.emplace_back("sec-fetch-site", row.site);
        for (const Method method : {Method::post, Method::other})
            CHECK_MESSAGE(verdict(guard, head(method, headers)) == row.want, (row.origin ? row.origin : "-"), " ",
                          (row.site ? row.site : "-"));
        CHECK(verdict(guard, head(Method::get, headers)) == "ok");
    }
}
