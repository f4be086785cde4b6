#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "common/core/bytes.hpp"
#include "common/core/crypto.hpp"
#include "common/core/ids.hpp"
#include "common/core/messages.hpp"
#include "firmware-sim/model/observation.hpp"

namespace gantry::sim {

/// Spread of waiting times in buckets a twentieth wide, from a microsecond to an hour: no sample is stored.
class LatencyHistogram {
public:
    void add(double ms);
    /// Upper edge of the bucket that holds this share; negative when there is nothing.
    double quantile_ms(double share) const;

private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
};

/// A clock reading, from outside: the machine below has none.
struct Instant {
    std::int64_t steady_ms;
    std::int64_t wall_ms;
};

/// One agent as the collector sees it: record chain, frames, hello, receipts, credit, retry. Holds its outbox in memory
/// and forgets a record only on a receipt whose head is its own chain value. Pure: bytes and times in, bytes out.
class VirtualAgent {
public:
    struct Identity {
        DeviceId dev;
        SigningKey key;
        std::optional<PublicKey> receipt_key;  ///< None: receipts are believed on their chain head alone.
        EpochId epoch;                         ///< Random, new in every run.
        Hash host;
        std::string boot;  ///< [a-z0-9]{1,64}
        std::size_t records_per_frame;
    };
    struct Tally {
        std::uint64_t appended = 0;
        std::uint64_t receipted = 0;
        std::uint64_t refused = 0;  ///< Poisoned records, and all that is left when the collector refuses the identity.
        std::uint64_t resent = 0;
    };

    /// Opens the epoch: record 1 is appended at once.
    VirtualAgent(Identity identity, std::int64_t t_ms, Instant now, std::uint64_t jitter_seed);

    /// `t_ms` is when this agent took it in; in a replay of the past that lies behind `now`.
    void append(const Observation& observation, std::int64_t t_ms, Instant now);
    void connected();
    void disconnected();
    /// A message on the device's `down` topic; what is not believed is passed over and counted nowhere.
    void receive(ByteView message, Instant now, LatencyHistogram& latency);
    /// The collector said on its status topic under which boot it runs.
    void collector_boot(const BootId& boot);
    /// The broker refused a publish: nothing more until the next retry.
    void publish_refused(Instant now);
    /// Appends to `out` what is to be published now. `flush` sends part-filled frames without waiting for company.
    void poll(Instant now, bool flush, std::vector<Bytes>& out);
    /// True once after two silent retry periods: MQTT never resends on a live connection, so take a new one.
    bool wants_reconnect();

    const DeviceId& dev() const noexcept { return identity_.dev; }
    std::uint64_t pending() const noexcept { return records_.size(); }
    const Tally& tally() const noexcept { return tally_; }
    /// Why it stopped for good; empty while it runs.
    const std::string& stopped() const noexcept { return stopped_; }

private:
    enum class Phase { offline, greeting, ready };
    struct Record {
        std::string bytes;
        Hash head;
        std::int64_t taken_ms;
        bool urgent;
        bool tombstone;
    };

    void write(std::string_view type, std::string_view src, std::optional<std::int64_t> at_ms, std::string_view body,
               std::int64_t t_ms, Instant now);
    std::uint64_t last_seq() const noexcept { return acked_ + records_.size(); }
    const Record& record(std::uint64_t seq) const { return records_[seq - acked_ - 1]; }
    std::optional<Hash> head_at(std::uint64_t seq) const;
    void advance(std::uint64_t seq, Instant now, LatencyHistogram& latency);
    void stop(std::string why);
    void go_back(std::uint64_t sent) { tally_.resent += sent_ - sent, sent_ = sent; }

    void on_state(const StateReply& state, Instant now, LatencyHistogram& latency);
    void on_ack(const Ack& ack, Instant now, LatencyHistogram& latency);
    void on_refusal(const Refusal& refusal, Instant now);

    void greet(Instant now, std::vector<Bytes>& out);
    void retry(Instant now);
    void send_frames(Instant now, bool flush, std::vector<Bytes>& out);
    Bytes frame(std::uint64_t first, std::size_t count) const;
    std::size_t frame_entries(std::uint64_t first, std::size_t limit) const;
    Bytes seal(MessageKind kind, const std::string& body) const;
    std::int64_t jittered(std::int64_t ms);

    Identity identity_;
    std::int64_t booted_ms_;  ///< Where the records' monotonic clock stands at zero.
    std::string stopped_;
    Tally tally_;
    Phase phase_ = Phase::offline;
    std::deque<Record> records_;  ///< Not receipted; the first has seq acked_ + 1.
    Hash acked_head_;
    Hash last_head_;
    std::uint64_t acked_ = 0;
    std::uint64_t sent_ = 0;
    std::uint32_t credit_;
    std::int64_t paused_until_ms_ = 0;
    std::int64_t retry_ms_;
    std::int64_t progress_ms_ = 0;
    int silences_ = 0;
    bool reconnect_ = false;
    bool hello_due_ = false;
    std::int64_t hello_ms_;
    std::int64_t hello_wait_ms_;
    std::uint64_t hellos_ = 0;
    std::string nonce_;
    std::optional<BootId> boot_;
    std::int64_t beat_ms_ = 0;
    std::uint64_t refused_seq_ = 0;
    int refusals_ = 0;
    std::vector<Bytes> extra_;  ///< Messages decided while receiving: lost, contradiction.
    std::uint64_t jitter_;
};

}  // namespace gantry::sim
