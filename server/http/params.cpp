#include "server/http/params.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/core/ids.hpp"
#include "common/core/limits.hpp"
#include "server/http/limits.hpp"

namespace gantry::http {
namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool ok = !text.empty() && error == std::errc{} && end == text.data() + text.size() &&
                    value <= static_cast<std::uint64_t>(limits::json_integer_max);
    return ok ? std::optional{value} : std::nullopt;
}

}  // namespace

Checked<Params> Params::of(const Request& request, std::initializer_list<std::string_view> known) {
    std::string names;
    for (const std::string_view name : known) names += (names.empty() ? "" : ", ") + std::string{name};
    for (auto it = request.query.begin(); it != request.query.end(); ++it) {
        const std::string& name = it->first;
        if (std::ranges::find(known, name) == known.end()) {
            Problem problem{.code = "unknown_parameter", .detail = {}};
            problem.detail = fmt::format("got \"{}\", want {}", name.substr(0, 40), names.empty() ? "none" : names);
            problem.errors.push_back({name.substr(0, 40), "unknown_parameter", problem.detail});
            return problem;
        }
        const auto same = [&](const auto& other) { return other.first == name; };
        if (std::find_if(std::next(it), request.query.end(), same) != request.query.end())
            return bad_parameter(name, "got it more than once, want it once");
    }
    return Params{request};
}

const std::string* Params::find(std::string_view name) const {
    for (const auto& [key, value] : request_->query)
        if (key == name) return &value;
    return nullptr;
}

Checked<std::size_t> Params::limit() const {
    const std::string* text = find("limit");
    if (!text) return page_limit_default;
    const auto value = whole_number(*text);
    if (!value || *value < 1 || *value > page_limit_max)
        return bad_parameter("limit", fmt::format("got \"{}\", want 1 to {}", text->substr(0, 40), page_limit_max));
    return static_cast<std::size_t>(*value);
}

Checked<std::optional<std::int64_t>> Params::time(std::string_view name) const {
    const std::string* text = find(name);
    if (!text) return std::optional<std::int64_t>{};
    const auto value = parse_time(*text);
    if (!value) return bad_parameter(name, value.error().message);
    return std::optional{*value};
}

Checked<std::optional<std::uint64_t>> Params::number(std::string_view name) const {
    const std::string* text = find(name);
    if (!text) return std::optional<std::uint64_t>{};
    const auto value = whole_number(*text);
    if (!value) return bad_parameter(name, fmt::format("got \"{}\", want a whole number", text->substr(0, 40)));
    return value;
}

Checked<std::optional<bool>> Params::flag(std::string_view name) const {
    const std::string* text = find(name);
    if (!text) return std::optional<bool>{};
    if (*text != "true" && *text != "false")
        return bad_parameter(name, fmt::format("got \"{}\", want true or false", text->substr(0, 40)));
    return std::optional{*text == "true"};
}

Checked<std::string> device_id_of(std::string_view text) {
    const auto id = DeviceId::parse(text);
    if (!id) return bad_parameter("id", id.error().message);
    return Checked<std::string>{boost::system::in_place_value, id->text()};
}

Checked<std::uint64_t> log_index_of(std::string_view text) {
    const auto value = whole_number(text);
    if (!value) return bad_parameter("log_index", fmt::format("got \"{}\", want a log index", text.substr(0, 40)));
    return *value;
}

}  // namespace gantry::http
