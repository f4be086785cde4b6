#include "firmware-sim/emit/intake_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <iterator>
#include <vector>

#include "firmware-sim/model/observation.hpp"

namespace gantry::sim {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

// Lines that wait on one device: about 400 bytes each, so 1.6 MB a device and 130 MB in all. At either limit the model
// waits.
constexpr std::size_t device_lines_max = 4'096;
constexpr std::size_t fleet_lines_max = 327'680;
// Unanswered lines on the wire; an agent commits what waits, so more would only fill its buffers.
constexpr std::size_t in_flight_max = 512;
constexpr std::size_t answer_bytes_max = 4'096;
constexpr std::chrono::milliseconds retry_first{100};
constexpr std::chrono::milliseconds retry_max{5'000};
constexpr std::uint64_t refusals_shown_max = 10;

struct Shared {
    asio::io_context context{1};
    Tally tally;
    std::size_t waiting = 0;
    bool ever_answered = false;
    std::uint64_t refusals_shown = 0;
};

class Link {
public:
    Link(Shared& shared, std::string path)
        : shared_{shared}, path_{std::move(path)}, socket_{shared.context}, timer_{shared.context} {}

    std::size_t waiting() const { return lines_.size() + again_.size(); }

    void push(std::string line) {
        lines_.push_back(std::move(line));
        ++shared_.waiting;
        if (!started_) {
            started_ = true;
            connect();
        } else {
            write();
        }
    }

private:
    void connect() {
        socket_ = stream_protocol::socket{shared_.context};
        socket_.async_connect(stream_protocol::endpoint{path_}, [this](error_code ec) {
            if (ec) return again();
            connected_ = true;
            answers_.clear();  // Only now: the read that was cut off held on to it.
            read();
            write();
        });
    }

    void again() {
        if (connected_) ++shared_.tally.reconnects;
        connected_ = false;
        writing_ = false;
        error_code ignored;
        socket_.close(ignored);
        ++generation_;
        shared_.tally.resent += sent_;
        sent_ = 0;
        restore();
        timer_.expires_after(backoff_);
        backoff_ = std::min(backoff_ * 2, retry_max);
        timer_.async_wait([this](error_code ec) {
            if (!ec) connect();
        });
    }

    void write() {
        if (!connected_ || writing_ || !again_.empty() || sent_ >= lines_.size() || sent_ >= in_flight_max) return;
        out_.clear();
        for (; sent_ < lines_.size() && sent_ < in_flight_max; ++sent_) {
            out_ += lines_[sent_];
            out_ += '\n';
        }
        writing_ = true;
        asio::async_write(socket_, asio::buffer(out_), [this, of = generation_](error_code ec, std::size_t) {
            if (of != generation_) return;
            writing_ = false;
            if (ec) return again();
            write();
        });
    }

    void read() {
        asio::async_read_until(socket_, asio::dynamic_buffer(answers_, answer_bytes_max * in_flight_max), '\n',
                               [this, of = generation_](error_code ec, std::size_t) {
                                   if (of != generation_) return;
                                   if (ec) return again();
                                   if (!take_answers()) return again();
                                   write();
                                   read();
                               });
    }

    // False: this connection is of no more use.
    bool take_answers() {
        std::size_t from = 0;
        for (std::size_t end; (end = answers_.find('\n', from)) != std::string::npos; from = end + 1)
            if (sent_ == 0 || !take_answer(std::string_view{answers_}.substr(from, end - from))) return false;
        answers_.erase(0, from);
        return true;
    }

    bool take_answer(std::string_view answer) {
        if (answer.starts_with("error full") || answer.starts_with("error io")) return put_back();
        if (answer.starts_with("ok ")) {
            ++shared_.tally.answered;
        } else {
            ++shared_.tally.errors;
            if (shared_.refusals_shown++ < refusals_shown_max)
                fmt::print(stderr, "gantry-sim: {}: {} <- {}\n", path_, answer, lines_.front());
        }
        shared_.ever_answered = true;
        backoff_ = retry_first;
        lines_.pop_front();
        --sent_;
        --shared_.waiting;
        if (sent_ == 0 && !again_.empty()) pause();
        return true;
    }

    // The agent or its disk is full: nothing was taken. The lines behind may have been, so all answers are awaited
    // before what was put back goes out again, after a pause.
    bool put_back() {
        again_.push_back(std::move(lines_.front()));
        lines_.pop_front();
        if (--sent_ == 0) pause();
        return true;
    }

    void pause() {
        shared_.tally.resent += again_.size();
        timer_.expires_after(backoff_);
        backoff_ = std::min(backoff_ * 2, retry_max);
        timer_.async_wait([this, of = generation_](error_code ec) {
            if (ec || of != generation_) return;
            restore();
            write();
        });
    }

    void restore() {
        lines_.insert(lines_.begin(), std::make_move_iterator(again_.begin()), std::make_move_iterator(again_.end()));
        again_.clear();
    }

    Shared& shared_;
    std::string path_;
    stream_protocol::socket socket_;
    asio::steady_timer timer_;
    std::deque<std::string> lines_;  ///< Not answered; the first `sent_` are on the wire.
    std::deque<std::string> again_;  ///< Refused for now, older than all of `lines_`.
    std::size_t sent_ = 0;
    std::string out_;
    std::string answers_;
    std::chrono::milliseconds backoff_ = retry_first;
    std::uint64_t generation_ = 0;  ///< Completions of an older connection are passed over.
    bool started_ = false;
    bool connected_ = false;
    bool writing_ = false;
};

}  // namespace

struct IntakeSink::Impl {
    const Fleet& fleet;
    std::chrono::milliseconds connect_timeout;
    Clock::time_point begun = Clock::now();
    Shared shared;
    std::vector<std::unique_ptr<Link>> links;

    void run_for(std::chrono::milliseconds time) {
        shared.context.restart();
        shared.context.run_for(time);
        if (!shared.ever_answered && shared.waiting > 0 && Clock::now() - begun > connect_timeout)
            throw EmitError{exit_unavailable,
                            fmt::format("no intake socket answered within {} s", connect_timeout.count() / 1'000)};
    }
};

IntakeSink::IntakeSink(const Fleet& fleet, const std::string& folder, std::chrono::milliseconds connect_timeout)
    : impl_{std::make_unique<Impl>(fleet, connect_timeout)} {
    // sun_path holds 107 characters and a zero.
    constexpr std::size_t path_bytes_max = 107;
    for (std::uint32_t i = 0; i < fleet.size(); ++i) {
        std::string path = fmt::format("{}/{}.sock", folder, fleet.profile(i).id);
        if (path.size() > path_bytes_max)
            throw EmitError{exit_usage, fmt::format("--to-intake: got a path of {} bytes ({}), want at most {}",
                                                    path.size(), path, path_bytes_max)};
        impl_->links.push_back(std::make_unique<Link>(impl_->shared, std::move(path)));
    }
}

IntakeSink::~IntakeSink() = default;

void IntakeSink::take(std::uint32_t device, const SimEvent& event) {
    const auto told = observe(impl_->fleet.options(), impl_->fleet.profile(device), event);
    if (!told || told->agent_only) return;
    auto& link = *impl_->links[device];
    while ((link.waiting() >= device_lines_max || impl_->shared.waiting >= fleet_lines_max) && !stop_requested())
        impl_->run_for(std::chrono::milliseconds{20});
    link.push(intake_line(*told));
    ++impl_->shared.tally.sent;
    impl_->shared.context.restart();
    impl_->shared.context.poll();
}

void IntakeSink::serve(std::chrono::milliseconds time) {
    const auto until = Clock::now() + time;
    impl_->run_for(time);
    // With nothing to wait for the context returns at once; the clock still has to pass.
    if (const auto left = until - Clock::now(); left > Clock::duration::zero()) {
        asio::steady_timer rest{impl_->shared.context, left};
        rest.wait();
    }
}

bool IntakeSink::drain(std::chrono::milliseconds time) {
    const auto until = Clock::now() + time;
    while (impl_->shared.waiting > 0 && Clock::now() < until) impl_->run_for(std::chrono::milliseconds{20});
    return impl_->shared.waiting == 0;
}

Tally IntakeSink::tally() const { return impl_->shared.tally; }

}  // namespace gantry::sim
