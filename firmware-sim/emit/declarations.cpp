#include "firmware-sim/emit/declarations.hpp"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/url/parse.hpp>
#include <charconv>
#include <optional>
#include <thread>

#include "firmware-sim/emit/file_sink.hpp"
#include "firmware-sim/model/observation.hpp"

namespace gantry::sim {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t answer_bytes_max = 64 * 1024;
constexpr std::uint64_t refusals_shown_max = 10;

class ToFile final : public Declarations {
public:
    ToFile(const Fleet& fleet, const std::string& path) : fleet_{fleet}, file_{path} {}
    void take(std::uint32_t device, const SimEvent& event) override {
        const auto& profile = fleet_.profile(device);
        const std::string json = declaration_json(fleet_.options(), profile, event);
        file_.line(fmt::format("{{\"device\":\"{}\",{}", profile.id, std::string_view{json}.substr(1)));
        ++tally_.sent;
        ++tally_.accepted;
    }
    void close() override { file_.close(); }

private:
    const Fleet& fleet_;
    OutFile file_;
};

struct Answer {
    int status;
    std::string body;
};

/// One keep-alive connection, one request at a time: declarations are few and their order is their meaning.
class HttpClient {
public:
    HttpClient(std::string host, std::string port)
        : host_{std::move(host)}, port_{std::move(port)}, socket_{context_} {}

    std::optional<Answer> post(const std::string& path, const std::string& body) {
        const std::string request = fmt::format(
            "POST {} HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", path,
            host_, port_, body.size(), body);
        // A kept connection may have been closed meanwhile: one fresh attempt, and only if nothing was answered.
        for (const bool fresh : {false, true}) {
            if (fresh || !socket_.is_open()) {
                if (!connect()) return std::nullopt;
            }
            if (auto answer = exchange(request)) return answer;
            error_code ignored;
            socket_.close(ignored);
        }
        return std::nullopt;
    }

private:
    bool connect() {
        error_code ec;
        socket_ = tcp::socket{context_};
        tcp::resolver resolver{context_};
        const auto found = resolver.resolve(host_, port_, ec);
        if (!ec) asio::connect(socket_, found, ec);
        if (!ec) socket_.set_option(tcp::no_delay{true}, ec);
        if (ec) socket_.close(ec);
        return socket_.is_open();
    }

    std::optional<Answer> exchange(const std::string& request) {
        error_code ec;
        asio::write(socket_, asio::buffer(request), ec);
        if (ec) return std::nullopt;
        std::string in;
        const std::size_t head_bytes =
            asio::read_until(socket_, asio::dynamic_buffer(in, answer_bytes_max), "\r\n\r\n", ec);
        if (ec || in.size() < 12) return std::nullopt;
        int status = 0;
        std::from_chars(in.data() + 9, in.data() + 12, status);
        const std::size_t length = content_length(std::string_view{in}.substr(0, head_bytes));
        if (length > answer_bytes_max) return std::nullopt;
        if (in.size() < head_bytes + length)
            asio::read(socket_, asio::dynamic_buffer(in), asio::transfer_exactly(head_bytes + length - in.size()), ec);
        if (ec) return std::nullopt;
        return Answer{status, in.substr(head_bytes, length)};
    }

    static std::size_t content_length(std::string_view head) {
        constexpr std::string_view field = "content-length:";
        for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
            std::string_view line = head.substr(at + 2, field.size());
            const bool same =
                line.size() == field.size() && std::equal(line.begin(), line.end(), field.begin(), [](char a, char b) {
                    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
                });
            if (!same) continue;
            std::size_t begin = at + 2 + field.size();
            while (begin < head.size() && head[begin] == ' ') ++begin;
            std::size_t value = 0;
            std::from_chars(head.data() + begin, head.data() + head.size(), value);
            return value;
        }
        return 0;
    }

    std::string host_;
    std::string port_;
    asio::io_context context_{1};
    tcp::socket socket_;
};

class ToHttp final : public Declarations {
public:
    ToHttp(const Fleet& fleet, std::string host, std::string port, std::chrono::milliseconds patience)
        : fleet_{fleet}, client_{std::move(host), std::move(port)}, patience_{patience} {}

    void take(std::uint32_t device, const SimEvent& event) override {
        const auto& profile = fleet_.profile(device);
        const bool paper = std::get<Declared>(event.what).paper != nullptr;
        const std::string path = paper ? "/api/v1/papers" : fmt::format("/api/v1/devices/{}/declarations", profile.id);
        const std::string body = declaration_json(fleet_.options(), profile, event);
        const auto answer = until_answered(path, body);
        if (!answer) return;
        ++tally_.sent;
        if (answer->status == 201) {
            ++tally_.accepted;
        } else if (++tally_.refused <= refusals_shown_max) {
            fmt::print(stderr, "gantry-sim: {}: {} {} <- {}\n", path, answer->status, answer->body, body);
        }
    }

private:
    // No answer, "busy" and "starting" pass; everything else is an answer.
    std::optional<Answer> until_answered(const std::string& path, const std::string& body) {
        const auto until = std::chrono::steady_clock::now() + patience_;
        while (true) {
            auto answer = client_.post(path, body);
            if (answer && answer->status != 503 && answer->status != 429) return answer;
            if (stop_requested()) return answer;
            if (std::chrono::steady_clock::now() > until)
                throw EmitError{exit_unavailable,
                                fmt::format("--declare: {}", answer ? answer->body : "no collector answers")};
            std::this_thread::sleep_for(std::chrono::milliseconds{200});
        }
    }

    const Fleet& fleet_;
    HttpClient client_;
    std::chrono::milliseconds patience_;
};

}  // namespace

std::unique_ptr<Declarations> declarations_to_file(const Fleet& fleet, const std::string& path) {
    return std::make_unique<ToFile>(fleet, path);
}

std::unique_ptr<Declarations> declarations_to_http(const Fleet& fleet, const std::string& url,
                                                   std::chrono::milliseconds patience) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || parsed->scheme() != "http" || parsed->host().empty())
        throw EmitError{exit_usage, fmt::format("--declare: got '{}', want http://HOST:PORT", url)};
    const std::string port = parsed->has_port() ? std::string{parsed->port()} : "80";
    return std::make_unique<ToHttp>(fleet, std::string{parsed->host()}, port, patience);
}

}  // namespace gantry::sim
