#include "server/http/guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace gantry::http {
namespace {

bool is_host_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

Error bad_authority(std::string_view got) {
    return {Errc::malformed,
            fmt::format("got \"{}\", want a name or address with an optional port", got.substr(0, 80))};
}

Problem foreign_origin(std::string detail) { return {.code = "foreign_origin", .detail = std::move(detail)}; }

}  // namespace

Result<Authority> parse_authority(std::string_view text) {
    std::string_view host, port;
    bool has_port = false;
    if (!text.empty() && text.front() == '[') {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return bad_authority(text);
        host = text.substr(1, close - 1);
        const std::string_view rest = text.substr(close + 1);
        has_port = !rest.empty();
        if (has_port && rest.front() != ':') return bad_authority(text);
        port = has_port ? rest.substr(1) : rest;
        const auto is_v6_char = [](char c) { return c == ':' || c == '.' || (is_host_char(c) && c <= 'f'); };
        if (!std::ranges::all_of(lower(host), is_v6_char)) return bad_authority(text);
    } else {
        const std::size_t colon = text.find(':');
        has_port = colon != std::string_view::npos;
        host = text.substr(0, colon);
        port = has_port ? text.substr(colon + 1) : std::string_view{};
        if (!std::ranges::all_of(lower(host), is_host_char)) return bad_authority(text);
    }
    Authority out{lower(host), 80};
    if (out.host.empty() || out.host.size() > 253) return bad_authority(text);
    if (has_port) {
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
        if (port.empty() || error != std::errc{} || end != port.data() + port.size()) return bad_authority(text);
    }
    return out;
}

Result<ListenAddress> parse_listen(std::string_view text) {
    auto authority = parse_authority(text);
    if (!authority) return Error{Errc::malformed, "listen: " + authority.error().message};
    if (authority->host == "localhost") authority->host = "127.0.0.1";
    const bool loopback = authority->host == "::1" || authority->host.starts_with("127.");
    if (!loopback)
        return Error{
            Errc::refused,
            fmt::format(
                "listen: got \"{}\", want a loopback address (127.0.0.1, ::1): this version has no accounts, so "
                "nobody outside this machine may connect. Put `listen = \"127.0.0.1:8080\"` in the configuration and "
                "reach it through an SSH tunnel",
                text)};
    return ListenAddress{authority->host, authority->port};
}

HostGuard::HostGuard(std::uint16_t port, std::vector<std::string> names) : port_{port} {
    for (const char* own : {"127.0.0.1", "localhost", "::1"}) names_.push_back({own, port});
    for (const std::string& name : names) {
        auto authority = parse_authority(name);
        if (!authority) continue;  // refused when the configuration was read
        if (name.find(':') == std::string::npos) authority->port = port;
        names_.push_back(std::move(*authority));
    }
}

bool HostGuard::is_ours(const Authority& authority) const {
    return std::ranges::any_of(
        names_, [&](const Authority& own) { return own.host == authority.host && own.port == authority.port; });
}

bool HostGuard::is_our_origin(std::string_view origin) const {
    if (!origin.starts_with("http://")) return false;
    const auto authority = parse_authority(origin.substr(7));
    return authority.has_value() && is_ours(*authority);
}

std::optional<Problem> HostGuard::check(const RequestHead& head) const {
    if (auto problem = check_host(head)) return problem;
    return check_origin(head);
}

std::optional<Problem> HostGuard::check_host(const RequestHead& head) const {
    const std::size_t count = head.count("host");
    if (count != 1) return Problem{.code = "bad_request", .detail = fmt::format("Host: got {} of them, want 1", count)};
    const auto authority = parse_authority(*head.header("host"));
    if (!authority) return Problem{.code = "bad_request", .detail = "Host: " + authority.error().message};
    if (!is_ours(*authority))
        return Problem{.code = "foreign_host",
                       .detail = fmt::format("Host: got \"{}:{}\", want 127.0.0.1:{} or another name in `host_names`",
                                             authority->host, authority->port, port_)};
    return std::nullopt;
}

std::optional<Problem> HostGuard::check_origin(const RequestHead& head) const {
    // Safe methods change nothing, and what they answer cannot be read across origins: no CORS header is ever sent.
    if (head.method == Method::get || head.method == Method::head) return std::nullopt;
    if (head.count("origin") > 1 || head.count("sec-fetch-site") > 1)
        return Problem{.code = "bad_request", .detail = "Origin, Sec-Fetch-Site: want at most one of each"};
    if (const std::string* site = head.header("sec-fetch-site"); site && *site != "same-origin" && *site != "none")
        return foreign_origin(fmt::format("Sec-Fetch-Site: got \"{}\", want same-origin or none", site->substr(0, 40)));
    if (const std::string* origin = head.header("origin"); origin && !is_our_origin(*origin))
        return foreign_origin(fmt::format("Origin: got \"{}\", want this server's own", origin->substr(0, 80)));
    return std::nullopt;
}

}  // namespace gantry::http
