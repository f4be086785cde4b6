#include "firmware-sim/emit/mqtt_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <fstream>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>

#include "common/core/ids.hpp"
#include "common/core/topics.hpp"
#include "firmware-sim/emit/keys.hpp"
#include "firmware-sim/emit/mqtt_session.hpp"
#include "firmware-sim/emit/virtual_agent.hpp"
#include "firmware-sim/model/observation.hpp"

namespace gantry::sim {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Records that wait in all outboxes together: about 600 bytes each, 300 MB. At the limit the model waits.
constexpr std::uint64_t pending_max = 500'000;
// One agent's: eight credits, so that a pause of the collector does not stop the others at once.
constexpr std::uint64_t agent_pending_max = 4'096;
constexpr milliseconds tick{20};

Instant instant() {
    return {std::chrono::duration_cast<milliseconds>(Clock::now().time_since_epoch()).count(),
            std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

mqtt::Endpoint resolve(asio::io_context& context, const RunOptions& run) {
    const auto url = boost::urls::parse_uri(run.target);
    if (!url || url->scheme() != "mqtt" || url->host().empty())
        throw EmitError{
            exit_usage,
            fmt::format("--to-mqtt: got '{}', want mqtt://HOST:PORT (plays agents in plain TCP only)", run.target)};
    asio::ip::tcp::resolver resolver{context};
    boost::system::error_code ec;
    const auto found =
        resolver.resolve(std::string{url->host()}, url->has_port() ? std::string{url->port()} : "1883", ec);
    if (ec || found.empty())
        throw EmitError{exit_unavailable, fmt::format("--to-mqtt: {}: {}", run.target, ec.message())};
    return {found.begin()->endpoint(), run.mqtt_v311 ? mqtt::Version::v311 : mqtt::Version::v5};
}

// The file is the collector's own TOML; of it one line is wanted: receipt_key = "64 hex digits".
std::optional<PublicKey> receipt_key(const std::string& path) {
    if (path.empty()) return std::nullopt;
    std::ifstream file{path};
    std::string line;
    while (std::getline(file, line)) {
        const auto name = line.find_first_not_of(" \t");
        if (name == std::string::npos || line.compare(name, 11, "receipt_key") != 0) continue;
        const auto open = line.find('"');
        const auto close = line.rfind('"');
        if (open == std::string::npos || close <= open) break;
        const auto key = array_from_hex<32>(std::string_view{line}.substr(open + 1, close - open - 1));
        if (key) return *key;
        break;
    }
    throw EmitError{exit_usage, fmt::format("--provisioning: {}: want a line receipt_key = \"64 hex digits\"", path)};
}

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes(std::random_device& source) {
    std::array<std::uint8_t, N> out{};
    for (auto& byte : out) byte = static_cast<std::uint8_t>(source() & 0xff);
    return out;
}

class MqttSink final : public Sink {
public:
    MqttSink(const Fleet& fleet, const RunOptions& run) : fleet_{fleet}, run_{run}, endpoint_{resolve(context_, run)} {
        make_agents();
        make_sessions();
        for (auto& session : sessions_) session->start();
    }

    void take(std::uint32_t device, const SimEvent& event) override {
        const auto told = observe(fleet_.options(), fleet_.profile(device), event);
        if (!told) return;
        VirtualAgent& agent = agents_[device];
        while ((agent.pending() >= agent_pending_max || pending_ >= pending_max) && !stop_requested() &&
               agent.stopped().empty())
            turn(tick, false);
        if (!agent.stopped().empty()) return;
        agent.append(*told, event.true_ms, instant());
        ++pending_;
        mark(device);
        if (++taken_ % 256 == 0) turn(milliseconds{0}, false);
    }

    void serve(milliseconds time) override {
        const auto until = Clock::now() + time;
        do turn(std::min(tick, milliseconds{std::max<std::int64_t>(1, time.count())}), false);
        while (Clock::now() < until);
    }

    bool drain(milliseconds time) override {
        const auto until = Clock::now() + time;
        while (pending_ > 0 && Clock::now() < until) turn(tick, true);
        closing_ = true;
        for (auto& session : sessions_) session->close();
        context_.restart();
        context_.run_for(milliseconds{50});
        return pending_ == 0;
    }

    Tally tally() const override {
        Tally sum;
        for (const auto& agent : agents_) {
            sum.sent += agent.tally().appended;
            sum.answered += agent.tally().receipted;
            sum.errors += agent.tally().refused;
            sum.resent += agent.tally().resent;
        }
        sum.reconnects = lost_;
        sum.latency_p50_ms = latency_.quantile_ms(0.50);
        sum.latency_p99_ms = latency_.quantile_ms(0.99);
        return sum;
    }

private:
    void make_agents() {
        std::random_device random;
        const auto receipts = receipt_key(run_.provisioning_file);
        const auto boot = to_hex(random_bytes<8>(random));
        agents_.reserve(fleet_.size());
        for (std::uint32_t i = 0; i < fleet_.size(); ++i) {
            const auto& profile = fleet_.profile(i);
            const auto dev = DeviceId::parse(profile.id).value();
            const std::string machine = name_hex(fleet_.options(), i, Name::instance, 0, 0) + "\n-";
            VirtualAgent::Identity identity{dev,
                                            SigningKey::from_seed(record_key_seed(fleet_.options(), profile)),
                                            receipts,
                                            random_bytes<16>(random),
                                            hmac_sha256(as_bytes(profile.id), as_bytes(machine)),
                                            boot,
                                            static_cast<std::size_t>(run_.records_per_frame)};
            up_topics_.push_back(device_topic(dev, Channel::up));
            by_down_topic_.emplace(device_topic(dev, Channel::down), i);
            agents_.emplace_back(std::move(identity), fleet_.start_ms(), instant(), fleet_.options().seed + i);
            ++pending_;
        }
        marked_.resize(agents_.size(), true);
        for (std::uint32_t i = 0; i < fleet_.size(); ++i) dirty_.push_back(i);
    }

    void make_sessions() {
        const std::uint32_t count = run_.connections == 0 ? fleet_.size() : std::min(run_.connections, fleet_.size());
        for (std::uint32_t s = 0; s < count; ++s) {
            std::vector<std::string> filters{std::string{any_collector_status}};
            for (std::uint32_t i = s; i < fleet_.size(); i += count)
                filters.push_back(device_topic(agents_[i].dev(), Channel::down));
            const bool own = run_.connections == 0;
            const std::string client =
                own ? fleet_.profile(s).id : fmt::format("gantry-sim-{}-{}", fleet_.options().seed, s);
            sessions_.push_back(std::make_unique<mqtt::Session>(context_, gate_, endpoint_, client, own ? client : "",
                                                                std::move(filters), handlers(s, count)));
        }
    }

    mqtt::Session::Handlers handlers(std::uint32_t first, std::uint32_t step) {
        const auto each = [this, first, step](auto&& act) {
            for (std::uint32_t i = first; i < agents_.size(); i += step) {
                act(agents_[i]);
                mark(i);
            }
        };
        return {[this, each] {
                    ever_ready_ = true;
                    each([](VirtualAgent& agent) { agent.connected(); });
                },
                [this, each] {
                    if (!closing_) ++lost_;
                    each([](VirtualAgent& agent) { agent.disconnected(); });
                },
                [this, each](std::string_view topic, ByteView payload) { message(topic, payload, each); },
                [this](std::uint32_t agent) { agents_[agent].publish_refused(instant()); }};
    }

    template <class Each>
    void message(std::string_view topic, ByteView payload, const Each& each) {
        const auto found = by_down_topic_.find(std::string{topic});
        if (found == by_down_topic_.end()) {
            if (const auto boot = boot_of(as_text(payload)))
                each([&](VirtualAgent& agent) { agent.collector_boot(*boot); });
            return;
        }
        VirtualAgent& agent = agents_[found->second];
        const std::uint64_t before = agent.pending();
        agent.receive(payload, instant(), latency_);
        pending_ -= before - agent.pending();
        if (!agent.stopped().empty() && before > 0)
            fmt::print(stderr, "gantry-sim: {}: {}\n", agent.dev().text(), agent.stopped());
        mark(found->second);
    }

    // {"state":…,"gen":…,"boot":"32 digits"}: a hint only, so anything else is passed over.
    static std::optional<BootId> boot_of(std::string_view json) {
        constexpr std::string_view key = "\"boot\":\"";
        const auto at = json.find(key);
        if (at == std::string_view::npos) return std::nullopt;
        const auto boot = array_from_hex<16>(json.substr(at + key.size(), 32));
        return boot ? std::optional{*boot} : std::nullopt;
    }

    void mark(std::uint32_t agent) {
        if (marked_[agent]) return;
        marked_[agent] = true;
        dirty_.push_back(agent);
    }

    // One round: the network for so long, then what the agents have to say.
    void turn(milliseconds time, bool flush) {
        context_.restart();
        if (time.count() > 0) context_.run_one_for(time);
        context_.poll();
        const Instant now = instant();
        if (now.steady_ms - swept_ms_ >= 100 || flush) {
            swept_ms_ = now.steady_ms;
            for (std::uint32_t i = 0; i < agents_.size(); ++i) speak(i, now, flush);
            for (const auto i : dirty_) marked_[i] = false;
            dirty_.clear();
        } else {
            const auto dirty = std::exchange(dirty_, {});
            for (const auto i : dirty) marked_[i] = false;
            for (const auto i : dirty) speak(i, now, flush);
        }
        if (!ever_ready_ && Clock::now() - begun_ > std::chrono::duration<double>{run_.connect_timeout_s})
            throw EmitError{exit_unavailable, fmt::format("--to-mqtt: {} took no connection in {} s", run_.target,
                                                          run_.connect_timeout_s)};
    }

    void speak(std::uint32_t i, Instant now, bool flush) {
        mqtt::Session& session = *sessions_[i % sessions_.size()];
        if (!session.ready()) return;
        out_.clear();
        agents_[i].poll(now, flush, out_);
        for (auto& payload : out_) session.publish(i, up_topics_[i], std::move(payload));
        if (agents_[i].wants_reconnect()) session.reconnect();
    }

    const Fleet& fleet_;
    const RunOptions& run_;
    asio::io_context context_{1};
    mqtt::Endpoint endpoint_;
    mqtt::Gate gate_;
    std::vector<VirtualAgent> agents_;
    std::vector<std::string> up_topics_;
    std::unordered_map<std::string, std::uint32_t> by_down_topic_;
    std::vector<std::unique_ptr<mqtt::Session>> sessions_;
    std::vector<bool> marked_;
    std::vector<std::uint32_t> dirty_;
    std::vector<Bytes> out_;
    LatencyHistogram latency_;
    std::uint64_t pending_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t lost_ = 0;
    std::int64_t swept_ms_ = 0;
    bool ever_ready_ = false;
    bool closing_ = false;
    Clock::time_point begun_ = Clock::now();
};

}  // namespace

std::unique_ptr<Sink> make_mqtt_sink(const Fleet& fleet, const RunOptions& run) {
    return std::make_unique<MqttSink>(fleet, run);
}

}  // namespace gantry::sim
