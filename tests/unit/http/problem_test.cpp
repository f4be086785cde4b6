#include "server/http/problem.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>

using namespace gantry;
using namespace gantry::http;

namespace {

RequestHead head(std::string language = "") {
    RequestHead out;
    out.request_id = "r-1";
    if (!language.empty()) out.headers.emplace_back("accept-language", std::move(language));
    return out;
}

boost::json::object body(const Response& response) { return boost::json::parse(*response.body).as_object(); }

}  // namespace

TEST_CASE("problem: status, code, request id and localised title") {
    const Problem problem{.code = "media_type", .detail = "got \"x\""};
    const Response en = render(problem, head());
    CHECK(en.status == 415);
    CHECK(en.content_type == "application/problem+json");
    CHECK(body(en).at("code").as_string() == "media_type");
    CHECK(body(en).at("request_id").as_string() == "r-1");
    CHECK(body(en).at("detail").as_string() == "got \"x\"");
    CHECK(body(en).at("title").as_string() == "The body is of a kind that this address does not take");
    CHECK(body(render(problem, head("zh-CN"))).at("title").as_string() == "该地址不接受此类型的请求正文");
}

TEST_CASE("problem: a refused guard tells what is missing and who can supply it") {
    const Response response =
        render(problem_from(Refused{"permits_in_force", "none", "REG-E permit", "radiation permit", "REG-E"}), head());
    CHECK(response.status == 409);
    CHECK(body(response).at("code").as_string() == "guard");
    CHECK(body(response).at("guard").as_string() == "permits_in_force");
    CHECK(body(response).at("missing").as_string() == "radiation permit");
    CHECK(body(response).at("who").as_string() == "REG-E");
}

TEST_CASE("problem: parameters and text that is no UTF-8") {
    const Response response = render(bad_parameter("limit", "got \xFF, want 1"), head());
    CHECK(response.status == 400);
    const auto errors = body(response).at("errors").as_array();
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].at("pointer").as_string() == "limit");
    CHECK(errors[0].at("detail").as_string() == "got ?, want 1");
}

TEST_CASE("problem: an unknown code is an internal failure, not a crash") {
    CHECK(render({.code = "no_such", .detail = {}}, head()).status == 500);
}

TEST_CASE("problem: Allow and Retry-After travel as headers") {
    const Response response =
        render({.code = "method", .detail = {}, .retry_after_s = 3, .allow = "GET, HEAD"}, head());
    bool allow = false, retry = false;
    for (const auto& [name, value] : response.headers) {
        allow = allow || (name == "Allow" && value == "GET, HEAD");
        retry = retry || (name == "Retry-After" && value == "3");
    }
    CHECK(allow);
    CHECK(retry);
}
