#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Requests and answers as values: no library's types, so that handlers and their tests need no socket.
namespace gantry::http {

enum class Method : std::uint8_t { get, head, post, other };

struct RequestHead {
    Method method = Method::other;
    std::string method_text;
    std::string target;                                        // as sent
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order, repeats kept
    bool http_1_0 = false;
    std::string request_id;  // ours, or the client's when it is well formed
    std::string peer;

    // The first value of a header; null when absent.
    const std::string* header(std::string_view lower_name) const {
        for (const auto& [name, value] : headers)
            if (name == lower_name) return &value;
        return nullptr;
    }
    std::size_t count(std::string_view lower_name) const {
        std::size_t n = 0;
        for (const auto& [name, value] : headers) n += name == lower_name ? 1 : 0;
        return n;
    }
};

struct Request {
    RequestHead head;
    std::string path;                                        // decoded, without the query
    std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
    std::vector<std::string> path_values;                    // what the pattern's {…} matched
    std::string body;
};

using Body = std::shared_ptr<const std::string>;
inline Body make_body(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

struct Response {
    unsigned status = 200;
    std::string content_type;
    Body body;  // null: none
    std::vector<std::pair<std::string, std::string>> headers;
    bool close = false;

    Response& with(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
};

inline Response json_answer(std::string text, unsigned status = 200) {
    return {status, "application/json", make_body(std::move(text)), {}, false};
}

}  // namespace gantry::http
