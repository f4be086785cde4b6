#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/domain/delivery.hpp"
#include "common/core/chain.hpp"
#include "common/core/record.hpp"
#include "common/io/sqlite.hpp"

namespace gantry::agent {

// What the outbox may take of the disk.
struct OutboxLimits {
    std::int64_t pending_bytes_max = std::int64_t{1} << 30;    // at it the intake says `full`
    std::int64_t tail_bytes_min = std::int64_t{64} << 20;      // receipted records stay for the longer of this …
    std::int64_t tail_ms_min = std::int64_t{30} * 86'400'000;  // … and this …
    std::int64_t tail_bytes_max = std::int64_t{1} << 30;       // … but never beyond this
};

// When a record was taken in.
struct Stamp {
    std::int64_t t_ms = 0;
    std::int64_t mono_ms = 0;
    std::string boot;  // of the machine
    ClockState clk = ClockState::unknown;
};

struct NewRecord {
    Source src = Source::agent;
    std::optional<std::int64_t> at_ms;
    std::string_view type;
    std::string_view body;  // strict JSON
};

// The place a record got: given out only after COMMIT.
struct Promise {
    EpochId epoch{};
    std::uint64_t seq = 0;
    Hash head{};
};

struct EpochOpening {
    std::string_view reason;  // install start outbox_lost rollback rekey backlog
    Hash host{};
    std::uint8_t host_parts = 0;
    std::string_view agent_version;
};

// One record as it flies.
struct StoredRecord {
    std::uint64_t seq = 0;
    bool poisoned = false;
    std::string bytes;
};

// The agent's durable queue, on the one connection that writes it. Functions throw sql::SqlError; after SqlBroken the
// object must be made anew, since nobody knows what the last commit did.
class Outbox : public History {
    struct EpochRow {
        std::int64_t n = 0;  // order of opening
        EpochState state;
        Hash start_head{};
        Hash pruned_head{};
        std::int64_t bytes = 0;  // ever appended; of these receipted, and of those gone
        std::int64_t acked_bytes = 0;
        std::int64_t pruned_bytes = 0;
    };

public:
    Outbox(const std::filesystem::path& file, const DeviceId& dev, const OutboxLimits& limits);
    ~Outbox() override;

    // Changes that share one commit. Nothing of it counts before commit() returns; the destructor rolls back.
    class Batch {
    public:
        explicit Batch(Outbox& outbox) : outbox_{outbox}, transaction_{outbox.db_} {}
        // Opens an epoch whose parent is the current one and appends its epoch_open.
        EpochId open_epoch(const EpochOpening& opening, const Stamp& stamp);
        Promise append(const NewRecord& record, const Stamp& stamp);
        // Receipted up to `seq`; lower than before after a restore of the collector.
        void set_acked(const EpochId& epoch, std::uint64_t seq);
        // Re-appends what `epoch` holds after its receipted part as `rehomed` and marks it dead. The current epoch must
        // be another.
        std::uint64_t rehome(const EpochId& epoch, const Stamp& stamp);
        // From now on the record flies as a tombstone; its bytes are kept. Returns their hash; nothing when it is not
        // here.
        std::optional<Hash> poison(const EpochId& epoch, std::uint64_t seq, const Stamp& stamp);
        void set_meta(std::string_view key, std::string_view value);
        void commit();

    private:
        EpochRow* touch(const EpochId& epoch);
        EpochRow& tip();
        Outbox& outbox_;
        sql::Transaction transaction_;
        std::vector<EpochRow> changed_;  // as they will be, in the order of n
    };

    bool empty() const { return epochs_.empty(); }
    const EpochId& current_epoch() const { return epochs_.back().state.id; }
    const EpochState& current() const { return epochs_.back().state; }
    const EpochState* find(const EpochId& epoch) const;
    // Epochs in the order they were opened; of those that are pruned whole only the newest `whole_max`.
    std::vector<EpochState> states(std::size_t whole_max = 64) const;

    // Bytes of records without receipt, and of receipted ones still here.
    std::int64_t pending_bytes() const;
    std::int64_t tail_bytes() const;
    std::uint64_t pending_records() const;
    bool full() const { return pending_bytes() >= limits_.pending_bytes_max; }
    bool nearly_full() const { return pending_bytes() >= limits_.pending_bytes_max / 10 * 8; }

    // Records `first` … of `epoch`, in order, until on_record says no.
    void read(const EpochId& epoch, std::uint64_t first, std::uint64_t count,
              const std::function<bool(const StoredRecord&)>& on_record);
    std::optional<Hash> head_at(const EpochId& epoch, std::uint64_t seq) const override;
    std::optional<std::string> meta(std::string_view key);

    // Lets go of receipted records that the tail need not keep: at most `rows_max`, oldest first, in one commit. Tells
    // each epoch's new prune point. Returns the rows that went.
    std::size_t prune(std::int64_t now_ms, std::size_t rows_max,
                      const std::function<void(const EpochId&, std::uint64_t)>& on_pruned);

private:
    void load();
    void check_tip();
    const EpochRow* row(const EpochId& epoch) const;
    std::int64_t bytes_between(std::int64_t n, std::uint64_t first, std::uint64_t last);
    std::uint64_t prune_limit(const EpochRow& epoch, std::int64_t now_ms, std::size_t rows_max);

    DeviceId dev_;
    OutboxLimits limits_;
    sql::Database db_;
    std::vector<EpochRow> epochs_;

    struct Statements;
    std::unique_ptr<Statements> sql_;
};

// 2^40 records in one epoch: a thousand a second for 34 years.
inline constexpr std::int64_t place_shift = 40;

}  // namespace gantry::agent
