#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/core/result.hpp"

namespace gantry::audit {

enum class Verdict {
    unanswered,  // given up before there was an answer
    accepted,    // `ok`: durable, may be forgotten
    refused,     // the intake will never take this line
};

// One agent's intake socket. Lines of one delivery are pipelined, so that they share a commit; deliveries take turns.
// While the intake is away, full or silent, a delivery waits and tries again, with pauses that double: whoever called
// waits too, and so holds back whom it reads from.
class IntakeLink {
public:
    IntakeLink(boost::asio::any_io_executor executor, std::filesystem::path socket);

    // One verdict a line. Ends early, with lines unanswered, only after give_up(). A line whose answer was lost on the
    // way is sent again.
    boost::asio::awaitable<std::vector<Verdict>> deliver(std::vector<std::string> lines);

    // Lets deliveries that wait, and those to come, end.
    void give_up();

private:
    struct Exchange;
    boost::asio::awaitable<std::optional<Error>> exchange(Exchange& exchange);
    boost::asio::awaitable<std::optional<Error>> talk(Exchange& exchange);
    void close_after(std::chrono::milliseconds timeout);
    boost::asio::awaitable<void> pause(std::chrono::milliseconds length);

    std::filesystem::path path_;
    boost::asio::local::stream_protocol::socket socket_;
    boost::asio::steady_timer timer_;
    boost::asio::experimental::channel<void(boost::system::error_code)> turn_;  // holds one token while a delivery runs
    bool given_up_ = false;
};

}  // namespace gantry::audit
