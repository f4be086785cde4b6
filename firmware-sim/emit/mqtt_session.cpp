#include "firmware-sim/emit/mqtt_session.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "firmware-sim/model/prng.hpp"

namespace gantry::sim::mqtt {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds backoff_first{200};
constexpr std::chrono::milliseconds backoff_max{10'000};
constexpr std::chrono::seconds handshake_max{20};
constexpr std::uint16_t keep_alive_s = 60;
constexpr std::size_t read_bytes = 16 * 1024;
constexpr std::size_t filters_per_subscribe = 64;

}  // namespace

void Gate::enter(std::function<void()> go) {
    if (connecting_ >= connecting_max) {
        waiting_.push_back(std::move(go));
        return;
    }
    ++connecting_;
    go();
}

void Gate::leave() {
    --connecting_;
    if (waiting_.empty()) return;
    const auto go = std::move(waiting_.front());
    waiting_.pop_front();
    ++connecting_;
    go();
}

Session::Session(asio::io_context& context, Gate& gate, const Endpoint& endpoint, std::string client_id,
                 std::string user_name, std::vector<std::string> filters, Handlers handlers)
    : context_{context},
      gate_{gate},
      endpoint_{endpoint},
      client_id_{std::move(client_id)},
      user_name_{std::move(user_name)},
      filters_{std::move(filters)},
      handlers_{std::move(handlers)},
      socket_{context},
      timer_{context},
      backoff_{backoff_first},
      jitter_{std::hash<std::string>{}(client_id_)} {}

void Session::start() {
    gate_.enter([this] { connect(); });
}

void Session::connect() {
    in_gate_ = true;
    if (closed_) return leave_gate();
    const std::uint64_t of = ++generation_;
    socket_ = asio::ip::tcp::socket{context_};
    timer_.expires_after(handshake_max);
    timer_.async_wait([this, of](error_code ec) {
        if (!ec && of == generation_) down();
    });
    socket_.async_connect(endpoint_.address, [this, of](error_code ec) { connected(ec, of); });
}

void Session::connected(error_code ec, std::uint64_t of) {
    if (of != generation_) return;
    if (!ec) socket_.set_option(asio::ip::tcp::no_delay{true}, ec);
    if (ec) return down();
    append_connect(out_, endpoint_.version, client_id_, user_name_, keep_alive_s);
    write();
    read();
}

void Session::leave_gate() {
    if (std::exchange(in_gate_, false)) gate_.leave();
}

// Drops the connection with all that hung on it and comes back after a jittered pause.
void Session::down() {
    const std::uint64_t of = ++generation_;
    error_code ignored;
    socket_.close(ignored);
    writing_ = false;
    out_.clear();
    in_used_ = 0;
    waiting_.clear();
    in_flight_.clear();
    subscriptions_open_ = 0;
    const bool was_ready = std::exchange(ready_, false);
    leave_gate();
    if (was_ready && handlers_.lost) handlers_.lost();
    if (closed_) return;
    jitter_ = mix(jitter_, of, 0, 0);
    timer_.expires_after(backoff_ * static_cast<int>(50 + jitter_ % 100) / 100);
    backoff_ = std::min(backoff_ * 2, backoff_max);
    timer_.async_wait([this, of](error_code ec) {
        if (!ec && of == generation_) start();
    });
}

void Session::reconnect() {
    if (ready_) down();
}

void Session::close() {
    closed_ = true;
    if (!ready_) {
        timer_.cancel();
        error_code ignored;
        socket_.close(ignored);
        return;
    }
    append_disconnect(out_);
    write();
}

void Session::read() {
    if (in_.size() < in_used_ + read_bytes) in_.resize(in_used_ + read_bytes);
    socket_.async_read_some(asio::buffer(in_.data() + in_used_, in_.size() - in_used_),
                            [this, of = generation_](error_code ec, std::size_t bytes) {
                                if (of != generation_) return;
                                if (ec) return down();
                                in_used_ += bytes;
                                heard_ = true;
                                if (!take_packets()) return;
                                read();
                            });
}

// False: the connection is gone.
bool Session::take_packets() {
    const std::uint64_t of = generation_;
    std::size_t from = 0;
    while (true) {
        const auto found = first_packet(ByteView{in_}.first(in_used_).subspan(from));
        if (!found) return down(), false;
        if (!*found) break;
        if (!take(**found)) return of == generation_ ? (down(), false) : false;
        if (of != generation_) return false;
        from += (*found)->bytes;
    }
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(from), in_.begin() + static_cast<std::ptrdiff_t>(in_used_),
              in_.begin());
    in_used_ -= from;
    write();
    return true;
}

bool Session::take(const Packet& packet) {
    switch (packet.type) {
        case Type::connack:
            return welcome(packet);
        case Type::suback: {
            const auto granted = decode_suback(endpoint_.version, packet.body);
            if (!granted || !*granted || subscriptions_open_ == 0) return false;
            if (--subscriptions_open_ > 0) return true;
            ready_ = true;
            backoff_ = backoff_first;
            leave_gate();
            keep_alive();
            handlers_.ready();
            return true;
        }
        case Type::publish: {
            const auto publish = decode_publish(endpoint_.version, packet.flags, packet.body);
            if (!publish) return false;
            if (publish->packet_id != 0) append_puback(out_, publish->packet_id);
            handlers_.message(publish->topic, publish->payload);
            return true;
        }
        case Type::puback: {
            const auto puback = decode_puback(packet.body);
            if (!puback) return false;
            const auto found = in_flight_.find(puback->packet_id);
            if (found == in_flight_.end()) return false;
            const std::uint32_t agent = found->second;
            in_flight_.erase(found);
            if (puback->reason >= 0x80) handlers_.refused(agent);
            pump();
            return true;
        }
        case Type::pingresp:
            return true;
        default:
            return false;
    }
}

bool Session::welcome(const Packet& packet) {
    const auto connack = decode_connack(endpoint_.version, packet.body);
    if (!connack || connack->reason != 0) return false;
    receive_maximum_ = connack->receive_maximum;
    for (std::size_t from = 0; from < filters_.size(); from += filters_per_subscribe) {
        const std::size_t count = std::min(filters_per_subscribe, filters_.size() - from);
        // Ids from the top: publishes count from the bottom, and nothing is published before this is answered.
        append_subscribe(out_, endpoint_.version, static_cast<std::uint16_t>(60'000 + subscriptions_open_),
                         std::span{filters_}.subspan(from, count));
        ++subscriptions_open_;
    }
    return true;
}

void Session::publish(std::uint32_t agent, std::string_view topic, Bytes payload) {
    if (!ready_) return;
    waiting_.push_back({agent, std::string{topic}, std::move(payload)});
    pump();
    write();
}

void Session::pump() {
    while (!waiting_.empty() && in_flight_.size() < receive_maximum_) {
        do next_id_ = static_cast<std::uint16_t>(next_id_ % 65'535 + 1);
        while (in_flight_.contains(next_id_));
        const Waiting& next = waiting_.front();
        append_publish(out_, endpoint_.version, next_id_, next.topic, next.payload);
        in_flight_.emplace(next_id_, next.agent);
        waiting_.pop_front();
    }
}

void Session::write() {
    if (writing_ || out_.empty() || !socket_.is_open()) return;
    writing_ = true;
    writing_out_.swap(out_);
    out_.clear();
    asio::async_write(socket_, asio::buffer(writing_out_), [this, of = generation_](error_code ec, std::size_t) {
        if (of != generation_) return;
        writing_ = false;
        if (ec) return down();
        write();
    });
}

// A ping each half period; a broker that says nothing for a whole one is gone.
void Session::keep_alive() {
    heard_ = true;
    const auto tick = [this](auto&& self, std::uint64_t of) -> void {
        timer_.expires_after(std::chrono::seconds{keep_alive_s / 2});
        timer_.async_wait([this, self, of](error_code ec) {
            if (ec || of != generation_) return;
            if (!std::exchange(heard_, false)) return down();
            append_pingreq(out_);
            write();
            self(self, of);
        });
    };
    tick(tick, generation_);
}

}  // namespace gantry::sim::mqtt
