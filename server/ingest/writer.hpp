#pragma once

#include <chrono>
#include <functional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/ingest/items.hpp"
#include "server/ingest/live.hpp"
#include "server/ingest/metrics.hpp"
#include "server/ingest/projection.hpp"
#include "server/ingest/receipts.hpp"
#include "server/ingest/verifier.hpp"

namespace gantry::ingest {

struct WriterOptions {
    BootId boot{};
    std::uint64_t gen = 1;
    std::function<std::int64_t()> now_ms;        // UTC
    LiveListener on_commit;                      // may be empty
    std::vector<paper::Catalogue> catalogues{};  // by which guards tell whether a licence is needed
};

// The only thread that writes. Takes what waits, makes one transaction of it, and tells the sender after the commit and
// not before. Disk full: rolls back, tells nobody, tries again. I/O error or corruption: abort(), because nothing after
// a failed fsync can be trusted.
class Writer final : LeafLog {
public:
    Writer(store::StoreWriter& store, WriterQueue& queue, Inbox& inbox, ReceiptQueue& receipts, Metrics& metrics,
           WriterOptions options);
    ~Writer() override { join(); }

    // Loads the state and tells the verifier all keys. Before start().
    void load();
    // The tables that judge, by a fact for each that is another than before. Before start().
    void begin_with(const std::vector<std::string>& tables);

    void start();
    // Returns when the queue is closed and empty.
    void join() {
        if (thread_.joinable()) thread_.join();
    }

    Projection& projection() { return projection_; }

private:
    struct AfterCommit;
    using Items = std::vector<WriterItem>;

    // LeafLog
    void append(const store::LeafRow& leaf) override { store_.append(leaf); }
    std::optional<store::LeafRow> leaf(std::uint64_t idx, Bytes& bytes) override { return store_.leaf(idx, bytes); }
    std::optional<Hash> frame_head(std::uint64_t idx) override { return store_.frame_head(idx); }

    void run();
    void guarded(const std::function<void()>& work);
    bool commit_batch(Items& items);
    void write_batch(Items& items);
    void finish_batch(std::size_t leaves_before);
    void give_up_batch(Items& items);
    void set_batch_time();
    void tick();
    bool is_tick_due() const;

    // messages of devices: admit_items.cpp
    void process(VerifiedItem& item);
    void process_frame(Device& device, VerifiedItem& item, const VerifiedFrame& frame);
    void process_message(Device& device, VerifiedItem& item, const UpMessage& message);
    void process_rejected(Device& device, const VerifiedItem& item, const Rejected& rejected);
    void carry_out(Device& device, const admission::Outcome& outcome, const VerifiedItem* item,
                   const VerifiedFrame* frame);
    void note_seen(Device& device, const VerifiedItem& item, std::int64_t device_clock_ms, const Beat* beat);
    void note(std::uint64_t idx, LeafType kind, const Device* device, std::string_view type,
              std::optional<std::int64_t> at_ms);
    void send_receipts();
    std::uint32_t credit() const;
    void give_credit_back();

    // people and programs: requests.cpp
    void process(DeclareRequest& request);
    void process(RegisterRequest& request);
    void process(ImportRequest& request);
    void process(CheckpointRequest& request);
    void process(VerdictRequest& request);
    Result<void> check_key(const RegisterEntry& entry);
    enum class Entered : std::uint8_t { added, changed, unchanged };
    Entered enter(RegisterEntry entry);
    std::optional<std::string> why_not(const ImportRow& row);
    ImportedRow import_row(const ImportRow& row);
    void process(TablesRequest& request);
    void put_in_force(const std::vector<std::string>& tables);
    void judge_again();
    CommandResult judge_and_declare(const Declaration& declared);
    CommandResult file_paper(const Declaration& declared);
    CommandResult step_finding(const Declaration& declared);
    CommandResult commit_declaration(const DeclarationLeaf& leaf);
    Result<void> check_assignment(const Declaration& declared, const Assignment& assignment);

    store::StoreWriter& store_;
    WriterQueue& queue_;
    Inbox& inbox_;
    ReceiptQueue& receipts_;
    Metrics& metrics_;
    WriterOptions options_;
    Projection projection_;
    std::thread thread_;

    // of the batch that is being written
    struct EpochKey {
        store::DevNo dev_no;
        EpochId epoch;
        bool operator==(const EpochKey&) const = default;
    };
    struct EpochKeyHash {
        std::size_t operator()(const EpochKey& key) const noexcept { return EpochHash{}(key.epoch) ^ key.dev_no; }
    };
    void send_receipt(const EpochKey& key, const admission::Receipt& receipt, std::uint32_t credit_now);
    struct Note {
        std::uint64_t idx;
        LeafType kind;
        const Device* device;
        std::string type;
        std::optional<std::int64_t> at_ms;
    };
    struct FrameHead {
        std::uint64_t idx = 0;
        Hash head{};
        Signature signature{};
    };
    std::int64_t batch_ms_ = 0;
    bool wrote_ = false;
    std::uint64_t records_ = 0;
    std::unordered_map<EpochKey, admission::Receipt, EpochKeyHash> batch_receipts_;
    std::unordered_set<EpochKey, EpochKeyHash> slowed_;  // told less than the full credit, and nothing since
    std::unordered_map<EpochKey, FrameHead, EpochKeyHash> batch_heads_;
    std::vector<std::pair<store::DevNo, Refusal>> batch_refusals_;
    std::vector<std::pair<store::DevNo, StateReply>> batch_states_;
    std::vector<std::function<void()>> batch_done_;  // answers to requests, after the commit
    std::vector<Note> batch_notes_;
    std::size_t batch_notes_at_ = 0;  // the ring's next place
    std::unordered_set<const Device*> batch_alive_;

    // across batches
    std::unordered_map<store::DevNo, store::SeenRow> seen_;  // not written yet
    std::chrono::steady_clock::time_point seen_since_{};
    std::unordered_set<store::DevNo> clock_told_;
    std::chrono::steady_clock::time_point tick_at_{};
    bool clock_back_told_ = false;
    std::int64_t clock_back_ms_ = 0;
};

}  // namespace gantry::ingest
