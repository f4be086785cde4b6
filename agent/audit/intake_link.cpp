#include "agent/audit/intake_link.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "agent/audit/domain/limits.hpp"
#include "common/io/log.hpp"

namespace gantry::audit {
namespace asio = boost::asio;
namespace {

// "ok <32> <20> <64>" or "error <code> <text>"; a longer answer is not from an intake.
constexpr std::size_t answer_bytes_max = 4096;

Error away(const std::string& why) { return {Errc::unavailable, "intake: " + why}; }

// Gives the turn back, however the delivery ends.
class Turn {
public:
    using Channel = asio::experimental::channel<void(boost::system::error_code)>;
    explicit Turn(Channel& channel) : channel_{channel} {}
    ~Turn() {
        channel_.try_receive([](boost::system::error_code) {});
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    Channel& channel_;
};

}  // namespace

struct IntakeLink::Exchange {
    const std::vector<std::string>& lines;
    std::vector<Verdict>& verdicts;
    std::string in;
    std::size_t answered = 0;

    // True when the answer settles its line.
    bool take(std::string_view answer) {
        if (answer == "ok" || answer.starts_with("ok ")) {
            verdicts[answered++] = Verdict::accepted;
            return true;
        }
        if (!answer.starts_with("error ")) return false;
        const std::string_view rest = answer.substr(6);
        const std::string_view code = rest.substr(0, rest.find(' '));
        for (const Errc final : {Errc::malformed, Errc::schema, Errc::too_large}) {
            if (code != name(final)) continue;
            log::warn("the intake refuses an observation for good", {{"reason", rest.substr(0, 200)}});
            verdicts[answered++] = Verdict::refused;
            return true;
        }
        return false;
    }
};

IntakeLink::IntakeLink(asio::any_io_executor executor, std::filesystem::path socket)
    : path_{std::move(socket)}, socket_{executor}, timer_{executor}, turn_{executor, 1} {}

void IntakeLink::give_up() {
    given_up_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
}

void IntakeLink::close_after(std::chrono::milliseconds timeout) {
    timer_.expires_after(timeout);
    timer_.async_wait([this](boost::system::error_code error) {
        boost::system::error_code ignored;
        if (!error) socket_.close(ignored);
    });
}

asio::awaitable<void> IntakeLink::pause(std::chrono::milliseconds length) {
    boost::system::error_code ignored;
    timer_.expires_after(length);
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<std::vector<Verdict>> IntakeLink::deliver(std::vector<std::string> lines) {
    std::vector<Verdict> verdicts(lines.size(), Verdict::unanswered);
    co_await turn_.async_send(boost::system::error_code{}, asio::use_awaitable);
    const Turn turn{turn_};
    Exchange exchange_state{lines, verdicts, {}, 0};
    std::chrono::milliseconds wait = limits::retry_first;
    bool told = false;
    while (!given_up_ && exchange_state.answered < lines.size()) {
        const std::size_t before = exchange_state.answered;
        const std::optional<Error> failure = co_await exchange(exchange_state);
        timer_.cancel();
        if (!failure || given_up_) continue;
        boost::system::error_code ignored;
        socket_.close(ignored);
        if (exchange_state.answered > before) wait = limits::retry_first;
        if (!told) log::warn("waiting for the intake", {{"socket", path_.string()}, {"reason", failure->message}});
        told = true;
        co_await pause(wait);
        wait = std::min<std::chrono::milliseconds>(2 * wait, limits::retry_max);
    }
    if (told && !given_up_) log::info("the intake is back", {{"socket", path_.string()}});
    co_return verdicts;
}

asio::awaitable<std::optional<Error>> IntakeLink::exchange(Exchange& state) {
    close_after(limits::intake_timeout);
    if (!socket_.is_open()) {
        boost::system::error_code error;
        const asio::local::stream_protocol::endpoint endpoint{path_.string()};
        co_await socket_.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return away(error.message());
    }
    co_return co_await talk(state);
}

asio::awaitable<std::optional<Error>> IntakeLink::talk(Exchange& state) {
    std::string out;
    for (std::size_t at = state.answered; at < state.lines.size(); ++at) out.append(state.lines[at]).push_back('\n');
    state.in.clear();
    boost::system::error_code error;
    co_await asio::async_write(socket_, asio::buffer(out), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return away("connection lost while writing");
    while (state.answered < state.lines.size()) {
        const std::size_t size =
            co_await asio::async_read_until(socket_, asio::dynamic_buffer(state.in, answer_bytes_max), '\n',
                                            asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            const bool silent = error == asio::error::operation_aborted;
            co_return away(silent ? fmt::format("no answer within {} s", limits::intake_timeout.count())
                                  : "closed the connection before it had answered");
        }
        const std::string_view answer{state.in.data(), size - 1};
        if (!state.take(answer)) co_return away(fmt::format("answered: {}", answer.substr(0, 200)));
        state.in.erase(0, size);
    }
    co_return std::nullopt;
}

}  // namespace gantry::audit
