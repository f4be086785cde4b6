#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "server/http/message.hpp"
#include "server/http/problem.hpp"

// Who may talk to this server at all, decided from the header alone. Pure.
namespace gantry::http {

struct Authority {
    std::string host;  // lower case; IPv6 without brackets
    std::uint16_t port = 80;
};
// "name", "name:8080", "[::1]:8080", "127.0.0.1:8080"; anything else (user info, lists, blanks) is malformed.
Result<Authority> parse_authority(std::string_view text);

struct ListenAddress {
    std::string host;  // an IP address: "localhost" has become 127.0.0.1
    std::uint16_t port = 0;
};
// Errc::refused, with what to do, for any address but a loopback one: there are no accounts yet.
Result<ListenAddress> parse_listen(std::string_view text);

// The names this server answers for. A page of a foreign site that had its name point to 127.0.0.1 (DNS rebinding) says
// a foreign name here, and gets nothing.
class HostGuard {
public:
    // `names` are added to 127.0.0.1, localhost and ::1. They match on the server's own port, or on any port when
    // written as "name:port".
    HostGuard(std::uint16_t port, std::vector<std::string> names);

    // Nothing: go on. A problem: bad_request (no, repeated or malformed Host), foreign_host, foreign_origin.
    std::optional<Problem> check(const RequestHead& head) const;

    bool is_ours(const Authority& authority) const;
    // "http://127.0.0.1:8080" is ours when its authority is; "null" and https of another kind are not.
    bool is_our_origin(std::string_view origin) const;

private:
    std::optional<Problem> check_host(const RequestHead& head) const;
    std::optional<Problem> check_origin(const RequestHead& head) const;

    std::uint16_t port_;
    std::vector<Authority> names_;
};

}  // namespace gantry::http
