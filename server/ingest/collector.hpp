#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/crypto.hpp"
#include "common/core/schema.hpp"
#include "server/ingest/checkpointer.hpp"
#include "server/ingest/sender.hpp"
#include "server/ingest/writer.hpp"

namespace gantry::ingest {

struct CollectorOptions {
    std::filesystem::path database;
    CollectorId id;
    SigningKey receipt_key;
    SigningKey log_key;
    Schema schema;
    std::vector<std::string> lifecycle_tables;  // whole TOML texts; a changed one comes into force by a leaf
    std::vector<paper::Catalogue> catalogues{};
    std::function<std::int64_t()> now_ms;  // empty: the system's clock
    LiveListener on_commit;                // may be empty
};

// The collector without its surroundings: messages in by offer(), receipts out by the transport, people's requests by
// submit().
//   offer -> inbox -> verifier thread -> writer thread (one transaction a batch) -> sender thread (signs) -> transport
class Collector {
public:
    // Opens or creates the store and loads its state; throws when it cannot. `transport` must outlive the collector.
    Collector(CollectorOptions options, Transport& transport);
    ~Collector();  // stop()
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

    void start();
    // Takes no more messages, stores what is inside, sends its receipts, ends all threads.
    void stop();

    // For the transport's callback: copies and returns; never waits. False: full or stopping, dropped and counted.
    bool offer(std::string_view topic, ByteView payload);
    // The transport can take more, or its connection changed.
    void wake_sender() { sender_->wake(); }

    // Answers exactly once; Errc::unavailable at once when the writer has too much to do or is stopping.
    void submit(DeclareRequest request);
    void submit(RegisterRequest request);
    void submit(ImportRequest request);
    // False at once when the writer has too much to do or is stopping.
    bool submit(VerdictRequest request);
    bool submit(TablesRequest request);

    const Metrics& metrics() const { return metrics_; }
    const BootId& boot() const { return boot_; }
    std::uint64_t gen() const { return gen_; }
    const std::string& origin() const { return origin_; }
    const CollectorId& id() const { return options_.id; }
    std::string will_json() const { return Sender::status_json("lost", gen_, boot_); }
    bool is_drained() const { return inbox_.size() == 0 && queue_.size() == 0; }

private:
    void settle_identity();

    CollectorOptions options_;
    Transport& transport_;
    Metrics metrics_;
    BootId boot_{};
    std::uint64_t gen_ = 1;
    std::string origin_;
    Inbox inbox_;
    WriterQueue queue_;
    ReceiptQueue receipts_{metrics_};
    store::StoreWriter store_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<VerifierThread> verifier_;
    std::unique_ptr<Sender> sender_;
    std::unique_ptr<Checkpointer> checkpointer_;
    std::atomic<bool> accepting_{false};
};

}  // namespace gantry::ingest
