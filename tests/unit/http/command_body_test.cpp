#include <doctest/doctest.h>

#include "server/http/api.hpp"

using namespace gantry;
using namespace gantry::http;

namespace {

constexpr std::int64_t now = 1'792'742'400'000;  // 2026-10-23T08:00Z

Request post(std::string value, std::string body) {
    Request request;
    request.path_values = {std::move(value)};
    request.body = std::move(body);
    return request;
}

const std::string good =
    R"({"event":"commissioned","at":"2026-10-23T07:00:00.000Z","reason":"all papers in place","actor":"Lin Wei","role":"HM",
    "evidence":["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],"data":{"work_order":"WO-1","count":3,"done":true}})";

}  // namespace

TEST_CASE("declaration: everything arrives") {
    const auto declared = Api::declaration_of(post("ct-1", good), now);
    REQUIRE(declared.has_value());
    CHECK(declared->subject == "ct-1");
    CHECK(declared->event == "commissioned");
    CHECK(declared->at_ms == now - ms_per_hour);
    CHECK(declared->role == Role::hm);
    CHECK(declared->evidence.size() == 1);
    CHECK(*declared->text("work_order") == "WO-1");
    CHECK(declared->number("count") == 3);
    CHECK(declared->flag("done") == true);
}

TEST_CASE("declaration: each fault is told with its place") {
    struct Row {
        const char* body;
        const char* code;
        const char* pointer;
    };
    for (
        const Row& row :
        {Row{"", "bad_json", ""}, Row{"{", "bad_json", ""}, Row{"[]", "invalid", ""}, Row{"{}", "invalid", "/event"},
         Row{R"({"event":7,"at":"2026-10-23T07:00:00Z","reason":"r","actor":"a","role":"HM"})", "invalid", "/event"},
         Row{R"({"event":"A B","at":"2026-10-23T07:00:00Z","reason":"r","actor":"a","role":"HM"})", "invalid",
             "/event"},
         Row{R"({"event":"e","at":"yesterday","reason":"r","actor":"a","role":"HM"})", "invalid", "/at"},
         Row{R"({"event":"e","at":"2026-10-23T08:02:00Z","reason":"r","actor":"a","role":"HM"})", "invalid", "/at"},
         Row{R"({"event":"e","at":"2026-10-23T07:00:00Z","reason":"","actor":"a","role":"HM"})", "invalid", "/reason"},
         Row{R"({"event":"e","at":"2026-10-23T07:00:00Z","reason":"r","actor":"a\u0000b","role":"HM"})", "invalid",
             "/actor"},
         Row{R"({"event":"e","at":"2026-10-23T07:00:00Z","reason":"r","actor":"a","role":"KING"})", "invalid", "/role"},
         Row{R"({"event":"e","at":"2026-10-23T07:00:00Z","reason":"r","actor":"a","role":"HM","x":1})", "invalid",
             "/x"},
         Row{R"({"event":"e","at":"2026-10-23T07:00:00Z","reason":"r","actor":"a","role":"HM","evidence":["ab"]})",
             "invalid", "/evidence/0"},
         Row{R"({"event":"e","at":"2026-10-23T07:00:00Z","reason":"r","actor":"a","role":"HM","data":{"n":1.5}})",
             "invalid", "/data/n"},
         Row{R"({"event":"e","at":"2026-10-23T07:00:00Z","reason":"r","actor":"a","role":"HM","data":{"n":9007199254740992}})",
             "invalid", "/data/n"},
         Row{R"({"event":"e","at":"2026-10-23T07:00:00Z","reason":"r","actor":"a","role":"HM","data":{"n":{}}})",
             "invalid", "/data/n"}}) {
        const auto declared = Api::declaration_of(post("ct-1", row.body), now);
        REQUIRE_MESSAGE(!declared, row.body);
        CHECK_MESSAGE(declared.error().code == row.code, row.body);
        if (*row.pointer) CHECK_MESSAGE(declared.error().errors.at(0).pointer == row.pointer, row.body);
    }
}

TEST_CASE("declaration: a body as deep as a mine is refused, not recursed into") {
    std::string deep = R"({"data":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}";
    CHECK(Api::declaration_of(post("ct-1", deep), now).error().code == "bad_json");
}

TEST_CASE("declaration: an id that cannot be one is a bad parameter") {
    CHECK(Api::declaration_of(post("CT 1", good), now).error().code == "bad_parameter");
}

TEST_CASE("assignment: index, device, reason, actor") {
    const auto assigned =
        Api::assignment_of(post("17", R"({"device":"ct-2","reason":"serial plate read","actor":"Lin Wei"})"));
    REQUIRE(assigned.has_value());
    CHECK(assigned->log_index == 17);
    CHECK(assigned->device == "ct-2");
    CHECK(assigned->role == Role::hm);
    CHECK(Api::assignment_of(post("x", "{}")).error().code == "bad_parameter");
    CHECK(Api::assignment_of(post("17", R"({"device":"-","reason":"r","actor":"a"})")).error().errors.at(0).pointer ==
          "/device");
}
