#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "common/core/crypto.hpp"
#include "server/ingest/metrics.hpp"
#include "server/ingest/verifier.hpp"
#include "server/store/leaf_hasher.hpp"

namespace gantry::ingest {

// Signs the log's size and root from time to time, and only after the leaves since the last signature were hashed again
// from the stored bytes: a bit that flipped between memory and disk must not be signed for. The writer stores the note;
// only stored notes are shown. Owns a thread and a read-only connection.
class Checkpointer {
public:
    Checkpointer(std::filesystem::path database, std::string origin, SigningKey log_key, WriterQueue& writer,
                 Metrics& metrics);
    ~Checkpointer() { stop(); }

    void start();
    // Signs what is new, if anything, and ends. Before the writer's queue is closed.
    void stop();

    // One checkpoint over what is committed now, or none without news. Errc::unauthentic: the stored leaves do not give
    // the stored root.
    Result<std::optional<store::CheckpointRow>> make(std::int64_t now_ms);

private:
    void run();
    bool is_due(std::int64_t now_ms);
    void make_and_send(std::int64_t now_ms);
    Result<void> begin_at_last();

    std::filesystem::path database_;
    std::string origin_;
    SigningKey key_;
    WriterQueue& writer_;
    Metrics& metrics_;
    store::StoreReader reader_;
    store::LeafHasher hasher_{reader_};
    merkle::Frontier signed_;  // the tree as last signed
    bool begun_ = false;
    std::int64_t last_ms_ = 0;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace gantry::ingest
