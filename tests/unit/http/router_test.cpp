#include "server/http/router.hpp"

#include <doctest/doctest.h>

using namespace gantry::http;

TEST_CASE("pattern: values in order, no empty segment") {
    std::vector<std::string> values;
    CHECK(match_pattern("/a/{x}/b/{y}", "/a/1/b/2", values));
    CHECK(values == std::vector<std::string>{"1", "2"});
    for (const char* path : {"/a//b/2", "/a/1/b", "/a/1/b/2/", "/a/1/b/2/c", "a/1/b/2", "", "/"})
        CHECK_MESSAGE(!match_pattern("/a/{x}/b/{y}", path, values), path);
    CHECK(match_pattern("/", "/", values));
    CHECK(!match_pattern("/", "//", values));
}

TEST_CASE("pattern: the rest of a path, whatever it holds") {
    std::vector<std::string> values;
    CHECK(match_pattern("/a/{x}/{*rest}", "/a/1/b/2 c", values));
    CHECK(values == std::vector<std::string>{"1", "b/2 c"});
    CHECK(match_pattern("/a/{*rest}", "/a//", values));
    for (const char* path : {"/a/1", "/a/1/", "/a//2"})
        CHECK_MESSAGE(!match_pattern("/a/{x}/{*rest}", path, values), path);
}

TEST_CASE("routes: each is found by its own pattern and method") {
    for (const Route& route : routes()) {
        const Match match = match_route(route.method, route.pattern);
        CHECK_MESSAGE(match.found == Found::yes, route.pattern);
        CHECK(match.route->id == route.id);
    }
}

TEST_CASE("routes: HEAD goes where GET goes, other methods are told what is allowed") {
    CHECK(match_route(Method::head, "/api/v1/devices").found == Found::yes);
    const Match get_only = match_route(Method::post, "/api/v1/devices");
    CHECK(get_only.found == Found::no_method);
    CHECK(get_only.allow == "GET, HEAD");
    const Match post_only = match_route(Method::get, "/api/v1/devices/ct-1/declarations");
    CHECK(post_only.found == Found::no_method);
    CHECK(post_only.allow == "POST");
    CHECK(match_route(Method::other, "/healthz").found == Found::no_method);
    CHECK(match_route(Method::get, "/api/v2/devices").found == Found::no_path);
    CHECK(match_route(Method::get, "/api/v1/devices/").found == Found::no_path);
}
