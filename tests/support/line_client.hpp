#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::testing {

// A client of a Unix stream socket that talks in lines: the agent's intake, the collector's admin socket.
class LineClient {
public:
    // Nothing when nobody listens there.
    static std::optional<LineClient> connect(const std::filesystem::path& socket);
    ~LineClient();
    LineClient(LineClient&& other) noexcept;
    LineClient& operator=(LineClient&& other) noexcept;

    // Adds the newline. False when the other side is gone.
    bool send(std::string_view line);
    // The next whole line without its newline; nothing when the time is over or the other side is gone.
    std::optional<std::string> receive(std::chrono::milliseconds limit = std::chrono::seconds{10});
    // send and receive; nothing when the other side is gone.
    std::optional<std::string> ask(std::string_view line, std::chrono::milliseconds limit = std::chrono::seconds{10});

private:
    explicit LineClient(int socket) : socket_{socket} {}

    int socket_;
    std::string read_;
};

// What the intake promised: `ok <epoch> <seq> <head>`.
struct Promise {
    std::string epoch;
    std::uint64_t seq = 0;
    std::string head;
};
// Nothing when the answer is not an `ok`.
std::optional<Promise> parse_ok(std::string_view answer);

// A GET over plain HTTP on the loopback: status 0 when nobody answered.
struct HttpAnswer {
    int status = 0;
    std::string headers;
    std::string body;
};
HttpAnswer http_get(std::uint16_t port, const std::string& target);
// Any method; `headers` are whole lines without their end. The Host header is 127.0.0.1:PORT unless given.
HttpAnswer http_send(std::uint16_t port, const std::string& method, const std::string& target, const std::string& body,
                     const std::vector<std::string>& headers);

}  // namespace gantry::testing
