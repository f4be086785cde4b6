#include "server/http/body_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "common/core/bytes.hpp"
#include "common/core/limits.hpp"
#include "server/http/text_form.hpp"

namespace gantry::http {

namespace bj = boost::json;

Checked<bj::object> parse_body(const std::string& body) {
    bj::parse_options options;
    options.max_depth = json_depth_max;
    bj::error_code error;
    bj::value value = bj::parse(body, error, {}, options);
    if (error) return Problem{.code = "bad_json", .detail = "body: " + error.message()};
    if (!value.is_object()) return Problem{.code = "invalid", .detail = "body: want an object"};
    return std::move(value.get_object());
}

const bj::value* BodyReader::member(std::string_view name, bool required) {
    const bj::value* value = object_.if_contains(bj::string_view{name.data(), name.size()});
    if (!value && required) fault(name, "missing", "got nothing, want it");
    return value;
}

std::string BodyReader::text(std::string_view name, std::size_t bytes_max, bool required) {
    const bj::value* value = member(name, required);
    if (!value) return {};
    if (!value->is_string()) return fault(name, "type", "got no text, want text"), std::string{};
    const std::string_view got{value->get_string().data(), value->get_string().size()};
    if (got.empty() || got.size() > bytes_max)
        return fault(name, "length", fmt::format("got {} bytes, want 1 to {}", got.size(), bytes_max)), std::string{};
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'; };
    if (std::ranges::any_of(got, is_control))
        return fault(name, "control", "got control characters, want none"), std::string{};
    return std::string{got};
}

void BodyReader::only(std::initializer_list<std::string_view> known) {
    for (const auto& member : object_) {
        const std::string_view name{member.key().data(), member.key().size()};
        if (std::ranges::find(known, name) == known.end()) fault(name, "unknown", "want no such member");
    }
}

void BodyReader::fault(std::string_view name, std::string code, std::string detail) {
    errors_.push_back({"/" + std::string{name.substr(0, 64)}, std::move(code), std::move(detail)});
}

std::optional<Problem> BodyReader::problem() {
    if (errors_.empty()) return std::nullopt;
    Problem out{.code = "invalid", .detail = fmt::format("{}: {}", errors_.front().pointer, errors_.front().detail)};
    out.errors = std::move(errors_);
    return out;
}

Role BodyReader::role(bool required) {
    const std::string text = this->text("role", 16, required);
    const auto role = role_from(text);
    if (!text.empty() && !role) fault("role", "enum", "want HM, RAD, SVC, QMP, REG-H, REG-E, REG-D, MFR or AGT");
    return role.value_or(Role::hm);
}

std::int64_t BodyReader::time(std::string_view name, std::int64_t now_ms, bool required) {
    const std::string text = this->text(name, 40, required);
    if (text.empty()) return 0;
    const auto at = parse_time(text);
    if (!at) return fault(name, "format", at.error().message), 0;
    if (*at > now_ms + clock_slack_ms)
        fault(name, "future", fmt::format("got {}, want not later than now, {}", text, time_text(now_ms)));
    return *at;
}

std::vector<std::string> BodyReader::evidence() {
    std::vector<std::string> out;
    const bj::value* value = this->member("evidence", false);
    if (!value) return out;
    if (!value->is_array() || value->get_array().size() > evidence_max) {
        fault("evidence", "type", fmt::format("want a list of at most {} SHA-256 values", evidence_max));
        return out;
    }
    for (const bj::value& element : value->get_array()) {
        const std::string_view text =
            element.is_string() ? std::string_view{element.get_string().data(), element.get_string().size()} : "";
        if (!hash_from_hex(text)) {
            fault(fmt::format("evidence/{}", out.size()), "format", "want 64 lower-case hexadecimal digits");
            return out;
        }
        out.emplace_back(text);
    }
    return out;
}

DataMap BodyReader::data() {
    DataMap out;
    const bj::value* value = this->member("data", false);
    if (!value) return out;
    if (!value->is_object() || value->get_object().size() > data_members_max) {
        fault("data", "type", fmt::format("want an object of at most {} members", data_members_max));
        return out;
    }
    for (const auto& member : value->get_object()) {
        const std::string name{member.key().data(), member.key().size()};
        const bj::value& v = member.value();
        if (!is_token(name))
            fault("data/" + name.substr(0, 40), "name", "want 1 to 64 of A-Z a-z 0-9 . _ -");
        else if (v.is_bool())
            out.emplace(name, v.get_bool());
        else if (v.is_int64() && v.get_int64() >= -limits::json_integer_max &&
                 v.get_int64() <= limits::json_integer_max)
            out.emplace(name, v.get_int64());
        else if (v.is_string() && v.get_string().size() <= data_text_bytes_max)
            out.emplace(name, std::string{v.get_string().data(), v.get_string().size()});
        else
            fault("data/" + name, "type",
                  fmt::format("want true, false, a whole number below 2^53 or at most {} bytes of text",
                              data_text_bytes_max));
    }
    return out;
}

}  // namespace gantry::http
