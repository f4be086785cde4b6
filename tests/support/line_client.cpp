#include "tests/support/line_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <utility>

namespace gantry::testing {
namespace {

bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

// Appends what there is; false at the end of the stream or after `limit`.
bool read_some(int socket, std::string& into, std::chrono::milliseconds limit) {
    pollfd waiting{.fd = socket, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, static_cast<int>(limit.count())) <= 0) return false;
    char buffer[16384];
    const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    into.append(buffer, static_cast<std::size_t>(got));
    return true;
}

int connect_tcp(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return socket;
    ::close(socket);
    return -1;
}

// Undoes the chunked transfer coding.
std::string joined_chunks(std::string_view body) {
    std::string out;
    for (;;) {
        std::size_t size = 0;
        const auto end = body.find("\r\n");
        if (end == std::string_view::npos) return out;
        std::from_chars(body.data(), body.data() + end, size, 16);
        if (size == 0 || body.size() < end + 2 + size) return out;
        out += body.substr(end + 2, size);
        body.remove_prefix(std::min(body.size(), end + 2 + size + 2));
    }
}

}  // namespace

std::optional<LineClient> LineClient::connect(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = path.string();
    if (name.size() >= sizeof address.sun_path) return std::nullopt;
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return LineClient{socket};
    ::close(socket);
    return std::nullopt;
}

LineClient::~LineClient() {
    if (socket_ >= 0) ::close(socket_);
}

LineClient::LineClient(LineClient&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)}, read_{std::move(other.read_)} {}

LineClient& LineClient::operator=(LineClient&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(read_, other.read_);
    return *this;
}

bool LineClient::send(std::string_view line) { return send_all(socket_, std::string{line} + "\n"); }

std::optional<std::string> LineClient::receive(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        if (const auto end = read_.find('\n'); end != std::string::npos) {
            std::string line = read_.substr(0, end);
            read_.erase(0, end + 1);
            return line;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() < 0 || !read_some(socket_, read_, left)) return std::nullopt;
    }
}

std::optional<std::string> LineClient::ask(std::string_view line, std::chrono::milliseconds limit) {
    if (!send(line)) return std::nullopt;
    return receive(limit);
}

std::optional<Promise> parse_ok(std::string_view answer) {
    if (!answer.starts_with("ok ")) return std::nullopt;
    const auto epoch_end = answer.find(' ', 3);
    const auto seq_end = epoch_end == std::string_view::npos ? epoch_end : answer.find(' ', epoch_end + 1);
    if (seq_end == std::string_view::npos) return std::nullopt;
    Promise out{.epoch = std::string{answer.substr(3, epoch_end - 3)}, .head = std::string{answer.substr(seq_end + 1)}};
    std::from_chars(answer.data() + epoch_end + 1, answer.data() + seq_end, out.seq);
    return out;
}

HttpAnswer http_send(std::uint16_t port, const std::string& method, const std::string& target, const std::string& body,
                     const std::vector<std::string>& headers) {
    const int socket = connect_tcp(port);
    if (socket < 0) return {};
    std::string request = method + " " + target + " HTTP/1.1\r\n";
    bool has_host = false;
    for (const std::string& header : headers) {
        has_host = has_host || header.starts_with("Host:");
        request += header + "\r\n";
    }
    if (!has_host) request += "Host: 127.0.0.1:" + std::to_string(port) + "\r\n";
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send_all(socket, request + "Connection: close\r\n\r\n" + body);
    std::string text;
    while (read_some(socket, text, std::chrono::seconds{15})) {
    }
    ::close(socket);

    HttpAnswer answer;
    const auto head_end = text.find("\r\n\r\n");
    if (!text.starts_with("HTTP/1.1 ") || head_end == std::string::npos) return answer;
    std::from_chars(text.data() + 9, text.data() + 12, answer.status);
    answer.headers = text.substr(0, head_end);
    answer.body = text.substr(head_end + 4);
    if (answer.headers.find("chunked") != std::string::npos) answer.body = joined_chunks(answer.body);
    return answer;
}

HttpAnswer http_get(std::uint16_t port, const std::string& target) { return http_send(port, "GET", target, "", {}); }

}  // namespace gantry::testing
