#include "server/http/problem.hpp"

#include "common/core/json.hpp"

namespace gantry::http {
namespace {

struct Kind {
    std::string_view code;
    unsigned status;
    std::string_view en;
    std::string_view zh;
};

// Every problem this server can report.
constexpr Kind kinds[] = {
    {"bad_request", 400, "The request is malformed", "请求格式错误"},
    {"bad_json", 400, "The body is not valid JSON", "请求正文不是有效的 JSON"},
    {"bad_parameter", 400, "A parameter has a wrong value", "参数值有误"},
    {"unknown_parameter", 400, "A parameter is not known here", "此处不支持该参数"},
    {"bad_key", 400, "The Idempotency-Key is malformed", "Idempotency-Key 格式错误"},
    {"foreign_origin", 403, "Only this server's own pages may do this", "仅允许本服务器自己的页面执行此操作"},
    {"foreign_host", 421, "This server does not answer for that name", "本服务器不响应该主机名"},
    {"not_found", 404, "There is no such thing here", "未找到"},
    {"method", 405, "This address does not take that method", "该地址不支持此方法"},
    {"not_acceptable", 406, "No form of the answer that you accept exists", "没有您可接受的响应格式"},
    {"timeout", 408, "The request took too long to arrive", "请求传输超时"},
    {"guard", 409, "The lifecycle does not allow this now", "当前生命周期状态不允许此操作"},
    {"conflict", 409, "This contradicts what is recorded already", "与已有记录冲突"},
    {"in_flight", 409, "The same request is still under way", "相同请求仍在处理中"},
    {"too_large", 413, "The body is too large", "请求正文过大"},
    {"media_type", 415, "The body is of a kind that this address does not take", "该地址不接受此类型的请求正文"},
    {"document_type", 415, "Documents of this kind are not kept", "不支持该类型的文件"},
    {"expectation", 417, "Only 100-continue can be expected", "仅支持 100-continue"},
    {"invalid", 422, "A value is not allowed", "字段值不符合要求"},
    {"key_reused", 422, "The Idempotency-Key belongs to another request", "Idempotency-Key 已用于其他请求"},
    {"too_many", 429, "Too many connections from your address", "来自您地址的连接过多"},
    {"header_too_large", 431, "The header is too large", "请求头过大"},
    {"internal", 500, "The server failed", "服务器内部错误"},
    {"method_unknown", 501, "The method is not known", "未知的请求方法"},
    {"busy", 503, "The server is busy", "服务器繁忙"},
    {"unavailable", 503, "The record cannot be stored now", "暂时无法写入记录"},
    {"commit_wait", 503, "The commit is not confirmed yet", "提交尚未确认"},
    {"version", 505, "Only HTTP/1.0 and HTTP/1.1 are spoken here", "仅支持 HTTP/1.0 与 HTTP/1.1"},
};

const Kind& kind_of(std::string_view code) {
    const Kind* internal = nullptr;
    for (const Kind& kind : kinds) {
        if (kind.code == code) return kind;
        if (kind.code == "internal") internal = &kind;
    }
    return *internal;
}

// A JSON string must be UTF-8; what a client sent may not be.
std::string utf8(std::string_view text) {
    if (is_valid_utf8(text)) return std::string{text};
    std::string out;
    for (const char c : text) out.push_back(static_cast<unsigned char>(c) < 0x80 ? c : '?');
    return out;
}

void optional_text(JsonWriter& json, std::string_view name, std::string_view text) {
    if (!text.empty()) json.field(name, utf8(text));
}

}  // namespace

unsigned status_of(std::string_view code) { return kind_of(code).status; }

std::string_view title_of(std::string_view code, Language language) {
    const Kind& kind = kind_of(code);
    return language == Language::zh ? kind.zh : kind.en;
}

Response render(const Problem& problem, const RequestHead& head) {
    const Kind& kind = kind_of(problem.code);
    const std::string* accept_language = head.header("accept-language");
    const Language language = language_of(accept_language ? *accept_language : std::string_view{});
    std::string text;
    JsonWriter json{text};
    json.begin_object();
    json.field("type", "urn:gantry:problem:" + std::string{kind.code});
    json.field("title", title_of(kind.code, language));
    json.field("status", kind.status);
    optional_text(json, "detail", problem.detail);
    json.field("code", kind.code);
    json.field("request_id", head.request_id);
    if (!problem.errors.empty()) {
        json.key("errors").begin_array();
        for (const FieldError& error : problem.errors) {
            json.begin_object()
                .field("pointer", utf8(error.pointer))
                .field("code", error.code)
                .field("detail", utf8(error.detail));
            json.end_object();
        }
        json.end_array();
    }
    optional_text(json, "guard", problem.guard);
    optional_text(json, "missing", problem.missing);
    optional_text(json, "who", problem.who);
    json.end_object();

    Response response{kind.status, "application/problem+json", make_body(std::move(text)), {}, false};
    response.with("Content-Language", language == Language::zh ? "zh-CN" : "en");
    response.with("Cache-Control", "no-store");
    if (problem.retry_after_s > 0) response.with("Retry-After", std::to_string(problem.retry_after_s));
    if (!problem.allow.empty()) response.with("Allow", problem.allow);
    return response;
}

Problem problem_from(const Error& error) {
    std::string_view code = "internal";
    switch (error.code) {
        case Errc::malformed:
            code = "bad_request";
            break;
        case Errc::schema:
            code = "invalid";
            break;
        case Errc::too_large:
            code = "invalid";
            break;
        case Errc::not_found:
            code = "not_found";
            break;
        case Errc::conflict:
            code = "conflict";
            break;
        case Errc::refused:
            code = "conflict";
            break;
        case Errc::unavailable:
            code = "unavailable";
            break;
        case Errc::io:
            code = "unavailable";
            break;
        case Errc::unauthentic:
            code = "invalid";
            break;
    }
    Problem problem{.code = code, .detail = error.message};
    if (code == "unavailable") problem.retry_after_s = 2;
    return problem;
}

Problem problem_from(const Refused& refused) {
    Problem problem{.code = "guard", .detail = refused.message()};
    problem.guard = refused.guard;
    problem.missing = refused.missing;
    problem.who = refused.who;
    return problem;
}

Problem bad_parameter(std::string_view name, std::string_view detail) {
    Problem problem{.code = "bad_parameter", .detail = std::string{name} + ": " + std::string{detail}};
    problem.errors.push_back({std::string{name}, "bad_parameter", std::string{detail}});
    return problem;
}

}  // namespace gantry::http
