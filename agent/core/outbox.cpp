#include "agent/core/outbox.hpp"

#include <algorithm>
#include <stdexcept>

#include "agent_app_schema.hpp"
#include "common/core/crypto.hpp"
#include "common/io/files.hpp"

namespace gantry::agent {
namespace {

constexpr std::int32_t application_id = 0x47'54'4F'42;  // "GTOB"
constexpr int cache_kib = 128;                          // 32 pages: the right-hand edge, where all work is
constexpr int wal_pages = 256;                          // a checkpoint each megabyte: the WAL and its index stay small
constexpr int sqlite_corrupt = 11;

std::int64_t place_of(std::int64_t n, std::uint64_t seq) { return (n << place_shift) | static_cast<std::int64_t>(seq); }

std::string epoch_open_body(const EpochOpening& opening, const std::optional<EpochParent>& parent) {
    std::string body;
    JsonWriter json{body};
    json.begin_object().key("parent");
    if (parent) {
        json.begin_object().field("epoch", to_hex(parent->epoch)).field("last_seq", parent->last_seq);
        json.field("last_head", to_hex(parent->last_head)).end_object();
    } else {
        json.null();
    }
    json.field("reason", opening.reason).field("host", to_hex(opening.host)).key("host_parts").begin_array();
    if (opening.host_parts & 1) json.value("machine_id");
    if (opening.host_parts & 2) json.value("dmi_uuid");
    json.end_array().field("agent", opening.agent_version).end_object();
    return body;
}

}  // namespace

struct Outbox::Statements {
    explicit Statements(sql::Database& db)
        : insert_record{db, "INSERT INTO record(place, t_ms, head, bytes) VALUES (?1, ?2, ?3, ?4)"},
          insert_epoch{db,
                       "INSERT INTO epoch(n, id, parent_epoch, parent_last_seq, parent_last_head, reason, host, "
                       "host_parts, opened_ms, "
                       "start_head, last_seq, last_head) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, ?10)"},
          update_epoch{
              db,
              "UPDATE epoch SET last_seq = ?2, last_head = ?3, bytes = ?4, acked = ?5, acked_bytes = ?6, pruned = ?7, "
              "pruned_head = ?8, pruned_bytes = ?9, dead = ?10 WHERE n = ?1"},
          set_meta{
              db, "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value"},
          keep_poisoned{db, "INSERT OR REPLACE INTO poisoned(place, at_ms, sha256, bytes) VALUES (?1, ?2, ?3, ?4)"},
          mark_poisoned{db, "UPDATE record SET poisoned = 1 WHERE place = ?1"},
          delete_records{db, "DELETE FROM record WHERE place BETWEEN ?1 AND ?2"},
          read_records{db, "SELECT place, poisoned, bytes FROM record WHERE place BETWEEN ?1 AND ?2 ORDER BY place"},
          head{db, "SELECT head FROM record WHERE place = ?1"},
          sum_bytes{db, "SELECT coalesce(sum(length(bytes)), 0) FROM record WHERE place BETWEEN ?1 AND ?2"},
          prunable{
              db,
              "SELECT place, t_ms, length(bytes) FROM record WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3"},
          meta{db, "SELECT value FROM meta WHERE key = ?1"} {}

    sql::Statement insert_record, insert_epoch, update_epoch, set_meta, keep_poisoned, mark_poisoned, delete_records;
    sql::Query<std::int64_t, bool, std::string_view> read_records;
    sql::Query<Hash> head;
    sql::Query<std::int64_t> sum_bytes;
    sql::Query<std::int64_t, std::int64_t, std::int64_t> prunable;
    sql::Query<std::string> meta;
};

Outbox::Outbox(const std::filesystem::path& file, const DeviceId& dev, const OutboxLimits& limits)
    : dev_{dev},
      limits_{limits},
      db_{sql::open_writer(file, {.application_id = application_id,
                                  .schema = schema_files(),
                                  .cache_kib = cache_kib,
                                  .wal_autocheckpoint_pages = wal_pages})},
      sql_{std::make_unique<Statements>(db_)} {
    load();
    check_tip();
}

Outbox::~Outbox() = default;

void Outbox::load() {
    sql::Query<std::int64_t, EpochId, std::optional<EpochId>, std::optional<std::uint64_t>, std::optional<Hash>, Hash,
               int, Hash, std::uint64_t, Hash, std::int64_t, std::uint64_t, std::int64_t, std::uint64_t,
               std::optional<Hash>, std::int64_t, bool>
        all{db_,
            "SELECT n, id, parent_epoch, parent_last_seq, parent_last_head, host, host_parts, start_head, last_seq, "
            "last_head, bytes, "
            "acked, acked_bytes, pruned, pruned_head, pruned_bytes, dead FROM epoch ORDER BY n"};
    all.each([&](std::int64_t n, const EpochId& id, const auto& parent, const auto& parent_seq, const auto& parent_head,
                 const Hash& host, int parts, const Hash& start, std::uint64_t last_seq, const Hash& last_head,
                 std::int64_t bytes, std::uint64_t acked, std::int64_t acked_bytes, std::uint64_t pruned,
                 const auto& pruned_head, std::int64_t pruned_bytes, bool dead) {
        EpochRow row;
        row.n = n;
        row.state = {.id = id,
                     .parent = {},
                     .host = host,
                     .host_parts = static_cast<std::uint8_t>(parts),
                     .last_seq = last_seq,
                     .last_head = last_head,
                     .acked = acked,
                     .pruned = pruned,
                     .dead = dead};
        if (parent) row.state.parent = EpochParent{*parent, parent_seq.value_or(0), parent_head.value_or(zero_hash)};
        row.start_head = start;
        row.pruned_head = pruned_head.value_or(start);
        row.bytes = bytes;
        row.acked_bytes = acked_bytes;
        row.pruned_bytes = pruned_bytes;
        epochs_.push_back(row);
    });
}

// A file that was cut or swapped under us must not be continued: the last record has to lead to the chain value that it
// is kept with.
void Outbox::check_tip() {
    if (epochs_.empty()) return;
    const EpochRow& tip = epochs_.back();
    if (tip.state.last_seq == tip.state.pruned) return;
    const auto before = head_at(tip.state.id, tip.state.last_seq - 1);
    std::optional<Hash> computed;
    read(tip.state.id, tip.state.last_seq, 1, [&](const StoredRecord& record) {
        if (before) computed = chain_next(*before, as_bytes(record.bytes));
        return true;
    });
    if (!computed || *computed != tip.state.last_head)
        throw sql::SqlBroken{sqlite_corrupt, "outbox: the last record of epoch " + to_hex(tip.state.id) +
                                                 " does not lead to its chain value"};
}

const Outbox::EpochRow* Outbox::row(const EpochId& epoch) const {
    // Newest first: nearly every question is about it.
    const auto found =
        std::find_if(epochs_.rbegin(), epochs_.rend(), [&](const EpochRow& e) { return e.state.id == epoch; });
    return found == epochs_.rend() ? nullptr : &*found;
}

const EpochState* Outbox::find(const EpochId& epoch) const {
    const EpochRow* found = row(epoch);
    return found ? &found->state : nullptr;
}

std::vector<EpochState> Outbox::states(std::size_t whole_max) const {
    std::vector<EpochState> out;
    std::size_t whole = 0;
    for (auto epoch = epochs_.rbegin(); epoch != epochs_.rend(); ++epoch) {
        const EpochState& state = epoch->state;
        const bool is_whole = state.acked == state.last_seq && state.pruned == state.last_seq;
        if (!is_whole || epoch == epochs_.rbegin() || ++whole <= whole_max) out.push_back(state);
    }
    std::ranges::reverse(out);
    return out;
}

std::int64_t Outbox::pending_bytes() const {
    std::int64_t sum = 0;
    for (const EpochRow& epoch : epochs_) sum += epoch.state.dead ? 0 : epoch.bytes - epoch.acked_bytes;
    return sum;
}

std::int64_t Outbox::tail_bytes() const {
    std::int64_t sum = 0;
    for (const EpochRow& epoch : epochs_)
        sum += (epoch.state.dead ? epoch.bytes : epoch.acked_bytes) - epoch.pruned_bytes;
    return sum;
}

std::uint64_t Outbox::pending_records() const {
    std::uint64_t sum = 0;
    for (const EpochRow& epoch : epochs_) sum += epoch.state.dead ? 0 : epoch.state.last_seq - epoch.state.acked;
    return sum;
}

void Outbox::read(const EpochId& epoch, std::uint64_t first, std::uint64_t count,
                  const std::function<bool(const StoredRecord&)>& on_record) {
    const EpochRow* found = row(epoch);
    if (!found || count == 0) return;
    constexpr std::int64_t seq_mask = (std::int64_t{1} << place_shift) - 1;
    sql_->read_records.each(
        [&](std::int64_t place, bool poisoned, std::string_view bytes) -> bool {
            return on_record({static_cast<std::uint64_t>(place & seq_mask), poisoned, std::string{bytes}});
        },
        place_of(found->n, first), place_of(found->n, first + count - 1));
}

std::optional<Hash> Outbox::head_at(const EpochId& epoch, std::uint64_t seq) const {
    const EpochRow* found = row(epoch);
    if (!found || seq > found->state.last_seq) return std::nullopt;
    if (seq == 0) return found->start_head;
    if (seq == found->state.last_seq) return found->state.last_head;
    if (seq == found->state.pruned) return found->pruned_head;
    if (seq < found->state.pruned) return std::nullopt;
    const auto value = sql_->head.first(place_of(found->n, seq));
    return value ? std::optional{std::get<0>(*value)} : std::nullopt;
}

std::optional<std::string> Outbox::meta(std::string_view key) {
    auto value = sql_->meta.first(key);
    return value ? std::optional{std::move(std::get<0>(*value))} : std::nullopt;
}

std::int64_t Outbox::bytes_between(std::int64_t n, std::uint64_t first, std::uint64_t last) {
    if (first > last) return 0;
    return std::get<0>(sql_->sum_bytes.first(place_of(n, first), place_of(n, last)).value());
}

// ---- changes
// -------------------------------------------------------------------------------------------------------------------

Outbox::EpochRow* Outbox::Batch::touch(const EpochId& epoch) {
    for (EpochRow& row : changed_) {
        if (row.state.id == epoch) return &row;
    }
    const EpochRow* row = outbox_.row(epoch);
    if (!row) return nullptr;
    const auto place = std::ranges::find_if(changed_, [&](const EpochRow& other) { return other.n > row->n; });
    return &*changed_.insert(place, *row);
}

Outbox::EpochRow& Outbox::Batch::tip() {
    if (!changed_.empty() && (outbox_.epochs_.empty() || changed_.back().n >= outbox_.epochs_.back().n))
        return changed_.back();
    if (outbox_.epochs_.empty()) throw std::logic_error{"outbox: a record before the first epoch"};
    return *touch(outbox_.current_epoch());
}

EpochId Outbox::Batch::open_epoch(const EpochOpening& opening, const Stamp& stamp) {
    EpochRow row;
    std::optional<EpochParent> parent;
    if (!changed_.empty() || !outbox_.empty()) {
        const EpochRow& last = tip();
        row.n = last.n;
        parent = EpochParent{last.state.id, last.state.last_seq, last.state.last_head};
    }
    ++row.n;
    files::random_bytes(row.state.id);
    row.state.parent = parent;
    row.state.host = opening.host;
    row.state.host_parts = opening.host_parts;
    row.start_head = chain_start(outbox_.dev_, row.state.id, parent ? parent->last_head : zero_hash);
    row.state.last_head = row.pruned_head = row.start_head;
    using std::nullopt;
    const auto parent_epoch = parent ? std::optional{parent->epoch} : nullopt;
    const auto parent_seq = parent ? std::optional{parent->last_seq} : nullopt;
    const auto parent_head = parent ? std::optional{parent->last_head} : nullopt;
    outbox_.sql_->insert_epoch.run(row.n, row.state.id, parent_epoch, parent_seq, parent_head, opening.reason,
                                   opening.host, opening.host_parts, stamp.t_ms, row.start_head);
    changed_.push_back(row);
    append({.src = Source::agent, .at_ms = {}, .type = "epoch_open", .body = epoch_open_body(opening, parent)}, stamp);
    return row.state.id;
}

Promise Outbox::Batch::append(const NewRecord& record, const Stamp& stamp) {
    EpochRow& row = tip();
    RecordHead head;
    head.seq = row.state.last_seq + 1;
    head.t_ms = stamp.t_ms;
    head.mono_ms = stamp.mono_ms;
    head.boot = stamp.boot;
    head.clk = stamp.clk;
    head.src = record.src;
    head.at_ms = record.at_ms;
    head.type = record.type;
    const std::string bytes = encode_record(head, record.body);
    const Hash next = chain_next(row.state.last_head, as_bytes(bytes));
    outbox_.sql_->insert_record.run(place_of(row.n, head.seq), stamp.t_ms, next, as_bytes(bytes));
    row.state.last_seq = head.seq;
    row.state.last_head = next;
    row.bytes += static_cast<std::int64_t>(bytes.size());
    return {row.state.id, head.seq, next};
}

void Outbox::Batch::set_acked(const EpochId& epoch, std::uint64_t seq) {
    EpochRow* row = touch(epoch);
    if (!row) return;
    const std::uint64_t old = row->state.acked;
    const std::uint64_t to = std::min(seq, row->state.last_seq);
    if (to > old) row->acked_bytes += outbox_.bytes_between(row->n, std::max(old, row->state.pruned) + 1, to);
    // What was pruned stays counted as receipted: it takes no room, and `lost` tells of it.
    if (to < old) row->acked_bytes -= outbox_.bytes_between(row->n, std::max(to, row->state.pruned) + 1, old);
    row->state.acked = to;
}

std::uint64_t Outbox::Batch::rehome(const EpochId& epoch, const Stamp& stamp) {
    EpochRow* old = touch(epoch);
    if (!old || old->state.dead) return 0;
    old->state.dead = true;
    const std::uint64_t first = std::max(old->state.acked, old->state.pruned) + 1;
    const std::uint64_t last = old->state.last_seq;
    std::uint64_t count = 0;
    // One record at a time: the statement that reads must not be open while append writes to the same table.
    for (std::uint64_t seq = first; seq <= last; ++seq) {
        std::string bytes;
        outbox_.read(epoch, seq, 1, [&](const StoredRecord& record) {
            bytes = record.bytes;
            return false;
        });
        const auto view = parse_record(bytes);
        if (!view) continue;
        std::string body;
        if (view->type == "rehomed") {
            body = view->body;  // Carried on as it is: a box in a box would grow over the limit.
        } else {
            JsonWriter json{body};
            json.begin_object().field("epoch", to_hex(epoch)).field("seq", seq);
            json.field("bytes", base64_encode(as_bytes(bytes))).end_object();
        }
        append({.src = Source::agent, .at_ms = {}, .type = "rehomed", .body = body}, stamp);
        ++count;
    }
    return count;
}

std::optional<Hash> Outbox::Batch::poison(const EpochId& epoch, std::uint64_t seq, const Stamp& stamp) {
    const EpochRow* row = touch(epoch);
    if (!row) return std::nullopt;
    std::optional<std::string> bytes;
    outbox_.read(epoch, seq, 1, [&](const StoredRecord& record) {
        bytes = record.bytes;
        return false;
    });
    if (!bytes) return std::nullopt;
    const Hash hash = sha256(as_bytes(*bytes));
    outbox_.sql_->keep_poisoned.run(place_of(row->n, seq), stamp.t_ms, hash, as_bytes(*bytes));
    outbox_.sql_->mark_poisoned.run(place_of(row->n, seq));
    return hash;
}

void Outbox::Batch::set_meta(std::string_view key, std::string_view value) { outbox_.sql_->set_meta.run(key, value); }

void Outbox::Batch::commit() {
    for (const EpochRow& row : changed_) {
        const EpochState& state = row.state;
        outbox_.sql_->update_epoch.run(row.n, state.last_seq, state.last_head, row.bytes, state.acked, row.acked_bytes,
                                       state.pruned, row.pruned_head, row.pruned_bytes, state.dead);
    }
    transaction_.commit();
    for (const EpochRow& row : changed_) {
        const auto known = std::ranges::find(outbox_.epochs_, row.n, &EpochRow::n);
        if (known == outbox_.epochs_.end())
            outbox_.epochs_.push_back(row);
        else
            *known = row;
    }
    changed_.clear();
}

// ---- the tail
// ------------------------------------------------------------------------------------------------------------------

std::uint64_t Outbox::prune_limit(const EpochRow& epoch, std::int64_t now_ms, std::size_t rows_max) {
    const std::uint64_t end = epoch.state.dead ? epoch.state.last_seq : epoch.state.acked;
    if (end <= epoch.state.pruned) return epoch.state.pruned;
    std::uint64_t limit = epoch.state.pruned;
    std::int64_t tail = tail_bytes();
    constexpr std::int64_t seq_mask = (std::int64_t{1} << place_shift) - 1;
    sql_->prunable.each(
        [&](std::int64_t place, std::int64_t t_ms, std::int64_t bytes) -> bool {
            const bool old_enough = now_ms - t_ms > limits_.tail_ms_min && tail > limits_.tail_bytes_min;
            if (!old_enough && tail <= limits_.tail_bytes_max) return false;
            tail -= bytes;
            limit = static_cast<std::uint64_t>(place & seq_mask);
            return true;
        },
        place_of(epoch.n, epoch.state.pruned + 1), place_of(epoch.n, end), rows_max);
    return limit;
}

std::size_t Outbox::prune(std::int64_t now_ms, std::size_t rows_max,
                          const std::function<void(const EpochId&, std::uint64_t)>& on_pruned) {
    for (EpochRow& epoch : epochs_) {
        const std::uint64_t old = epoch.state.pruned;
        const std::uint64_t limit = prune_limit(epoch, now_ms, rows_max);
        if (limit == old) continue;
        const auto head = head_at(epoch.state.id, limit);
        if (!head) throw sql::SqlBroken{sqlite_corrupt, "outbox: no chain value at the prune point"};
        EpochRow changed = epoch;
        changed.pruned_bytes += bytes_between(epoch.n, old + 1, limit);
        changed.state.pruned = limit;
        changed.pruned_head = *head;
        sql::Transaction transaction{db_};
        sql_->delete_records.run(place_of(epoch.n, old + 1), place_of(epoch.n, limit));
        sql_->update_epoch.run(changed.n, changed.state.last_seq, changed.state.last_head, changed.bytes,
                               changed.state.acked, changed.acked_bytes, changed.state.pruned, changed.pruned_head,
                               changed.pruned_bytes, changed.state.dead);
        transaction.commit();
        epoch = changed;
        on_pruned(epoch.state.id, limit);
        return limit - old;
    }
    return 0;
}

}  // namespace gantry::agent
