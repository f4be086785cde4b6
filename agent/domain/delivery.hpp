#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/core/limits.hpp"
#include "common/core/messages.hpp"

// The agent's half of the delivery protocol as a state machine over values: what happened goes in, what to do comes
// out. The shell (outbox, MQTT, timers) carries the actions out and keeps every byte; this decides.
namespace gantry::agent {

using Millis = std::int64_t;  // of a monotonic clock

// What the machine must know of one epoch in the outbox.
struct EpochState {
    EpochId id{};
    std::optional<EpochParent> parent;
    Hash host{};
    std::uint8_t host_parts = 0;
    std::uint64_t last_seq = 0;
    Hash last_head{};
    std::uint64_t acked = 0;   // receipted up to here
    std::uint64_t pruned = 0;  // records up to here are gone from the outbox; their chain value stays
    bool dead = false;         // rehomed: never sent again
};

// Chain values of the outbox, read on demand.
class History {
public:
    virtual ~History() = default;
    // c[seq], or nothing when it is not known any more (before the prune point) or not yet (beyond last_seq).
    virtual std::optional<Hash> head_at(const EpochId& epoch, std::uint64_t seq) const = 0;
};

struct Settings {
    Millis retry_first_ms = std::chrono::milliseconds{limits::retry_first}.count();
    Millis retry_max_ms = std::chrono::milliseconds{limits::retry_max}.count();
    Millis hello_interval_min_ms = std::chrono::milliseconds{limits::hello_interval_min}.count();
    Millis hello_period_ms = std::chrono::milliseconds{limits::hello_period}.count();
    Millis linger_ms = limits::linger.count();
    std::uint32_t credit = limits::credit_default;  // until the first receipt says otherwise
    std::uint64_t backlog_records = limits::backlog_records;
};

// ---- what to do
// ----------------------------------------------------------------------------------------------------------------

struct SendHello {
    std::string nonce;
    std::vector<HelloEpoch> epochs;  // at most limits::hello_epochs_max
};
// Send records `first` … of `epoch`: at most `records_max`, and what a frame may hold. Poisoned records fly as
// tombstones. Call frame_sent with what really flew before asking for the next action.
struct SendFrame {
    EpochId epoch{};
    std::uint64_t first = 0;
    std::uint64_t records_max = 0;
};
struct SendLost {
    EpochId epoch{};
    std::optional<EpochParent> parent;
    std::uint64_t from = 0;
    std::uint64_t to = 0;  // the prune point
    Hash host{};
    std::uint8_t host_parts = 0;
};
struct SendContradiction {
    EpochId epoch{};
    std::uint64_t at = 0;
    Hash head{};
};
// The collector holds it: records up to `seq` may be forgotten when the tail allows.
struct MarkAcked {
    EpochId epoch{};
    std::uint64_t seq = 0;
};
// The collector was restored: records after `seq` are pending again.
struct MarkPending {
    EpochId epoch{};
    std::uint64_t seq = 0;
};
// Open an epoch (reason rollback), append what `epoch` holds after its receipted part as rehomed records there, mark
// `epoch` dead, then call epoch_opened.
struct Rehome {
    EpochId epoch{};
};
struct OpenBacklogEpoch {};  // open an epoch (reason backlog), then call epoch_opened
// The record's tombstone flies from now on; keep its bytes for a person, append gap_declared{poisoned}.
struct Poison {
    EpochId epoch{};
    std::uint64_t seq = 0;
};
struct Reconnect {};  // receipts are silent: MQTT never resends on a live connection
struct Alarm {
    std::string text;
};

using Action = std::variant<SendHello, SendFrame, SendLost, SendContradiction, MarkAcked, MarkPending, Rehome,
                            OpenBacklogEpoch, Poison, Reconnect, Alarm>;

// ---- the machine
// ---------------------------------------------------------------------------------------------------------------

class Delivery {
public:
    // `epochs` in the order they were opened, oldest first. `seed` feeds nonces and jitter.
    Delivery(Settings settings, std::vector<EpochState> epochs, const History& history, std::uint64_t seed);

    // Connection.
    void connected(Millis now);
    void disconnected(Millis now);
    // A PUBACK with reason >= 0x80: the window closes for one retry period.
    void publish_refused(int reason, Millis now);

    // The outbox grew; `urgent` records never wait for company.
    void appended(const EpochId& epoch, std::uint64_t last_seq, const Hash& last_head, bool urgent, Millis now);
    void epoch_opened(const EpochState& epoch, Millis now);
    void pruned(const EpochId& epoch, std::uint64_t seq);
    // Epochs that are receipted and pruned whole may be forgotten; their children carry the parent's end.
    void forget(const EpochId& epoch);
    void frame_sent(const EpochId& epoch, std::uint64_t last, Millis now);

    // Verified messages from the collector.
    void collector_status(const BootId& boot, Millis now);
    void receive(const StateReply& state, Millis now);
    void receive(const Ack& ack, Millis now);
    void receive(const Refusal& refusal, Millis now);
    // Reading settings or any message of an unknown boot also leads to a hello.
    void set_linger(Millis linger_ms) { settings_.linger_ms = linger_ms; }

    // The next thing to do at `now`, or nothing. `slots` = how many messages the MQTT link takes now; without one only
    // local actions come out. Call until it is empty.
    std::optional<Action> next(Millis now, int slots);

    // When `next` wants to be asked again, if nothing happens before.
    Millis next_wakeup(Millis now) const;

    std::uint64_t pending() const;  // records not receipted, dead epochs excepted
    std::uint64_t refused() const { return refused_; }
    bool is_connected() const { return connected_; }
    bool is_greeted() const { return greeted_; }
    std::vector<EpochState> epochs() const;

private:
    struct Epoch {
        EpochState state;
        std::uint64_t sent = 0;        // handed to MQTT up to here since the last go-back
        std::uint64_t contradict = 0;  // seq whose head the collector told otherwise, or 0
        bool settled = true;           // the state that answers the last hello spoke of it
        Millis blocked_until = 0;
        std::optional<Millis> contradicted_at = std::nullopt;
    };
    struct WantSeen {
        std::uint64_t want = 0;
        Millis at = 0;
    };

    Epoch* find(const EpochId& id);
    bool can_send(const Epoch& epoch, Millis now) const;
    bool may_wait_for_company(Millis now) const;
    bool is_awaiting() const;
    std::uint64_t in_flight() const;
    void go_back(Epoch& epoch, std::uint64_t seq);
    void go_back_all();
    void alarm(std::string text) { local_.push_back(Alarm{std::move(text)}); }
    void greet_again(Millis now);
    void progress(Millis now);
    void heard(Millis now);
    void acked_to(Epoch& epoch, std::uint64_t seq, Millis now);
    void settle(Epoch& epoch, const StateEpoch& told, Millis now);
    void want(Epoch& epoch, std::uint64_t seq, Millis now);
    void refused_record(Epoch& epoch, const Refusal& refusal, Millis now);
    void open_backlog_if_needed();
    void check_silence(Millis now);
    bool hello_is_due(Millis now) const;
    void say_hello(Millis now);
    std::optional<Action> next_to_send(Millis now);
    std::optional<Action> send_from(Epoch& epoch, Millis now);
    Millis jittered(Millis period);
    std::uint64_t random();

    Settings settings_;
    const History& history_;
    std::uint64_t random_state_;
    std::vector<Epoch> epochs_;
    std::deque<Action> local_;      // decided, not yet handed out; a receipt adds at most one an epoch
    std::deque<SendHello> hellos_;  // the parts of one hello

    bool connected_ = false;
    bool greeted_ = false;
    bool hello_wanted_ = false;
    std::optional<BootId> boot_;
    std::string nonce_;
    std::optional<Millis> hello_at_;
    std::uint32_t credit_;
    Millis window_closed_until_ = 0;
    Millis retry_ms_ = 0;
    Millis silent_since_ = 0;  // last progress while something is awaited
    int silent_periods_ = 0;
    bool alternate_ = false;  // newest and backlog in turn
    bool newest_turn_ = false;
    std::optional<Millis> waiting_since_;  // oldest record that waits for company
    bool flush_ = false;                   // something urgent waits
    std::map<EpochId, WantSeen> wants_;
    std::map<std::pair<EpochId, std::uint64_t>, std::pair<std::string, int>> refusals_;
    std::uint64_t refused_ = 0;
};

}  // namespace gantry::agent
