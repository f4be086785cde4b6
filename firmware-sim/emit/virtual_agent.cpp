#include "firmware-sim/emit/virtual_agent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/core/chain.hpp"
#include "common/core/frame.hpp"
#include "common/core/limits.hpp"
#include "common/core/record.hpp"
#include "firmware-sim/model/prng.hpp"

namespace gantry::sim {
namespace {

constexpr std::int64_t retry_first_ms = std::chrono::milliseconds{limits::retry_first}.count();
constexpr std::int64_t retry_max_ms = std::chrono::milliseconds{limits::retry_max}.count();
constexpr std::int64_t hello_gap_ms = std::chrono::milliseconds{limits::hello_interval_min}.count();
constexpr std::int64_t hello_period_ms = std::chrono::milliseconds{limits::hello_period}.count();
constexpr std::int64_t linger_ms = limits::linger.count();
constexpr std::int64_t pause_ms = std::chrono::milliseconds{limits::credit_pause_max}.count();
constexpr std::int64_t beat_ms = std::chrono::milliseconds{limits::beat_period}.count();
constexpr std::string_view agent_version = "gantry-sim";

bool is_urgent(std::string_view type) {
    return type.starts_with("fault.") || type == "service.session" || type == "part.replaced" ||
           type == "config.changed" || type == "epoch_open";
}

constexpr double bucket_ratio_log = 0.05;

}  // namespace

void LatencyHistogram::add(double ms) {
    const double steps = log_portable(std::max(ms, 0.001) * 1'000) / bucket_ratio_log;
    const auto bucket = std::min<std::size_t>(static_cast<std::size_t>(steps), 440);  // e^22 us = an hour
    if (buckets_.size() <= bucket) buckets_.resize(bucket + 1);
    ++buckets_[bucket];
    ++count_;
}

double LatencyHistogram::quantile_ms(double share) const {
    if (count_ == 0) return -1;
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_ - 1));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen > wanted) return exp_portable(static_cast<double>(i + 1) * bucket_ratio_log) / 1'000;
    }
    return -1;
}

VirtualAgent::VirtualAgent(Identity identity, std::int64_t t_ms, Instant now, std::uint64_t jitter_seed)
    : identity_{std::move(identity)},
      booted_ms_{t_ms - 60'000},
      acked_head_{chain_start(identity_.dev, identity_.epoch, zero_hash)},
      last_head_{acked_head_},
      credit_{limits::credit_default},
      retry_ms_{retry_first_ms},
      hello_ms_{now.steady_ms - hello_gap_ms},
      hello_wait_ms_{retry_first_ms},
      jitter_{jitter_seed} {
    beat_ms_ = now.steady_ms + jittered(beat_ms);
    write("epoch_open", "agent", std::nullopt,
          fmt::format(R"({{"parent":null,"reason":"install","host":"{}","host_parts":["machine_id"],"agent":"{}"}})",
                      to_hex(identity_.host), agent_version),
          t_ms, now);
}

void VirtualAgent::write(std::string_view type, std::string_view src, std::optional<std::int64_t> at_ms,
                         std::string_view body, std::int64_t t_ms, Instant now) {
    const RecordHead head{
        last_seq() + 1, t_ms, t_ms - booted_ms_, identity_.boot, ClockState::sync, parse_source(src).value(),
        at_ms,          type};
    std::string bytes = encode_record(head, body);
    last_head_ = chain_next(last_head_, as_bytes(bytes));
    records_.push_back({std::move(bytes), last_head_, now.steady_ms, is_urgent(type), false});
    ++tally_.appended;
}

void VirtualAgent::append(const Observation& observation, std::int64_t t_ms, Instant now) {
    write(observation.type, observation.src, observation.agent_only ? std::nullopt : std::optional{observation.at_ms},
          observation.body, t_ms, now);
}

std::int64_t VirtualAgent::jittered(std::int64_t ms) {
    jitter_ = mix(jitter_, 1, 2, 3);
    return ms * static_cast<std::int64_t>(80 + jitter_ % 41) / 100;  // ±20 %
}

void VirtualAgent::connected() {
    phase_ = Phase::greeting;
    hello_due_ = true;
    hello_wait_ms_ = retry_first_ms;
}

void VirtualAgent::disconnected() { phase_ = Phase::offline; }

bool VirtualAgent::wants_reconnect() { return std::exchange(reconnect_, false); }

void VirtualAgent::stop(std::string why) {
    stopped_ = std::move(why);
    tally_.refused += records_.size();
    records_.clear();
}

std::optional<Hash> VirtualAgent::head_at(std::uint64_t seq) const {
    if (seq == acked_) return acked_head_;
    if (seq < acked_ || seq > last_seq()) return std::nullopt;
    return record(seq).head;
}

void VirtualAgent::advance(std::uint64_t seq, Instant now, LatencyHistogram& latency) {
    if (seq <= acked_) return;
    for (; acked_ < seq; ++acked_) {
        const Record& done = records_.front();
        acked_head_ = done.head;
        if (!done.tombstone) ++tally_.receipted;
        latency.add(static_cast<double>(now.steady_ms - done.taken_ms));
        records_.pop_front();
    }
    sent_ = std::max(sent_, acked_);
    progress_ms_ = now.steady_ms;
    retry_ms_ = retry_first_ms;
    silences_ = 0;
}

void VirtualAgent::receive(ByteView message, Instant now, LatencyHistogram& latency) {
    const auto envelope = open_message(message);
    if (!envelope || !stopped_.empty() || phase_ == Phase::offline) return;
    if (identity_.receipt_key && !verify_message(*envelope, identity_.dev, *identity_.receipt_key)) return;
    if (envelope->kind == MessageKind::state) {
        if (const auto state = decode_state(envelope->json)) on_state(*state, now, latency);
    } else if (envelope->kind == MessageKind::ack) {
        if (const auto ack = decode_ack(envelope->json)) on_ack(*ack, now, latency);
    } else if (envelope->kind == MessageKind::refusal) {
        if (const auto refusal = decode_refusal(envelope->json)) on_refusal(*refusal, now);
    }
}

void VirtualAgent::collector_boot(const BootId& boot) {
    // Not greeted yet: the hello is on its way, or is repeated soon now that somebody is there to hear it.
    if (!boot_) hello_wait_ms_ = hello_gap_ms;
    if (boot_ && *boot_ != boot) hello_due_ = true;
}

void VirtualAgent::publish_refused(Instant now) { paused_until_ms_ = now.steady_ms + jittered(retry_first_ms); }

void VirtualAgent::on_state(const StateReply& state, Instant now, LatencyHistogram& latency) {
    if (state.nonce != nonce_) return;
    boot_ = state.boot;
    phase_ = Phase::ready;
    progress_ms_ = now.steady_ms;
    std::uint64_t at = 0;
    for (const auto& epoch : state.epochs) {
        if (epoch.epoch != identity_.epoch) continue;
        if (epoch.conflict) return stop("the collector says conflict: another agent has this identity");
        const auto own = head_at(epoch.at);
        if (epoch.at > 0 && own && epoch.head && *epoch.head != *own) {
            extra_.push_back(
                seal(MessageKind::contradiction, encode_body(Contradiction{identity_.epoch, epoch.at, *own})));
            return;
        }
        at = epoch.at;
    }
    advance(std::min(at, last_seq()), now, latency);
    if (at < acked_) {
        // A restored collector; what was receipted is gone from this memory, so it is told as lost.
        Lost lost{};
        lost.epoch = identity_.epoch;
        lost.from = at + 1;
        lost.to = acked_;
        lost.head_at_to = acked_head_;
        lost.host = identity_.host;
        lost.host_parts = 1;
        extra_.push_back(seal(MessageKind::lost, encode_body(lost)));
    }
    go_back(acked_);
}

void VirtualAgent::on_ack(const Ack& ack, Instant now, LatencyHistogram& latency) {
    if (ack.epoch != identity_.epoch || phase_ != Phase::ready) return;
    if (!boot_ || ack.boot != *boot_) {
        hello_due_ = true;
        return;
    }
    if (ack.seq > 0) {
        const auto own = head_at(ack.seq);
        if (ack.seq > last_seq() || (own && ack.head && *own != *ack.head)) {
            hello_due_ = true;  // Beyond or beside my own history.
            return;
        }
        if (!own || !ack.head) return;
        advance(ack.seq, now, latency);
    }
    credit_ = ack.credit;
    paused_until_ms_ = credit_ == 0 ? now.steady_ms + pause_ms : 0;
    if (ack.want && *ack.want > acked_ && *ack.want <= sent_ && now.steady_ms - progress_ms_ >= linger_ms) {
        go_back(*ack.want - 1);
        progress_ms_ = now.steady_ms;
    }
}

void VirtualAgent::on_refusal(const Refusal& refusal, Instant now) {
    if (refusal.epoch != identity_.epoch) return;
    switch (refusal_class(refusal.code)) {
        case RefusalClass::later:
            paused_until_ms_ = now.steady_ms + jittered(retry_ms_);
            return;
        case RefusalClass::identity:
            if (refusal.code == "conflict") {
                hello_due_ = true;
                return;
            }
            return stop("the collector refuses the identity: " + refusal.code);
        case RefusalClass::record:
            break;
    }
    if (refusal.seq <= acked_ || refusal.seq > last_seq()) return;
    refusals_ = refusal.seq == refused_seq_ ? refusals_ + 1 : 1;
    refused_seq_ = refusal.seq;
    go_back(std::min(sent_, refusal.seq - 1));
    if (refusals_ < limits::refusals_to_poison || records_[refusal.seq - acked_ - 1].tombstone) return;
    records_[refusal.seq - acked_ - 1].tombstone = true;
    ++tally_.refused;
}

void VirtualAgent::poll(Instant now, bool flush, std::vector<Bytes>& out) {
    if (phase_ == Phase::offline || !stopped_.empty()) return;
    for (auto& message : extra_) out.push_back(std::move(message));
    extra_.clear();
    if (now.steady_ms - hello_ms_ >= hello_period_ms) hello_due_ = true;
    if (phase_ == Phase::greeting && !hello_due_ && now.steady_ms - hello_ms_ >= hello_wait_ms_) hello_due_ = true;
    if (hello_due_ && now.steady_ms - hello_ms_ >= hello_gap_ms) greet(now, out);
    if (now.steady_ms >= beat_ms_) {
        beat_ms_ = now.steady_ms + beat_ms;
        Beat beat{};
        beat.t_ms = now.wall_ms;
        beat.mono_ms = now.steady_ms;
        beat.pending = pending();
        beat.version = agent_version;
        out.push_back(seal(MessageKind::beat, encode_body(beat)));
    }
    if (phase_ != Phase::ready) return;
    retry(now);
    send_frames(now, flush, out);
}

void VirtualAgent::greet(Instant now, std::vector<Bytes>& out) {
    hello_due_ = false;
    hello_ms_ = now.steady_ms;
    // The first wait is short; a collector that is away is not asked faster and faster.
    hello_wait_ms_ = std::max(hello_gap_ms, jittered(std::min(hello_wait_ms_ * 2, retry_max_ms)));
    jitter_ = mix(jitter_, 4, 5, 6);
    nonce_ = fmt::format("{:016x}{:x}", jitter_, ++hellos_);
    Hello hello{};
    hello.nonce = nonce_;
    hello.t_ms = now.wall_ms;
    hello.mono_ms = now.steady_ms;
    hello.boot_agent = identity_.boot;
    hello.epochs.push_back({identity_.epoch, std::nullopt, last_seq(), last_head_});
    out.push_back(seal(MessageKind::hello, encode_body(hello)));
}

void VirtualAgent::retry(Instant now) {
    if (sent_ == acked_) {
        progress_ms_ = now.steady_ms;
        return;
    }
    if (now.steady_ms - progress_ms_ < retry_ms_) return;
    go_back(acked_);
    progress_ms_ = now.steady_ms;
    retry_ms_ = std::min(jittered(retry_ms_ * 2), retry_max_ms);
    if (++silences_ % 2 == 0) {
        hello_due_ = true;
        reconnect_ = true;
    }
}

void VirtualAgent::send_frames(Instant now, bool flush, std::vector<Bytes>& out) {
    if (now.steady_ms < paused_until_ms_) return;
    // After a pause with credit 0 one frame goes out as a question.
    const std::uint64_t credit = credit_ > 0 ? credit_ : identity_.records_per_frame;
    while (sent_ < last_seq() && sent_ - acked_ < credit) {
        const auto room = static_cast<std::size_t>(std::min(last_seq() - sent_, credit - (sent_ - acked_)));
        const std::size_t count = frame_entries(sent_ + 1, std::min(room, identity_.records_per_frame));
        bool due =
            flush || count == identity_.records_per_frame || now.steady_ms - record(sent_ + 1).taken_ms >= linger_ms;
        for (std::size_t i = 0; i < count && !due; ++i) due = record(sent_ + 1 + i).urgent;
        if (!due) return;
        out.push_back(frame(sent_ + 1, count));
        if (sent_ == acked_) progress_ms_ = now.steady_ms;
        sent_ += count;
    }
}

std::size_t VirtualAgent::frame_entries(std::uint64_t first, std::size_t limit) const {
    std::size_t bytes = frame_overhead_bytes;
    std::size_t count = 0;
    for (; count < limit; ++count) {
        bytes += 4 + record(first + count).bytes.size();
        if (bytes > limits::frame_bytes_max && count > 0) break;
    }
    return count;
}

Bytes VirtualAgent::frame(std::uint64_t first, std::size_t count) const {
    std::vector<FrameEntry> entries;
    entries.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Record& next = record(first + i);
        const auto whole = FrameEntry::of_record(as_bytes(next.bytes));
        entries.push_back(next.tombstone ? FrameEntry::of_tombstone(whole.length, whole.digest) : whole);
    }
    return encode_frame(identity_.dev, identity_.epoch, first, *head_at(first - 1), entries, identity_.key);
}

Bytes VirtualAgent::seal(MessageKind kind, const std::string& body) const {
    return seal_message(kind, identity_.dev, body, identity_.key);
}

}  // namespace gantry::sim
