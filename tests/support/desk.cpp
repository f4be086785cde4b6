#include "tests/support/desk.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "common/io/clock.hpp"
#include "tests/support/line_client.hpp"

namespace gantry::testing {

namespace json = boost::json;

Ran Desk::gantry(std::vector<std::string> words) const {
    words.insert(words.begin(), program("gantry"));
    words.insert(words.end(), {"--state", collector.state().string()});
    return run(words);
}

json::value Desk::asked(std::vector<std::string> words) const {
    words.emplace_back("--json");
    const Ran ran = gantry(std::move(words));
    if (ran.exit != Exit{}) throw std::runtime_error{"gantry: " + ran.err + ran.out};
    return json::parse(ran.out);
}

json::value Desk::get(const std::string& path) const {
    const HttpAnswer answer = http_get(collector.port(), path);
    if (answer.status != 200) throw std::runtime_error{fmt::format("GET {}: {} {}", path, answer.status, answer.body)};
    return json::parse(answer.body);
}

json::object Desk::post(const std::string& path, const json::object& body) const {
    const HttpAnswer answer =
        http_send(collector.port(), "POST", path, json::serialize(body), {"Content-Type: application/json"});
    json::object out = json::parse(answer.body).as_object();
    out["http_status"] = answer.status;
    return out;
}

std::string time_from_now(std::int64_t ms) { return clock::rfc3339(clock::utc_ms() + ms); }

}  // namespace gantry::testing
