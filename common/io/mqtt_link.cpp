#include "common/io/mqtt_link.hpp"

#include <mqtt/async_client.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

namespace gantry {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Paho's "commands waiting to be written" share the number that its "messages not yet acknowledged" have; connect,
// subscribe and disconnect need a place as well.
constexpr int paho_buffer_reserve = 16;
constexpr int puback_lost = -1;

std::string paho_uri(const std::string& url) {
    const auto with = [&](std::string_view scheme, const char* paho, const char* port) -> std::string {
        std::string rest = url.substr(scheme.size());
        while (!rest.empty() && rest.back() == '/') rest.pop_back();
        if (rest.empty() || rest.find('/') != std::string::npos) return {};
        const auto bracket = rest.rfind(']');  // an IPv6 address has colons of its own
        if (rest.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos) rest += port;
        return paho + rest;
    };
    std::string uri;
    if (url.starts_with("mqtt://")) uri = with("mqtt://", "tcp://", ":1883");
    if (url.starts_with("mqtts://")) uri = with("mqtts://", "ssl://", ":8883");
    if (uri.empty())
        throw std::runtime_error{"MQTT URL: got \"" + url + "\", want mqtt://host:port or mqtts://host:port"};
    return uri;
}

void check_readable(const std::string& what, const std::string& path) {
    if (!path.empty() && access(path.c_str(), R_OK) != 0)
        throw std::runtime_error{"MQTT " + what + ": cannot read " + path};
}

mqtt::create_options create_options_of(const MqttOptions& options) {
    mqtt::create_options create{options.version_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1};
    create.set_send_while_disconnected(false);
    create.set_max_buffered_messages(static_cast<int>(options.in_flight_max) + paho_buffer_reserve);
    create.set_restore_messages(false);
    return create;
}

mqtt::connect_options connect_options_of(const MqttOptions& options, mqtt::ssl_options::error_handler on_tls_error) {
    mqtt::connect_options connect;
    connect.set_mqtt_version(options.version_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
    if (options.version_5) {
        connect.set_clean_start(true);
        mqtt::properties properties;
        properties.add({mqtt::property::RECEIVE_MAXIMUM, static_cast<int32_t>(options.receive_max)});
        properties.add({mqtt::property::SESSION_EXPIRY_INTERVAL, 0});
        connect.set_properties(properties);
    } else {
        connect.set_clean_session(true);
    }
    connect.set_automatic_reconnect(false);
    connect.set_keep_alive_interval(options.keep_alive);
    connect.set_connect_timeout(options.connect_timeout);
    connect.set_max_inflight(static_cast<int>(options.in_flight_max));
    if (!options.username.empty()) connect.set_user_name(options.username);
    if (!options.password.empty()) connect.set_password(options.password);
    if (options.will)
        connect.set_will(mqtt::will_options{
            *mqtt::message::create(options.will->topic, options.will->payload, 1, options.will->retained)});
    if (options.url.starts_with("mqtts://")) {
        mqtt::ssl_options tls;
        if (!options.cafile.empty()) tls.set_trust_store(options.cafile);
        if (!options.cert.empty()) tls.set_key_store(options.cert);
        if (!options.key.empty()) tls.set_private_key(options.key);
        tls.set_enable_server_cert_auth(true);
        tls.set_verify(true);  // the name in the certificate must be the host's
        tls.set_error_handler(std::move(on_tls_error));
        connect.set_ssl(std::move(tls));
    }
    return connect;
}

// Publishes without PUBACK, together with the number of the connection they belong to, so that an answer which arrives
// after a reconnect cannot be counted against the new connection.
class Window {
public:
    explicit Window(unsigned limit) : limit_{limit} {}
    std::uint32_t generation() const { return static_cast<std::uint32_t>(state_.load() >> 32); }
    unsigned count() const { return static_cast<unsigned>(state_.load() & 0xFFFF'FFFF); }
    bool enter(std::uint32_t& generation) {
        std::uint64_t seen = state_.load();
        do {
            if ((seen & 0xFFFF'FFFF) >= limit_) return false;
        } while (!state_.compare_exchange_weak(seen, seen + 1));
        generation = static_cast<std::uint32_t>(seen >> 32);
        return true;
    }
    // False when the connection of that publish is over.
    bool leave(std::uint32_t generation) {
        std::uint64_t seen = state_.load();
        do {
            if (static_cast<std::uint32_t>(seen >> 32) != generation || (seen & 0xFFFF'FFFF) == 0) return false;
        } while (!state_.compare_exchange_weak(seen, seen - 1));
        return true;
    }
    void next_generation() { state_.store((std::uint64_t{generation()} + 1) << 32); }

private:
    std::atomic<std::uint64_t> state_{0};
    const unsigned limit_;
};

}  // namespace

class MqttLink::Impl : public virtual mqtt::iaction_listener {
public:
    Impl(MqttOptions options, MqttEvents events)
        : options_{std::move(options)},
          events_{std::move(events)},
          window_{options_.in_flight_max},
          client_{paho_uri(options_.url), options_.client_id,
                  create_options_of(options_)},  // no persistence: the outbox is it
          connect_options_{connect_options_of(options_, [this](const std::string& line) { note_tls_error(line); })} {
        check_readable("CA file", options_.cafile);
        check_readable("certificate", options_.cert);
        check_readable("key", options_.key);
        client_.set_message_callback([this](mqtt::const_message_ptr message) { arrived(message); });
        client_.set_connection_lost_handler(
            [this](const std::string& cause) { lost(cause.empty() ? "connection lost" : cause); });
        client_.set_disconnected_handler([this](const mqtt::properties&, mqtt::ReasonCode reason) {
            lost("the broker disconnected us, reason " + std::to_string(static_cast<int>(reason)));
        });
    }

    void start() {
        if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
    }

    bool try_publish(const std::string& topic, ByteView payload, bool retained, std::uint32_t tag) {
        std::uint32_t generation = 0;
        if (!up_.load() || !window_.enter(generation)) return false;
        try {
            const std::uintptr_t context = (std::uintptr_t{generation} << 32) | tag;
            client_.publish(topic, payload.data(), payload.size(), 1, retained, reinterpret_cast<void*>(context),
                            *this);
            return true;
        } catch (const std::exception&) {  // Not connected any more, or Paho's buffer is full: the same to the caller.
            window_.leave(generation);
            return false;
        }
    }

    void reconnect(std::string_view why) { lost(std::string{why}); }

    void stop(milliseconds limit) {
        {
            const std::lock_guard guard{mutex_};
            stopping_ = true;
            stop_limit_ = limit;
        }
        wake_.notify_all();
        if (thread_.joinable()) thread_.join();
    }

    // The members that callbacks use are older than client_, so they outlive it; its own disable_callbacks() throws
    // when a disconnect is still under way.
    ~Impl() override { stop(milliseconds{500}); }

    bool up() const noexcept { return up_.load(); }
    const Window& window() const noexcept { return window_; }
    const MqttOptions& options() const noexcept { return options_; }
    std::uint64_t dropped_too_large() const noexcept { return dropped_too_large_.load(); }

private:
    // ---- Paho's thread: copy, push, return ----

    void arrived(const mqtt::const_message_ptr& message) noexcept {
        const auto& payload = message->get_payload_ref();
        if (payload.length() > options_.message_bytes_max) {
            ++dropped_too_large_;
            return;
        }
        if (!events_.on_message) return;
        try {
            events_.on_message(message->get_topic(), as_bytes({payload.data(), payload.length()}),
                               message->is_retained());
        } catch (
            ...) {  // Out of memory at worst: a dropped message is sent again, an exception here would end the process.
        }
    }
    void on_success(const mqtt::token& token) override { published(token, static_cast<int>(token.get_reason_code())); }
    void on_failure(const mqtt::token& token) override {
        const int reason = static_cast<int>(token.get_reason_code());
        published(token, reason >= 0x80 ? reason : puback_lost);
    }
    void published(const mqtt::token& token, int reason) noexcept {
        const auto context = reinterpret_cast<std::uintptr_t>(token.get_user_context());
        if (!window_.leave(static_cast<std::uint32_t>(context >> 32)) || !events_.on_published) return;
        try {
            events_.on_published(static_cast<std::uint32_t>(context), reason);
        } catch (...) {
        }
    }
    void lost(std::string why) noexcept {
        {
            const std::lock_guard guard{mutex_};
            if (!lost_why_) lost_why_ = std::move(why);
        }
        wake_.notify_all();
    }
    void note_tls_error(const std::string& line) noexcept {
        const std::lock_guard guard{mutex_};
        if (tls_error_.size() < 512) tls_error_ += line;
    }

    // ---- the link's own thread ----

    void run() {
        unsigned failures = 0;
        while (!stopping()) {
            const auto began = Clock::now();
            if (std::string why; connect_and_subscribe(why)) {
                up_ = true;
                say(true, {});
                why = wait_until_lost();
                up_ = false;
                constexpr std::chrono::seconds stable{10};
                failures = Clock::now() - began > stable ? 0 : failures + 1;
                if (!stopping()) say(false, why);
            } else {
                ++failures;
                if (!stopping()) say(false, why);
            }
            hang_up();
            window_.next_generation();  // whatever was in flight will have no answer any more
            pause(failures);
        }
    }

    bool connect_and_subscribe(std::string& why) {
        {
            const std::lock_guard guard{mutex_};
            lost_why_.reset();
            tls_error_.clear();
        }
        try {
            const auto limit = options_.connect_timeout + std::chrono::seconds{2};
            if (!finished(client_.connect(connect_options_), limit)) {
                why = "connect: no answer within " + std::to_string(limit.count()) + " s";
                return false;
            }
            for (const std::string& topic : options_.subscriptions) {
                const auto token = client_.subscribe(topic, 1);
                if (!finished(token, limit)) {
                    why = "subscribe " + topic + ": no answer";
                    return false;
                }
                const auto response =
                    token->get_subscribe_response();  // by value: must outlive the loop over its parts
                for (const auto code : response.get_reason_codes()) {
                    if (static_cast<int>(code) >= 0x80) {
                        why = "subscribe " + topic + ": refused, reason " + std::to_string(static_cast<int>(code));
                        return false;
                    }
                }
            }
            return true;
        } catch (const std::exception& error) {
            const std::lock_guard guard{mutex_};
            why = std::string{"connect: "} + error.what();
            if (!tls_error_.empty()) why += " (" + tls_error_ + ")";
            std::erase(why, '\n');
            return false;
        }
    }

    // Waits in slices, so that stop() does not have to wait for a broker that never answers. Throws what the token
    // holds.
    template <class Token>
    bool finished(const Token& token, std::chrono::milliseconds limit) {
        constexpr milliseconds slice{250};
        for (auto left = limit; left.count() > 0; left -= slice) {
            if (token->wait_for(slice)) return true;
            if (stopping()) return false;
        }
        return false;
    }

    std::string wait_until_lost() {
        std::unique_lock lock{mutex_};
        while (!stopping_ && !lost_why_) {
            // The callback tells of every loss that Paho notices; the look now and then is for one that it would not
            // tell.
            if (wake_.wait_for(lock, options_.keep_alive) == std::cv_status::timeout) {
                lock.unlock();
                const bool alive = client_.is_connected();
                lock.lock();
                if (!alive && !lost_why_) lost_why_ = "connection lost without a word";
            }
        }
        return lost_why_.value_or("stopping");
    }

    void hang_up() noexcept {
        try {
            milliseconds limit{2000};
            if (stopping()) {
                // Paho looks at what is in flight only every three seconds, so the last publishes are awaited here.
                const std::lock_guard guard{mutex_};
                limit = stop_limit_;
            }
            constexpr milliseconds slice{10};
            for (auto left = limit / 2; stopping() && client_.is_connected() && window_.count() > 0 && left.count() > 0;
                 left -= slice)
                std::this_thread::sleep_for(slice);
            client_.disconnect(0)->wait_for(limit);
        } catch (const std::exception&) {  // Not connected: the aim.
        }
    }

    void pause(unsigned failures) {
        const auto base = failures == 0
                              ? options_.reconnect_min / 2
                              : std::min<milliseconds>(options_.reconnect_min * (1U << std::min(failures - 1, 16U)),
                                                       options_.reconnect_max);
        std::uniform_real_distribution<double> jitter{0.5, 1.5};
        const milliseconds wait{static_cast<std::int64_t>(static_cast<double>(base.count()) * jitter(random_))};
        std::unique_lock lock{mutex_};
        wake_.wait_for(lock, wait, [this] { return stopping_; });
    }

    bool stopping() {
        const std::lock_guard guard{mutex_};
        return stopping_;
    }
    void say(bool is_up, std::string_view why) {
        if (events_.on_connection) events_.on_connection(is_up, why);
    }

    const MqttOptions options_;
    const MqttEvents events_;
    Window window_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    milliseconds stop_limit_{2000};
    std::optional<std::string> lost_why_;
    std::string tls_error_;
    std::atomic<bool> up_{false};
    std::atomic<std::uint64_t> dropped_too_large_{0};
    std::minstd_rand random_{std::random_device{}()};
    mqtt::async_client client_;
    mqtt::connect_options connect_options_;
    std::thread thread_;
};

MqttLink::MqttLink(MqttOptions options, MqttEvents events)
    : impl_{std::make_unique<Impl>(std::move(options), std::move(events))} {}
MqttLink::~MqttLink() = default;
void MqttLink::start() { impl_->start(); }
bool MqttLink::try_publish(const std::string& topic, ByteView payload, bool retained, std::uint32_t tag) {
    return impl_->try_publish(topic, payload, retained, tag);
}
void MqttLink::reconnect(std::string_view why) { impl_->reconnect(why); }
void MqttLink::stop(std::chrono::milliseconds limit) { impl_->stop(limit); }
bool MqttLink::connected() const noexcept { return impl_->up(); }
unsigned MqttLink::in_flight() const noexcept { return impl_->window().count(); }
unsigned MqttLink::in_flight_max() const noexcept { return impl_->options().in_flight_max; }
std::uint64_t MqttLink::dropped_too_large() const noexcept { return impl_->dropped_too_large(); }

}  // namespace gantry
