#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <initializer_list>

#include "common/core/ids.hpp"
#include "common/core/limits.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/http/api.hpp"

// What people state: JSON bodies become commands, or a list of all that is wrong with them.
namespace gantry::http {
namespace {

namespace bj = boost::json;

constexpr std::size_t reason_bytes_max = 4000;  // 1,000 characters of four bytes
constexpr std::size_t actor_bytes_max = 400;
constexpr std::size_t evidence_max = 32;
constexpr std::size_t data_members_max = 32;
constexpr std::size_t data_text_bytes_max = 2000;
constexpr std::size_t json_depth_max = 8;
constexpr std::int64_t clock_slack_ms = 60'000;  // a person's clock may be a little ahead of ours

// One body, read member by member; every fault is kept, so that a form can show all of them at once.
class BodyReader {
public:
    explicit BodyReader(const bj::object& object) : object_{object} {}

    const bj::value* member(std::string_view name, bool required) {
        const bj::value* value = object_.if_contains(bj::string_view{name.data(), name.size()});
        if (!value && required) fault(name, "missing", "got nothing, want it");
        return value;
    }
    std::string text(std::string_view name, std::size_t bytes_max, bool required = true) {
        const bj::value* value = member(name, required);
        if (!value) return {};
        if (!value->is_string()) return fault(name, "type", "got no text, want text"), std::string{};
        const std::string_view got{value->get_string().data(), value->get_string().size()};
        if (got.empty() || got.size() > bytes_max)
            return fault(name, "length", fmt::format("got {} bytes, want 1 to {}", got.size(), bytes_max)),
                   std::string{};
        const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'; };
        if (std::ranges::any_of(got, is_control))
            return fault(name, "control", "got control characters, want none"), std::string{};
        return std::string{got};
    }
    void only(std::initializer_list<std::string_view> known) {
        for (const auto& member : object_) {
            const std::string_view name{member.key().data(), member.key().size()};
            if (std::ranges::find(known, name) == known.end()) fault(name, "unknown", "want no such member");
        }
    }
    void fault(std::string_view name, std::string code, std::string detail) {
        errors_.push_back({"/" + std::string{name.substr(0, 64)}, std::move(code), std::move(detail)});
    }
    // The problem with all faults, or nothing.
    std::optional<Problem> problem() {
        if (errors_.empty()) return std::nullopt;
        Problem out{.code = "invalid",
                    .detail = fmt::format("{}: {}", errors_.front().pointer, errors_.front().detail)};
        out.errors = std::move(errors_);
        return out;
    }

private:
    const bj::object& object_;
    std::vector<FieldError> errors_;
};

Checked<bj::object> parse_body(const std::string& body) {
    bj::parse_options options;
    options.max_depth = json_depth_max;
    bj::error_code error;
    bj::value value = bj::parse(body, error, {}, options);
    if (error) return Problem{.code = "bad_json", .detail = "body: " + error.message()};
    if (!value.is_object()) return Problem{.code = "invalid", .detail = "body: want an object"};
    return std::move(value.get_object());
}

Role role_member(BodyReader& body, bool required) {
    const std::string text = body.text("role", 16, required);
    const auto role = role_from(text);
    if (!text.empty() && !role) body.fault("role", "enum", "want HM, RAD, SVC, QMP, REG-H, REG-E, REG-D, MFR or AGT");
    return role.value_or(Role::hm);
}

std::int64_t time_member(BodyReader& body, std::int64_t now_ms) {
    const std::string text = body.text("at", 40);
    if (text.empty()) return 0;
    const auto at = parse_time(text);
    if (!at) return body.fault("at", "format", at.error().message), 0;
    if (*at > now_ms + clock_slack_ms)
        body.fault("at", "future", fmt::format("got {}, want not later than now, {}", text, time_text(now_ms)));
    return *at;
}

std::vector<std::string> evidence_member(BodyReader& body) {
    std::vector<std::string> out;
    const bj::value* value = body.member("evidence", false);
    if (!value) return out;
    if (!value->is_array() || value->get_array().size() > evidence_max) {
        body.fault("evidence", "type", fmt::format("want a list of at most {} SHA-256 values", evidence_max));
        return out;
    }
    for (const bj::value& element : value->get_array()) {
        const std::string_view text =
            element.is_string() ? std::string_view{element.get_string().data(), element.get_string().size()} : "";
        if (!hash_from_hex(text)) {
            body.fault(fmt::format("evidence/{}", out.size()), "format", "want 64 lower-case hexadecimal digits");
            return out;
        }
        out.emplace_back(text);
    }
    return out;
}

DataMap data_member(BodyReader& body) {
    DataMap out;
    const bj::value* value = body.member("data", false);
    if (!value) return out;
    if (!value->is_object() || value->get_object().size() > data_members_max) {
        body.fault("data", "type", fmt::format("want an object of at most {} members", data_members_max));
        return out;
    }
    for (const auto& member : value->get_object()) {
        const std::string name{member.key().data(), member.key().size()};
        const bj::value& v = member.value();
        if (!is_token(name))
            body.fault("data/" + name.substr(0, 40), "name", "want 1 to 64 of A-Z a-z 0-9 . _ -");
        else if (v.is_bool())
            out.emplace(name, v.get_bool());
        else if (v.is_int64() && v.get_int64() >= -limits::json_integer_max &&
                 v.get_int64() <= limits::json_integer_max)
            out.emplace(name, v.get_int64());
        else if (v.is_string() && v.get_string().size() <= data_text_bytes_max)
            out.emplace(name, std::string{v.get_string().data(), v.get_string().size()});
        else
            body.fault("data/" + name, "type",
                       fmt::format("want true, false, a whole number below 2^53 or at most {} bytes of text",
                                   data_text_bytes_max));
    }
    return out;
}

bool is_event_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    });
}

}  // namespace

Checked<Declaration> Api::declaration_of(const Request& request, std::int64_t now_ms) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const auto id = device_id_of(request.path_values.at(0));
    if (!id) return id.error();
    const auto object = parse_body(request.body);
    if (!object) return object.error();
    BodyReader body{*object};
    body.only({"event", "at", "reason", "actor", "role", "evidence", "data"});
    Declaration out;
    out.subject = *id;
    out.event = body.text("event", 64);
    if (!out.event.empty() && !is_event_name(out.event)) body.fault("event", "format", "want a-z, 0-9, '.' and '_'");
    if (out.event == unassigned_assigned)
        body.fault("event", "enum", "want POST /api/v1/unassigned/{log_index}/assign for that");
    out.at_ms = time_member(body, now_ms);
    out.reason = body.text("reason", reason_bytes_max);
    out.actor = body.text("actor", actor_bytes_max);
    out.role = role_member(body, true);
    out.evidence = evidence_member(body);
    out.data = data_member(body);
    if (auto problem = body.problem()) return std::move(*problem);
    return out;
}

Checked<AssignRequest> Api::assignment_of(const Request& request) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const auto index = log_index_of(request.path_values.at(0));
    if (!index) return index.error();
    const auto object = parse_body(request.body);
    if (!object) return object.error();
    BodyReader body{*object};
    body.only({"device", "reason", "actor", "role"});
    AssignRequest out;
    out.log_index = *index;
    out.device = body.text("device", 64);
    if (const auto id = DeviceId::parse(out.device); !out.device.empty() && !id)
        body.fault("device", "format", id.error().message);
    out.reason = body.text("reason", reason_bytes_max);
    out.actor = body.text("actor", actor_bytes_max);
    out.role = role_member(body, false);
    if (auto problem = body.problem()) return std::move(*problem);
    return out;
}

}  // namespace gantry::http
