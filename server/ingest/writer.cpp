#include "server/ingest/writer.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "common/io/log.hpp"
#include "common/io/sqlite.hpp"
#include "server/ingest/findings.hpp"
#include "server/ingest/limits.hpp"

namespace gantry::ingest {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::seconds tick_period{30};

std::size_t records_of(const WriterItem& item) {
    const auto* verified = std::get_if<VerifiedItem>(&item);
    const auto* frame = verified ? std::get_if<VerifiedFrame>(&verified->what) : nullptr;
    return frame ? frame->valid : 1;
}

}  // namespace

Writer::Writer(store::StoreWriter& store, WriterQueue& queue, Inbox& inbox, ReceiptQueue& receipts, Metrics& metrics,
               WriterOptions options)
    : store_{store},
      queue_{queue},
      inbox_{inbox},
      receipts_{receipts},
      metrics_{metrics},
      options_{std::move(options)},
      projection_{store, *this} {
    batch_notes_.reserve(live_notes_max);
}

void Writer::load() {
    projection_.load();
    for (store::DevNo no = 1; no <= projection_.device_count(); ++no) {
        const RegisterEntry& entry = projection_.at(no).entry;
        inbox_.push_over_limit(KeyUpdate{entry.id, no, entry.record_key});
    }
    metrics_.devices = static_cast<std::int64_t>(projection_.device_count());
    metrics_.log_size = projection_.size();
    tick_at_ = Steady::now() + tick_period;
}

void Writer::begin_with(const std::vector<std::string>& tables) {
    set_batch_time();
    store_.begin();
    put_in_force(tables);
    projection_.flush();
    store_.commit();
    metrics_.log_size = projection_.size();
}

void Writer::start() {
    thread_ = std::thread{[this] { guarded([this] { run(); }); }};
}

// Whatever escapes here leaves memory and store in doubt: the only safe answer is to stop at once, unreceipted, and
// start again.
void Writer::guarded(const std::function<void()>& work) {
    try {
        work();
    } catch (const std::exception& fault) {
        log::error("writer stops the collector", {{"error", fault.what()}});
        std::abort();
    }
}

void Writer::run() {
    Items items;
    while (true) {
        items.clear();
        const auto until = seen_.empty() ? tick_at_ : std::min(tick_at_, seen_since_ + seen_flush_period);
        std::size_t records = 0;
        const bool open = queue_.take(items, batch_messages_max, until, [&](const WriterItem& next) {
            const std::size_t more = records_of(next);
            if (records != 0 && records + more > batch_records_max) return false;
            records += more;
            return true;
        });
        const bool timer = is_tick_due() || (!seen_.empty() && Steady::now() >= seen_since_ + seen_flush_period);
        if (!items.empty() || timer || (!open && !seen_.empty())) {
            while (!commit_batch(items)) {
                if (!open) return;  // disk full while stopping: nothing was receipted, the agents keep it
                std::this_thread::sleep_for(full_retry_period);
                give_up_batch(items);
            }
        }
        if (!open) return;
    }
}

bool Writer::is_tick_due() const { return Steady::now() >= tick_at_; }

// True when the batch is on the disk, or nothing of it needed to be.
bool Writer::commit_batch(Items& items) {
    const auto started = Steady::now();
    const std::size_t leaves_before = projection_.size();
    try {
        store_.begin();
        write_batch(items);
        if (wrote_) {
            finish_batch(leaves_before);
            const auto seconds = std::chrono::duration<double>(Steady::now() - started).count();
            metrics_.commit_seconds.observe(seconds);
            metrics_.batch_records.observe(static_cast<double>(records_));
        } else {
            store_.rollback();
        }
    } catch (const sql::SqlFull& fault) {
        store_.rollback();
        log::error("disk full: nothing of this batch is stored or receipted", {{"error", fault.what()}});
        metrics_.degraded = 1;
        return false;
    }
    if (wrote_) metrics_.degraded = 0;
    metrics_.log_size = projection_.size();
    metrics_.records_committed += records_;
    send_receipts();
    return true;
}

void Writer::write_batch(Items& items) {
    const std::size_t leaves_before = projection_.size();
    set_batch_time();
    wrote_ = false;
    records_ = 0;
    batch_receipts_.clear();
    batch_heads_.clear();
    batch_refusals_.clear();
    batch_states_.clear();
    batch_done_.clear();
    batch_notes_.clear();
    batch_notes_at_ = 0;
    batch_alive_.clear();
    for (WriterItem& item : items) {
        std::visit([&](auto& what) { process(what); }, item);
        judge_again();
    }
    if (is_tick_due()) tick();
    wrote_ = wrote_ || projection_.size() != leaves_before;
    if (!seen_.empty() && (wrote_ || Steady::now() >= seen_since_ + seen_flush_period || items.empty())) {
        for (const auto& [dev_no, row] : seen_) store_.put_seen(row);
        wrote_ = true;
    }
}

void Writer::finish_batch(std::size_t leaves_before) {
    for (const auto& [key, head] : batch_heads_) store_.put_frame_head(head.idx, head.head, head.signature);
    if (projection_.size() != leaves_before) projection_.flush();
    store_.commit();
    ++metrics_.commits;
    seen_.clear();
}

// The disk is full: what was folded in memory does not count. Requests are answered, messages forgotten: their senders
// keep them.
void Writer::give_up_batch(Items& items) {
    projection_.load();
    for (WriterItem& item : items) {
        const Error full{Errc::unavailable, "the collector's disk is full"};
        if (auto* declare = std::get_if<DeclareRequest>(&item)) declare->done(full);
        if (auto* add = std::get_if<RegisterRequest>(&item)) add->done(full);
        if (auto* table = std::get_if<ImportRequest>(&item)) table->done(full);
    }
    items.clear();
}

void Writer::set_batch_time() {
    const std::int64_t now = options_.now_ms();
    const std::int64_t last = projection_.last_recv_ms();
    clock_back_ms_ = now < last ? last - now : 0;
    batch_ms_ = now < last ? last + 1 : now;
}

void Writer::tick() {
    tick_at_ = Steady::now() + tick_period;
    if (clock_back_ms_ > clock_step_finding_ms && !clock_back_told_) {
        projection_.add_fact({std::string{collector_clock}, {}, {{"step_ms", -clock_back_ms_}}}, batch_ms_);
        clock_back_told_ = true;
    }
    if (clock_back_ms_ == 0) clock_back_told_ = false;
    for (store::DevNo no = 1; no <= projection_.device_count(); ++no) {
        Device& device = projection_.at(no);
        carry_out(device, admission::tick(device.ledger, batch_ms_), nullptr, nullptr);
    }
}

void Writer::send_receipts() {
    const std::uint32_t credit_now = credit();
    for (const auto& [key, receipt] : batch_receipts_) send_receipt(key, receipt, credit_now);
    if (credit_now == limits::credit_default)
        give_credit_back();
    else
        for (const auto& [key, receipt] : batch_receipts_) slowed_.insert(key);
    for (auto& [dev_no, state] : batch_states_)
        receipts_.put(dev_no, projection_.at(dev_no).entry.id, std::move(state));
    for (auto& [dev_no, refusal] : batch_refusals_)
        receipts_.put(dev_no, projection_.at(dev_no).entry.id, std::move(refusal));
    for (auto& done : batch_done_) done();
    batch_done_.clear();
    if (!options_.on_commit || (batch_notes_.empty() && batch_alive_.empty())) return;
    std::vector<LiveNote> notes;
    for (const Device* device : batch_alive_)
        notes.push_back({std::nullopt, LeafType::record, device->entry.id.text(), {}, std::nullopt, batch_ms_});
    for (std::size_t i = 0; i < batch_notes_.size(); ++i) {
        const Note& note = batch_notes_[(batch_notes_at_ + i) % batch_notes_.size()];
        notes.push_back({note.idx, note.kind, note.device ? note.device->entry.id.text() : std::string{}, note.type,
                         note.at_ms, batch_ms_});
    }
    options_.on_commit(std::move(notes));
}

void Writer::send_receipt(const EpochKey& key, const admission::Receipt& receipt, std::uint32_t credit_now) {
    Device& device = projection_.at(key.dev_no);
    const EpochPlace* place = projection_.place(device, key.epoch);
    receipts_.put(key.dev_no, device.entry.id,
                  Ack{.boot = options_.boot,
                      .gen = options_.gen,
                      .epoch = receipt.epoch,
                      .seq = receipt.seq,
                      .head = receipt.head,
                      .leaf = place ? place->last_leaf : 0,
                      .size = projection_.size(),
                      .want = receipt.want,
                      .credit = credit_now});
}

// Whoever was told to slow down waits for a word, or for its retry timer: without this a fleet that was slowed together
// stands still together although there is room.
void Writer::give_credit_back() {
    for (const EpochKey& key : slowed_) {
        if (batch_receipts_.contains(key)) continue;
        const admission::EpochLedger* epoch = projection_.at(key.dev_no).ledger.find(key.epoch);
        if (epoch && !epoch->frozen)
            send_receipt(key, {epoch->id, epoch->high, epoch->head, std::nullopt}, limits::credit_default);
    }
    slowed_.clear();
}

// How much the agents may have in flight: the fuller the inbox, the less, down to a pause. So overload slows the
// senders, not us.
std::uint32_t Writer::credit() const {
    const unsigned fill = inbox_.fill_permille();  // the verified queue before the writer is full at any full speed
    if (fill < 250) return limits::credit_default;
    if (fill < 500) return limits::credit_default / 4;
    if (fill < 750) return limits::credit_default / 16;
    return 0;
}

}  // namespace gantry::ingest
