#include "agent/dicom/intake_client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "common/io/unix_socket.hpp"

namespace gantry::dicom {
namespace {

// "ok <32> <20> <64>" or "error <code> <text>"; a longer answer is not from an intake.
constexpr std::size_t answer_bytes_max = 4096;

Error away(const std::string& why) { return {Errc::unavailable, "intake: " + why}; }

std::optional<Error> verdict(std::string_view answer) {
    if (answer.starts_with("ok ") || answer == "ok") return std::nullopt;
    if (!answer.starts_with("error ")) return away("got an answer that is neither ok nor error");
    const std::string_view rest = answer.substr(6);
    const std::string_view code = rest.substr(0, rest.find(' '));
    const std::string message = fmt::format("intake answered: {}", rest);
    for (const Errc verdict_code : {Errc::malformed, Errc::schema, Errc::too_large}) {
        if (code == name(verdict_code)) return Error{verdict_code, message};
    }
    return Error{Errc::unavailable, message};
}

}  // namespace

struct IntakeClient::Exchange {
    std::string out;
    std::size_t written = 0;
    std::string in;
    Delivery& delivery;
    std::size_t answered = 0;
    std::size_t expected = 0;
};

// One round of poll, write and read. False when the exchange cannot go on; delivery.failure then says why.
bool IntakeClient::exchange_some(Exchange& exchange, std::chrono::steady_clock::time_point deadline) {
    const auto fail = [&](const std::string& why) {
        if (!exchange.delivery.failure) exchange.delivery.failure = away(why);
        return false;
    };
    const bool writing = exchange.written < exchange.out.size();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(fmt::format("no answer within {} ms", timeout_.count()));
    pollfd ready{connection_.get(), static_cast<short>(POLLIN | (writing ? POLLOUT : 0)), 0};
    const int polled = ::poll(&ready, 1, static_cast<int>(left.count()));
    if (polled < 0 && errno != EINTR) return fail("poll failed");
    if (polled <= 0) return true;
    if ((ready.revents & POLLOUT) != 0) {
        const ssize_t sent = ::send(connection_.get(), exchange.out.data() + exchange.written,
                                    exchange.out.size() - exchange.written, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return fail("connection lost while writing");
        if (sent > 0) exchange.written += static_cast<std::size_t>(sent);
    }
    if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) == 0) return true;
    char buffer[4096];
    const ssize_t got = ::recv(connection_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got <= 0) return fail("closed the connection before it had answered");
    exchange.in.append(buffer, static_cast<std::size_t>(got));
    for (auto end = exchange.in.find('\n'); end != std::string::npos; end = exchange.in.find('\n')) {
        if (exchange.answered == exchange.expected) return fail("more answers than lines");
        const auto refusal = verdict(std::string_view{exchange.in}.substr(0, end));
        exchange.delivery.accepted[exchange.answered++] = !refusal;
        if (refusal && !exchange.delivery.failure) exchange.delivery.failure = refusal;
        exchange.in.erase(0, end + 1);
    }
    if (exchange.in.size() > answer_bytes_max) return fail("answer without an end");
    return true;
}

Delivery IntakeClient::deliver(const std::vector<std::string>& lines) {
    Delivery delivery{std::vector<bool>(lines.size(), false), std::nullopt};
    if (!connection_) {
        auto connected = unix_socket::connect(socket_);
        if (!connected) {
            delivery.failure = away(connected.error().message);
            return delivery;
        }
        connection_ = std::move(*connected);
    }
    Exchange exchange{{}, 0, {}, delivery, 0, lines.size()};
    for (const std::string& line : lines) exchange.out.append(line).push_back('\n');
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    while (exchange.answered < exchange.expected) {
        if (!exchange_some(exchange, deadline)) {
            connection_.reset();  // answers still on their way belong to lines that will be sent again
            break;
        }
    }
    return delivery;
}

}  // namespace gantry::dicom
