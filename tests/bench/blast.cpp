// bench_blast: plays many agents at once over one MQTT connection, with real signed frames made beforehand and every
// receipt obeyed.
//   bench_blast keys --devices N --seed N                                    registration lines on stdout
//   bench_blast run --port N --devices N --frames N --records N --seed N --window N    a line of JSON on stdout
//             [--rate RECORDS_A_SECOND] [--from-frame N]
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/bench/load.hpp"
#include "tests/bench/raw_mqtt.hpp"

using namespace gantry;
using namespace gantry::bench;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t envelope_bytes = 4 + 1 + 64;  // "GTM1", kind, signature
constexpr std::uint8_t ack_kind = 3;
constexpr auto retry_after = std::chrono::seconds{3};

struct Sender {
    std::size_t next = 0;  // frame to send next
    std::size_t frames_acked = 0;
    std::uint64_t credit = 512;
    Clock::time_point last_progress{};
    std::vector<Clock::time_point> sent_at;
};

struct Numbers {
    std::uint64_t records = 0, frames_sent = 0, frames_resent = 0;
    std::vector<double> latencies_ms;
};

std::optional<std::uint64_t> number_of(std::string_view json, std::string_view key) {
    const auto at = json.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(json.data() + at + key.size(), json.data() + json.size(), value);
    return parsed.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

// What all simulated agents share: window, receipts, retries.
class Fleet {
public:
    // Frames before `from` were sent and receipted in an earlier run.
    Fleet(std::vector<LoadDevice> devices, const LoadOptions& options, std::size_t window, std::uint32_t from)
        : devices_{std::move(devices)}, senders_(devices_.size()), options_{options}, window_{window}, from_{from} {
        for (std::size_t i = 0; i < devices_.size(); ++i) {
            index_[devices_[i].id.text()] = i;
            senders_[i].sent_at.resize(options.frames);
            senders_[i].next = senders_[i].frames_acked = from;
        }
    }

    void on_message(std::string_view topic, ByteView payload) {
        // gantry/v1/{part}/{dev}/down
        const auto dev_begin = topic.find('/', 10) + 1;
        const auto found = index_.find(std::string{topic.substr(dev_begin, topic.rfind('/') - dev_begin)});
        if (found == index_.end() || payload.size() < envelope_bytes || payload[4] != ack_kind) return;
        const std::string_view json = as_text(payload.subspan(envelope_bytes));
        Sender& sender = senders_[found->second];
        const auto now = Clock::now();
        if (const auto credit = number_of(json, "\"credit\":")) sender.credit = *credit;
        const auto frames = static_cast<std::size_t>(number_of(json, "\"seq\":").value_or(0) / options_.records);
        for (; sender.frames_acked < std::min(frames, std::size_t{options_.frames}); ++sender.frames_acked) {
            const auto took = now - sender.sent_at[sender.frames_acked];
            numbers_.latencies_ms.push_back(std::chrono::duration<double, std::milli>(took).count());
            numbers_.records += options_.records;
            sender.last_progress = now;
            if (sender.frames_acked < sender.next) --in_flight_;
        }
        sender.next = std::max(sender.next, sender.frames_acked);
    }

    bool done() const {
        return numbers_.records == std::uint64_t{options_.frames - from_} * options_.records * devices_.size();
    }

    // Sends one round over the devices; false when nobody may send now.
    // Until `frames_most` are sent in all.
    bool send(RawMqtt& mqtt, double frames_most) {
        bool sent = false;
        const auto now = Clock::now();
        for (std::size_t step = 0; step < devices_.size() && in_flight_ < window_ && mqtt.can_publish() &&
                                   static_cast<double>(numbers_.frames_sent) < frames_most;
             ++step) {
            turn_ = (turn_ + 1) % devices_.size();
            Sender& sender = senders_[turn_];
            go_back_when_silent(sender, now);
            if (sender.next >= options_.frames) continue;
            const std::size_t under_way = sender.next - sender.frames_acked;
            const bool probe = under_way == 0 && now - sender.last_progress > retry_after;
            if ((under_way + 1) * options_.records > sender.credit && !probe) continue;
            if (under_way == 0) sender.last_progress = now;
            if (sender.sent_at[sender.next] == Clock::time_point{})
                sender.sent_at[sender.next] = now;
            else
                ++numbers_.frames_resent;
            mqtt.publish(devices_[turn_].topic, devices_[turn_].frames[sender.next++]);
            ++numbers_.frames_sent;
            ++in_flight_;
            sent = true;
        }
        return sent;
    }

    // All devices at once; send() alone looks at them only while the window is open.
    void go_back_all() {
        const auto now = Clock::now();
        for (Sender& sender : senders_) go_back_when_silent(sender, now);
    }

    Numbers& numbers() { return numbers_; }

private:
    void go_back_when_silent(Sender& sender, Clock::time_point now) {
        if (sender.next == sender.frames_acked || now - sender.last_progress < retry_after) return;
        in_flight_ -= sender.next - sender.frames_acked;
        sender.next = sender.frames_acked;
        sender.last_progress = now;
        sender.credit = std::max<std::uint64_t>(sender.credit, options_.records);
    }

    std::vector<LoadDevice> devices_;
    std::vector<Sender> senders_;
    std::unordered_map<std::string, std::size_t> index_;
    LoadOptions options_;
    std::size_t window_;
    std::uint32_t from_;
    std::size_t in_flight_ = 0;
    std::size_t turn_ = 0;
    Numbers numbers_;
};

double percentile(std::vector<double>& values, double share) {
    if (values.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

struct Pace {
    double records_per_s = 0;      // 0: as fast as they go
    std::uint32_t from_frame = 0;  // those before were sent by an earlier run
};

int run(const LoadOptions& options, std::uint16_t port, std::size_t window, double limit_s, const Pace& pace) {
    Fleet fleet{make_load(options, true), options, window, pace.from_frame};
    RawMqtt mqtt{port, "bench-blast",
                 [&](std::string_view topic, ByteView payload) { fleet.on_message(topic, payload); }};
    mqtt.subscribe("gantry/v1/+/+/down");
    const auto begin = Clock::now();
    const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
    auto last_check = begin;
    while (!fleet.done() && seconds() < limit_s) {
        const double frames = pace.records_per_s > 0 ? seconds() * pace.records_per_s / options.records : 1e18;
        const bool sent = fleet.send(mqtt, frames);
        mqtt.poll(sent ? 0 : 5);
        if (Clock::now() - last_check > retry_after / 4) {
            last_check = Clock::now();
            fleet.go_back_all();
        }
    }
    Numbers& n = fleet.numbers();
    const double took = seconds();
    fmt::print(
        R"({{"done":{},"records":{},"seconds":{:.4f},"frames_sent":{},"frames_resent":{},"p50_ms":{:.2f},"p99_ms":{:.2f},"started_unix":{:.3f}}})"
        "\n",
        fleet.done(), n.records, took, n.frames_sent, n.frames_resent, percentile(n.latencies_ms, 0.5),
        percentile(n.latencies_ms, 0.99),
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count() - took);
    return fleet.done() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> flags;
    for (int i = 2; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
    const auto number = [&](const char* name, std::uint32_t fallback) {
        return flags.contains(name) ? static_cast<std::uint32_t>(std::stoul(flags[name])) : fallback;
    };
    const LoadOptions options{.devices = number("--devices", 1000),
                              .frames = number("--frames", 4),
                              .records = number("--records", 50),
                              .seed = number("--seed", 1)};
    const std::string command = argc > 1 ? argv[1] : "";
    if (command == "keys") {
        fmt::print("{}", register_lines(make_load(options, false)));
        return 0;
    }
    if (command == "run")
        return run(
            options, static_cast<std::uint16_t>(number("--port", 1883)), number("--window", 400),
            number("--limit-s", 600),
            {.records_per_s = static_cast<double>(number("--rate", 0)), .from_frame = number("--from-frame", 0)});
    fmt::print(stderr, "got '{}', want keys or run\n", command);
    return 2;
}
