#include "agent/audit/udp_listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

#include "agent/audit/domain/limits.hpp"

namespace gantry::audit {
namespace asio = boost::asio;
using asio::ip::udp;
namespace {

constexpr std::size_t datagrams_together_max = 64;  // they share a commit
constexpr int kernel_buffer_bytes = 1024 * 1024;    // room for a burst while a commit runs

}  // namespace

struct UdpListener::Impl {
    Impl(asio::any_io_executor executor, const Options& options, Receiver& rec)
        : receiver{rec}, socket{executor}, news{executor}, buffer(limits::datagram_bytes_max + 1, '\0') {
        const udp::endpoint endpoint{asio::ip::make_address(options.udp.host), options.udp.port};
        socket.open(endpoint.protocol());
        boost::system::error_code ignored;  // the kernel's own limit may be lower
        socket.set_option(asio::socket_base::receive_buffer_size{kernel_buffer_bytes}, ignored);
        socket.bind(endpoint);
        socket.non_blocking(true);
        news.expires_at(asio::steady_timer::time_point::max());
        asio::co_spawn(executor, hear(), asio::detached);
        asio::co_spawn(executor, pass_on(), [](std::exception_ptr failure) {
            if (failure) std::rethrow_exception(failure);
        });
    }

    void keep(std::string_view datagram, const udp::endpoint& from) {
        if (waiting.size() >= limits::datagrams_waiting_max ||
            bytes_waiting + datagram.size() > limits::datagram_bytes_waiting_max) {
            ++dropped;
            return;
        }
        waiting.push_back({{}, from.address().to_string(), std::string{datagram}});
        bytes_waiting += datagram.size();
        news.cancel();
    }

    asio::awaitable<void> hear() {
        while (socket.is_open()) {
            boost::system::error_code error;
            udp::endpoint from;
            const std::size_t size = co_await socket.async_receive_from(
                asio::buffer(buffer), from, asio::redirect_error(asio::use_awaitable, error));
            if (error == asio::error::operation_aborted) co_return;
            if (!error) keep(std::string_view{buffer}.substr(0, size), from);
        }
    }

    asio::awaitable<void> pass_on() {
        while (true) {
            if (waiting.empty()) {
                if (stopped) co_return;
                boost::system::error_code ignored;
                co_await news.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
                continue;
            }
            std::vector<Incoming> together;
            while (!waiting.empty() && together.size() < datagrams_together_max) {
                bytes_waiting -= waiting.front().bytes.size();
                together.push_back(std::move(waiting.front()));
                waiting.pop_front();
            }
            busy = true;
            co_await receiver.take(std::move(together));
            busy = false;
        }
    }

    void drain_kernel() {
        boost::system::error_code error;
        udp::endpoint from;
        std::string own(buffer.size(), '\0');  // the other one may hold a datagram whose turn has not come
        for (std::size_t n = 0; n < limits::datagrams_waiting_max; ++n) {
            const std::size_t size = socket.receive_from(asio::buffer(own), from, 0, error);
            if (error) return;
            keep(std::string_view{own}.substr(0, size), from);
        }
    }

    Receiver& receiver;
    udp::socket socket;
    asio::steady_timer news;  // never expires; cancelled when a datagram waits
    std::string buffer;
    std::deque<Incoming> waiting;
    std::size_t bytes_waiting = 0;
    std::uint64_t dropped = 0;
    bool busy = false;
    bool stopped = false;
};

UdpListener::UdpListener(asio::any_io_executor executor, const Options& options, Receiver& receiver)
    : impl_{std::make_unique<Impl>(std::move(executor), options, receiver)} {}
UdpListener::~UdpListener() = default;

std::uint16_t UdpListener::port() const { return impl_->socket.local_endpoint().port(); }
std::uint64_t UdpListener::dropped() const { return impl_->dropped; }
bool UdpListener::idle() const { return impl_->waiting.empty() && !impl_->busy; }

void UdpListener::stop() {
    impl_->drain_kernel();
    boost::system::error_code ignored;
    impl_->socket.close(ignored);
    impl_->stopped = true;
    impl_->news.cancel();
}

}  // namespace gantry::audit
