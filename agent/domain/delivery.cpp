#include "agent/domain/delivery.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gantry::agent {
namespace {

HelloEpoch describe(const EpochState& epoch) { return {epoch.id, epoch.parent, epoch.last_seq, epoch.last_head}; }

}  // namespace

Delivery::Delivery(Settings settings, std::vector<EpochState> epochs, const History& history, std::uint64_t seed)
    : settings_{settings}, history_{history}, random_state_{seed}, credit_{settings.credit} {
    for (EpochState& epoch : epochs) {
        Epoch entry{std::move(epoch)};
        entry.sent = entry.state.acked;
        epochs_.push_back(std::move(entry));
    }
    retry_ms_ = jittered(settings_.retry_first_ms);
}

// splitmix64: nonces need to differ, jitter needs to spread; neither needs secrecy.
std::uint64_t Delivery::random() {
    std::uint64_t z = (random_state_ += 0x9E37'79B9'7F4A'7C15);
    z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
    z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
    return z ^ (z >> 31);
}

Millis Delivery::jittered(Millis period) {
    const auto permille = static_cast<Millis>(800 + random() % 401);  // ±20 %
    return period * permille / 1000;
}

Delivery::Epoch* Delivery::find(const EpochId& id) {
    const auto it = std::ranges::find(epochs_, id, [](const Epoch& e) { return e.state.id; });
    return it == epochs_.end() ? nullptr : &*it;
}

std::vector<EpochState> Delivery::epochs() const {
    std::vector<EpochState> out;
    for (const Epoch& epoch : epochs_) out.push_back(epoch.state);
    return out;
}

std::uint64_t Delivery::pending() const {
    std::uint64_t sum = 0;
    for (const Epoch& epoch : epochs_)
        if (!epoch.state.dead) sum += epoch.state.last_seq - epoch.state.acked;
    return sum;
}

std::uint64_t Delivery::in_flight() const {
    std::uint64_t sum = 0;
    for (const Epoch& epoch : epochs_)
        if (!epoch.state.dead) sum += epoch.sent - std::min(epoch.sent, epoch.state.acked);
    return sum;
}

bool Delivery::is_awaiting() const {
    if (!greeted_) return hello_at_.has_value();
    if (in_flight() > 0) return true;
    return std::ranges::any_of(epochs_,
                               [](const Epoch& e) { return !e.state.dead && (!e.settled || e.contradict != 0); });
}

void Delivery::go_back(Epoch& epoch, std::uint64_t seq) {
    epoch.sent = std::max(epoch.state.acked, std::min(epoch.sent, seq));
    flush_ = true;  // it waited long enough
}

void Delivery::go_back_all() {
    for (Epoch& epoch : epochs_) go_back(epoch, 0);
}

void Delivery::progress(Millis now) {
    retry_ms_ = jittered(settings_.retry_first_ms);
    silent_periods_ = 0;
    silent_since_ = now;
}

// ---- connection
// ----------------------------------------------------------------------------------------------------------------

// An answer is no silence, even when it brings no progress.
void Delivery::heard(Millis now) {
    silent_periods_ = 0;
    silent_since_ = now;
}

void Delivery::connected(Millis now) {
    connected_ = true;
    credit_ = settings_.credit;
    go_back_all();
    greet_again(now);
    silent_since_ = now;
}

void Delivery::disconnected(Millis) {
    connected_ = false;
    greeted_ = false;
    hellos_.clear();
}

void Delivery::publish_refused(int reason, Millis now) {
    window_closed_until_ = now + retry_ms_;
    go_back_all();
    alarm(fmt::format("broker refused a publish with reason 0x{:02x}; trying again in {} s", reason,
                      (retry_ms_ + 999) / 1000));
}

void Delivery::greet_again(Millis) {
    greeted_ = false;
    hello_wanted_ = true;
    hellos_.clear();
}

// ---- the outbox
// ----------------------------------------------------------------------------------------------------------------

void Delivery::appended(const EpochId& id, std::uint64_t last_seq, const Hash& last_head, bool urgent, Millis now) {
    Epoch* epoch = find(id);
    if (!epoch) return;
    epoch->state.last_seq = last_seq;
    epoch->state.last_head = last_head;
    if (!waiting_since_) waiting_since_ = now;
    flush_ = flush_ || urgent;
}

void Delivery::epoch_opened(const EpochState& state, Millis now) {
    Epoch epoch{state};
    epoch.sent = state.acked;
    epochs_.push_back(std::move(epoch));
    if (!waiting_since_) waiting_since_ = now;
    flush_ = true;
}

void Delivery::pruned(const EpochId& id, std::uint64_t seq) {
    if (Epoch* epoch = find(id)) epoch->state.pruned = std::max(epoch->state.pruned, seq);
}

void Delivery::forget(const EpochId& id) {
    std::erase_if(epochs_, [&](const Epoch& epoch) { return epoch.state.id == id; });
    wants_.erase(id);
}

void Delivery::frame_sent(const EpochId& id, std::uint64_t last, Millis now) {
    Epoch* epoch = find(id);
    if (!epoch) return;
    if (in_flight() == 0) silent_since_ = now;
    epoch->sent = std::max(epoch->sent, last);
}

// ---- what the collector says
// -----------------------------------------------------------------------------------------------------

void Delivery::collector_status(const BootId& boot, Millis now) {
    if (boot_ && *boot_ != boot && greeted_) greet_again(now);
    if (!greeted_) hello_wanted_ = true;  // somebody is there: no need to wait for the retry timer
}

void Delivery::receive(const StateReply& state, Millis now) {
    if (nonce_.empty() || state.nonce != nonce_) return;
    boot_ = state.boot;
    greeted_ = true;
    progress(now);
    for (const StateEpoch& told : state.epochs)
        if (Epoch* epoch = find(told.epoch); epoch && !epoch->state.dead && !epoch->settled) settle(*epoch, told, now);
    open_backlog_if_needed();
}

void Delivery::settle(Epoch& epoch, const StateEpoch& told, Millis now) {
    epoch.settled = true;
    epoch.contradict = 0;
    if (told.conflict) {
        epoch.state.dead = true;
        alarm("two histories under one identity: what was not receipted moves to a new epoch");
        local_.push_back(Rehome{epoch.state.id});
        return;
    }
    const auto own = told.at > 0 ? history_.head_at(epoch.state.id, told.at) : std::nullopt;
    if (own && told.head && *own != *told.head) {
        epoch.contradict = told.at;
        alarm(fmt::format("collector holds another history at seq {}", told.at));
        return;
    }
    if (told.high < epoch.state.acked) {
        epoch.state.acked = told.high;
        epoch.sent = told.high;
        flush_ = true;
        local_.push_back(MarkPending{epoch.state.id, told.high});
    } else if (own && told.head) {
        acked_to(epoch, told.at, now);
    }
    go_back(epoch, 0);
}

void Delivery::open_backlog_if_needed() {
    if (pending() <= settings_.backlog_records || alternate_) return;
    alternate_ = true;
    const EpochState& newest = epochs_.back().state;
    if (newest.last_seq - newest.acked > settings_.backlog_records / 2) local_.push_back(OpenBacklogEpoch{});
}

void Delivery::acked_to(Epoch& epoch, std::uint64_t seq, Millis now) {
    if (seq <= epoch.state.acked) return;
    epoch.state.acked = seq;
    epoch.sent = std::max(epoch.sent, seq);
    progress(now);
    if (!local_.empty())
        if (auto* last = std::get_if<MarkAcked>(&local_.back()); last && last->epoch == epoch.state.id) {
            last->seq = seq;
            return;
        }
    local_.push_back(MarkAcked{epoch.state.id, seq});
}

void Delivery::receive(const Ack& ack, Millis now) {
    if (!boot_) return;
    if (ack.boot != *boot_) return greet_again(now);
    heard(now);
    Epoch* epoch = find(ack.epoch);
    if (!epoch || epoch->state.dead) return;
    if (ack.seq > 0) {
        const auto own = ack.seq <= epoch->state.last_seq ? history_.head_at(ack.epoch, ack.seq) : std::nullopt;
        if (own && ack.head && *own == *ack.head)
            acked_to(*epoch, ack.seq, now);
        else if (own || ack.seq > epoch->state.last_seq)
            return greet_again(now);  // beyond or beside my history: whoever signed this speaks of another one
    }
    credit_ = ack.credit;
    if (ack.credit == 0) {
        window_closed_until_ = now + std::chrono::milliseconds{limits::credit_pause_max}.count();
        credit_ = static_cast<std::uint32_t>(limits::frame_entries_max);
    } else {
        window_closed_until_ = 0;
    }
    if (ack.want) want(*epoch, *ack.want, now);
}

void Delivery::want(Epoch& epoch, std::uint64_t seq, Millis now) {
    if (seq == 0 || seq > epoch.sent) return;
    if (seq <= epoch.state.acked) {
        // An old answer that overtook a newer one is the usual case; if the collector really went back, its state will
        // say so.
        const auto seen = wants_.find(epoch.state.id);
        if (seen != wants_.end() && seen->second.want == seq && now - seen->second.at >= settings_.retry_first_ms)
            greet_again(now);
        if (seen == wants_.end() || seen->second.want != seq) wants_[epoch.state.id] = {seq, now};
        return;
    }
    const auto seen = wants_.find(epoch.state.id);
    if (seen != wants_.end() && seen->second.want == seq && now - seen->second.at < settings_.retry_first_ms) return;
    wants_[epoch.state.id] = {seq, now};
    go_back(epoch, seq - 1);
}

void Delivery::refused_record(Epoch& epoch, const Refusal& refusal, Millis now) {
    go_back(epoch, refusal.seq - 1);
    auto& [code, count] = refusals_[{refusal.epoch, refusal.seq}];
    if (code != refusal.code) {
        code = refusal.code;
        count = 0;
    }
    if (++count < limits::refusals_to_poison) {
        epoch.blocked_until = now + settings_.retry_first_ms;
        return;
    }
    refusals_.erase({refusal.epoch, refusal.seq});
    alarm(fmt::format("record {} refused {} times ({}): its tombstone flies, the bytes stay in the outbox", refusal.seq,
                      limits::refusals_to_poison, refusal.code));
    local_.push_back(Poison{refusal.epoch, refusal.seq});
}

void Delivery::receive(const Refusal& refusal, Millis now) {
    if (!boot_) return;
    if (refusal.boot != *boot_) return greet_again(now);
    ++refused_;
    heard(now);
    switch (refusal_class(refusal.code)) {
        case RefusalClass::record: {
            Epoch* epoch = find(refusal.epoch);
            if (epoch && !epoch->state.dead && refusal.seq > epoch->state.acked && refusal.seq <= epoch->sent)
                refused_record(*epoch, refusal, now);
            return;
        }
        case RefusalClass::later: {
            Epoch* epoch = find(refusal.epoch);
            if (!epoch || epoch->state.dead) return;
            go_back(*epoch, refusal.seq == 0 ? 0 : refusal.seq - 1);
            // Kept for ever and retried slowly: twelve first periods are a minute.
            epoch->blocked_until =
                now + (refusal.code == "busy" ? settings_.retry_first_ms : 12 * settings_.retry_first_ms);
            return;
        }
        case RefusalClass::identity:
            if (refusal.code != "conflict") {
                window_closed_until_ = now + settings_.retry_max_ms;
                alarm(fmt::format(
                    "collector refuses this device's identity ({}): keeping everything, asking again in {} s",
                    refusal.code, settings_.retry_max_ms / 1000));
            }
            return greet_again(now);
    }
}

// ---- what to do next
// -------------------------------------------------------------------------------------------------------------

bool Delivery::hello_is_due(Millis now) const {
    if (!hellos_.empty()) return false;
    if (hello_at_ && now - *hello_at_ < settings_.hello_interval_min_ms) return false;
    if (now < window_closed_until_ && !greeted_ && boot_) return false;
    return hello_wanted_ || !hello_at_ || now - *hello_at_ >= settings_.hello_period_ms;
}

void Delivery::say_hello(Millis now) {
    hello_wanted_ = false;
    hello_at_ = now;
    if (greeted_ && in_flight() == 0) silent_since_ = now;
    nonce_ = fmt::format("{:016x}", random());
    std::vector<const Epoch*> live;
    for (Epoch& epoch : epochs_) {
        if (epoch.state.dead) continue;
        epoch.settled = false;
        live.push_back(&epoch);
    }
    std::ranges::stable_partition(live, [](const Epoch* e) { return e->state.acked < e->state.last_seq; });
    for (std::size_t i = 0; i < live.size() || i == 0; i += limits::hello_epochs_max) {
        SendHello hello{nonce_, {}};
        for (std::size_t k = i; k < std::min(live.size(), i + limits::hello_epochs_max); ++k)
            hello.epochs.push_back(describe(live[k]->state));
        hellos_.push_back(std::move(hello));
    }
}

void Delivery::check_silence(Millis now) {
    if (!is_awaiting() || now < window_closed_until_ || now - silent_since_ < retry_ms_) return;
    silent_since_ = now;
    retry_ms_ = std::min(settings_.retry_max_ms, jittered(2 * retry_ms_));
    go_back_all();
    const bool unsettled = std::ranges::any_of(epochs_, [](const Epoch& e) { return !e.state.dead && !e.settled; });
    if (!greeted_ || unsettled) hello_wanted_ = true;
    if (++silent_periods_ < 2) return;
    silent_periods_ = 0;
    greeted_ = false;
    local_.push_back(Reconnect{});
}

bool Delivery::can_send(const Epoch& epoch, Millis now) const {
    if (epoch.state.dead || !epoch.settled || now < epoch.blocked_until) return false;
    if (epoch.contradict != 0)
        return !epoch.contradicted_at || now - *epoch.contradicted_at >= settings_.retry_first_ms;
    return epoch.sent < epoch.state.last_seq;
}

bool Delivery::may_wait_for_company(Millis now) const {
    if (flush_ || !waiting_since_ || now - *waiting_since_ >= settings_.linger_ms) return false;
    std::uint64_t unsent = 0;
    for (const Epoch& epoch : epochs_) {
        if (epoch.contradict != 0) return false;
        if (!epoch.state.dead) unsent += epoch.state.last_seq - std::min(epoch.state.last_seq, epoch.sent);
    }
    return unsent < limits::frame_entries_max;
}

std::optional<Action> Delivery::send_from(Epoch& epoch, Millis now) {
    if (epoch.contradict != 0) {
        epoch.contradicted_at = now;
        const auto own = history_.head_at(epoch.state.id, epoch.contradict);
        return SendContradiction{epoch.state.id, epoch.contradict, own.value_or(zero_hash)};
    }
    const std::uint64_t first = epoch.sent + 1;
    if (first <= epoch.state.pruned) {
        const SendLost lost{epoch.state.id,     epoch.state.parent, first,
                            epoch.state.pruned, epoch.state.host,   epoch.state.host_parts};
        frame_sent(epoch.state.id, epoch.state.pruned, now);
        return lost;
    }
    const std::uint64_t flying = in_flight();
    if (flying >= credit_) return std::nullopt;
    const std::uint64_t room = std::min<std::uint64_t>(limits::frame_entries_max, credit_ - flying);
    return SendFrame{epoch.state.id, first, std::min(room, epoch.state.last_seq - epoch.sent)};
}

std::optional<Action> Delivery::next_to_send(Millis now) {
    Epoch* oldest = nullptr;
    Epoch* newest = nullptr;
    for (Epoch& epoch : epochs_) {
        if (!can_send(epoch, now)) continue;
        if (!oldest) oldest = &epoch;
        newest = &epoch;
    }
    if (!oldest) {
        const bool all_sent =
            std::ranges::none_of(epochs_, [](const Epoch& e) { return !e.state.dead && e.sent < e.state.last_seq; });
        if (all_sent) {
            waiting_since_.reset();
            flush_ = false;
        }
        if (pending() <= limits::frame_entries_max) alternate_ = false;
        return std::nullopt;
    }
    if (may_wait_for_company(now)) return std::nullopt;
    newest_turn_ = alternate_ && !newest_turn_;
    return send_from(newest_turn_ ? *newest : *oldest, now);
}

std::optional<Action> Delivery::next(Millis now, int slots) {
    if (connected_ && local_.empty()) check_silence(now);
    if (!local_.empty()) {
        Action action = std::move(local_.front());
        local_.pop_front();
        return action;
    }
    if (!connected_ || slots <= 0) return std::nullopt;
    if (hello_is_due(now)) say_hello(now);
    if (!hellos_.empty()) {
        SendHello hello = std::move(hellos_.front());
        hellos_.pop_front();
        return hello;
    }
    if (!greeted_ || now < window_closed_until_) return std::nullopt;
    return next_to_send(now);
}

Millis Delivery::next_wakeup(Millis now) const {
    if (!local_.empty() || (connected_ && !hellos_.empty())) return now;
    Millis wake = now + settings_.retry_max_ms;
    if (!connected_) return wake;
    const auto not_later_than = [&](Millis at) { wake = std::min(wake, std::max(at, now)); };
    if (hello_wanted_ || !hello_at_)
        not_later_than(std::max(hello_at_ ? *hello_at_ + settings_.hello_interval_min_ms : now,
                                boot_ ? window_closed_until_ : now));
    else
        not_later_than(*hello_at_ + settings_.hello_period_ms);
    if (is_awaiting()) not_later_than(std::max(silent_since_ + retry_ms_, window_closed_until_));
    if (!greeted_) return wake;
    for (const Epoch& epoch : epochs_) {
        if (epoch.state.dead || !epoch.settled) continue;
        const Millis opens = std::max(epoch.blocked_until, window_closed_until_);
        if (epoch.contradict != 0)
            not_later_than(
                std::max(opens, epoch.contradicted_at ? *epoch.contradicted_at + settings_.retry_first_ms : now));
        else if (epoch.sent < epoch.state.last_seq && in_flight() < credit_)
            not_later_than(std::max(opens, may_wait_for_company(now) ? *waiting_since_ + settings_.linger_ms : now));
    }
    return wake;
}

}  // namespace gantry::agent
