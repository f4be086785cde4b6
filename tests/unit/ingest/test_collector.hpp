#pragma once

#include <condition_variable>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <sstream>
#include <variant>

#include "server/ingest/collector.hpp"
#include "server/store/store_reader.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/ingest/test_agent.hpp"

namespace gantry::testing {

using Down = std::variant<Ack, Refusal, StateReply>;

// Takes what the sender publishes, checks its signature, and lets a test wait for it.
class FakeTransport final : public ingest::Transport {
public:
    void start() override {}
    bool connected() const override { return true; }
    void stop() override {}
    bool try_publish(const std::string& topic, ByteView payload, bool retained) override {
        if (retained) return true;
        const auto to = parse_device_topic(topic).value();
        const auto envelope = open_message(payload).value();
        if (!verify_message(envelope, to.dev, receipt_key)) throw std::logic_error{"receipt: bad signature"};
        Down down;
        if (envelope.kind == MessageKind::ack)
            down = decode_ack(envelope.json).value();
        else if (envelope.kind == MessageKind::refusal)
            down = decode_refusal(envelope.json).value();
        else
            down = decode_state(envelope.json).value();
        if (on_publish) on_publish(to.dev, down);
        {
            const std::lock_guard guard{mutex_};
            sent_.emplace_back(to.dev, std::move(down));
        }
        arrived_.notify_all();
        return true;
    }

    // The first message of this kind to `dev` that `wanted` says yes to, within ten seconds.
    template <class Message>
    std::optional<Message> wait_for(const DeviceId& dev, const std::function<bool(const Message&)>& wanted) {
        std::unique_lock lock{mutex_};
        std::optional<Message> found;
        arrived_.wait_for(lock, std::chrono::seconds{10}, [&] {
            for (const auto& [to, down] : sent_)
                if (const auto* message = std::get_if<Message>(&down); message && to == dev && wanted(*message))
                    found = *message;
            return found.has_value();
        });
        return found;
    }
    std::size_t count() const {
        const std::lock_guard guard{mutex_};
        return sent_.size();
    }

    PublicKey receipt_key{};
    std::function<void(const DeviceId&, const Down&)> on_publish;  // on the sender's thread

private:
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<std::pair<DeviceId, Down>> sent_;
};

inline std::string text_of_file(const std::string& path) {
    const std::ifstream in{path};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// A collector with a folder and a transport of its own, without a broker.
class TestCollector {
public:
    explicit TestCollector(std::function<std::int64_t()> now_ms = {}) : now_ms_{std::move(now_ms)} { restart(); }

    // As after a crash or a stop: a new process on the same store.
    void restart() {
        collector.reset();
        transport = std::make_unique<FakeTransport>();
        transport->receipt_key = receipt_key.public_key();
        ingest::CollectorOptions options{
            .database = database(),
            .id = CollectorId::parse("main").value(),
            .receipt_key = receipt_key,
            .log_key = log_key,
            .schema = Schema::parse(text_of_file(GANTRY_SOURCE_DIR "/config/schema/events.toml")).value(),
            .lifecycle_tables = {text_of_file(GANTRY_SOURCE_DIR "/config/lifecycle/ct.toml")},
            .now_ms = now_ms_,
            .on_commit = on_commit};
        collector = std::make_unique<ingest::Collector>(std::move(options), *transport);
        if (!held) collector->start();
    }
    std::filesystem::path database() const { return dir / "gantry.db"; }

    Result<ingest::RegisterOutcome> add(const TestAgent& agent) {
        return add({ingest::RegisterEntry{.id = agent.dev, .record_key = agent.key.public_key(), .modality = "CT"}});
    }
    Result<ingest::RegisterOutcome> add(std::vector<ingest::RegisterEntry> entries) {
        const auto promise = std::make_shared<std::promise<Result<ingest::RegisterOutcome>>>();
        auto future = promise->get_future();
        collector->submit(ingest::RegisterRequest{std::move(entries),
                                                  [promise](auto outcome) { promise->set_value(std::move(outcome)); }});
        return future.get();
    }
    Result<std::vector<ingest::ImportedRow>> import(std::vector<ingest::ImportRow> rows) {
        const auto promise = std::make_shared<std::promise<Result<std::vector<ingest::ImportedRow>>>>();
        auto future = promise->get_future();
        collector->submit(
            ingest::ImportRequest{std::move(rows), [promise](auto done) { promise->set_value(std::move(done)); }});
        return future.get();
    }
    ingest::CommandResult declare(Declaration declaration) {
        const auto promise = std::make_shared<std::promise<ingest::CommandResult>>();
        auto future = promise->get_future();
        collector->submit(ingest::DeclareRequest{std::move(declaration),
                                                 [promise](auto result) { promise->set_value(std::move(result)); }});
        return future.get();
    }

    bool offer(const TestAgent& from, const Bytes& message) { return collector->offer(from.topic(), message); }
    std::optional<Ack> acked(const DeviceId& dev, std::uint64_t seq) {
        return transport->wait_for<Ack>(dev, [seq](const Ack& ack) { return ack.seq == seq; });
    }
    // Sends and waits for the receipt of its last record.
    std::optional<Ack> deliver(TestAgent& from, std::uint64_t first, std::uint64_t last) {
        offer(from, from.frame(first, last));
        const EpochId epoch = from.epoch().id;
        return transport->wait_for<Ack>(from.dev,
                                        [&](const Ack& ack) { return ack.epoch == epoch && ack.seq == last; });
    }

    const TempDir dir;
    SigningKey receipt_key = SigningKey::from_seed(KeySeed{77});
    SigningKey log_key = SigningKey::from_seed(KeySeed{78});
    std::unique_ptr<FakeTransport> transport;
    std::unique_ptr<ingest::Collector> collector;
    ingest::LiveListener on_commit;
    bool held = false;  // restart() does not start the threads

private:
    std::function<std::int64_t()> now_ms_;
};

inline std::uint64_t rows_in(const std::filesystem::path& database, const std::string& table) {
    store::StoreReader reader{database};
    sql::Query<std::uint64_t> count{reader.db(), "SELECT count(*) FROM " + table};
    return std::get<0>(*count.first());
}

}  // namespace gantry::testing
