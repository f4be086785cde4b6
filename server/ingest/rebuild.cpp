#include "server/ingest/rebuild.hpp"

#include <fmt/format.h>

#include "server/ingest/projection.hpp"
#include "server/store/compare.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::ingest {
namespace {

constexpr std::uint64_t leaves_a_commit = 20'000;

std::string kind_of(const store::LeafRow& row) {
    return row.type == LeafType::record ? "record" : row.type == LeafType::declaration ? "declaration" : "fact";
}

// The stored log as a place where leaves go: it checks that the fold would have written the very row that is there.
class StoredLog final : public LeafLog {
public:
    explicit StoredLog(sql::Database& db)
        : one_{db, "SELECT type, recv_ms, dev_no, epoch_no, seq, back, bytes FROM leaf WHERE idx = ?1"} {}

    void append(const store::LeafRow& folded) override {
        const store::LeafRow& want = *expected;
        const bool same = folded.idx == want.idx && folded.type == want.type && folded.dev_no == want.dev_no &&
                          folded.epoch_no == want.epoch_no && folded.seq == want.seq && folded.back == want.back;
        if (!same && !difference)
            difference = fmt::format(
                "leaf {}: stored as {} dev_no={} epoch_no={} seq={} back={}, folded again dev_no={} epoch_no={} seq={} "
                "back={}",
                want.idx, kind_of(want), want.dev_no, want.epoch_no, want.seq, want.back.value_or(0), folded.dev_no,
                folded.epoch_no, folded.seq, folded.back.value_or(0));
    }
    std::optional<store::LeafRow> leaf(std::uint64_t idx, Bytes& bytes) override {
        std::optional<store::LeafRow> out;
        one_.each(
            [&](int type, std::int64_t recv_ms, store::DevNo dev_no, store::EpochNo epoch_no, std::uint64_t seq,
                std::optional<std::uint64_t> back, ByteView stored) {
                bytes.assign(stored.begin(), stored.end());
                out = store::LeafRow{idx, static_cast<LeafType>(type), recv_ms, dev_no, epoch_no, seq, back, bytes};
            },
            idx);
        return out;
    }
    std::optional<Hash> frame_head(std::uint64_t) override { return std::nullopt; }

    const store::LeafRow* expected = nullptr;
    std::optional<std::string> difference;

private:
    sql::Query<int, std::int64_t, store::DevNo, store::EpochNo, std::uint64_t, std::optional<std::uint64_t>, ByteView>
        one_;
};

// Device ids and epoch ids by the numbers that leaves carry. They are themselves compared at the end.
class Numbers {
public:
    explicit Numbers(sql::Database& db)
        : device_{db, "SELECT id FROM device WHERE dev_no = ?1"},
          epoch_{db, "SELECT epoch FROM epoch WHERE epoch_no = ?1"} {}
    const EpochId* epoch(store::EpochNo no) {
        if (const auto found = epochs_.find(no); found != epochs_.end()) return &found->second;
        const auto row = epoch_.first(no);
        return row ? &epochs_.emplace(no, std::get<0>(*row)).first->second : nullptr;
    }
    std::optional<std::string> device(store::DevNo no) {
        const auto row = device_.first(no);
        return row ? std::optional{std::get<0>(*row)} : std::nullopt;
    }

private:
    sql::Query<std::string> device_;
    sql::Query<EpochId> epoch_;
    std::unordered_map<store::EpochNo, EpochId> epochs_;
};

Result<void> replay_json(Projection& projection, const store::LeafRow& row) {
    if (row.type == LeafType::fact) {
        const auto fact = parse_fact_leaf(as_text(row.bytes));
        if (!fact) return fact.error();
        Device* device = projection.find(fact->subject);
        if (device) {
            if (auto done = admission::replay_fact(device->ledger, *fact, row.recv_ms); !done) return done;
            for (const auto& [id, epoch] : device->ledger.epochs()) projection.touch(*device, id);
        }
    }
    const auto added = projection.add_json(row.type, as_text(row.bytes), row.recv_ms);
    return added ? Result<void>{} : Result<void>{added.error()};
}

Result<void> replay_record(Projection& projection, Numbers& numbers, const store::LeafRow& row) {
    const EpochId* epoch = numbers.epoch(row.epoch_no);
    if (row.dev_no == 0 || row.dev_no > projection.device_count() || !epoch)
        return Error{Errc::malformed, fmt::format("leaf {}: names a device or epoch that is not there", row.idx)};
    Device& device = projection.at(row.dev_no);
    const auto record = parse_record(as_text(row.bytes));
    if (!record) return Error{Errc::malformed, fmt::format("leaf {}: {}", row.idx, record.error().message)};
    std::optional<EpochOpen> open;
    if (row.seq == 1) {
        auto parsed = parse_epoch_open(record->body);
        if (!parsed) return Error{Errc::malformed, fmt::format("leaf {}: {}", row.idx, parsed.error().message)};
        open = std::move(*parsed);
    }
    admission::replay_record(device.ledger, *epoch, row.seq, static_cast<std::uint32_t>(row.bytes.size()),
                             sha256(row.bytes), open, row.recv_ms);
    projection.add_record(device, *epoch, row.seq, row.bytes, *record, row.recv_ms);
    for (const EpochId& fork : device.ledger.open_forks()) projection.touch(device, fork);
    return {};
}

void copy_tables(store::StoreReader& from, store::StoreWriter& to) {
    sql::Query<std::string, std::string> metas{from.db(), "SELECT key, value FROM meta WHERE key LIKE 'lifecycle.%'"};
    metas.each([&](std::string key, std::string value) { to.put_meta(key, value); });
}

Result<void> replay_all(store::StoreReader& source, store::StoreWriter& fresh, Projection& projection, StoredLog& log,
                        std::uint64_t size) {
    Numbers numbers{source.db()};
    sql::Query<std::uint64_t, int, std::int64_t, store::DevNo, store::EpochNo, std::uint64_t,
               std::optional<std::uint64_t>, ByteView>
        leaves{source.db(),
               "SELECT idx, type, recv_ms, dev_no, epoch_no, seq, back, bytes FROM leaf WHERE idx < ?1 ORDER BY idx"};
    Result<void> outcome;
    std::uint64_t next = 0;
    leaves.each(
        [&](std::uint64_t idx, int type, std::int64_t recv_ms, store::DevNo dev_no, store::EpochNo epoch_no,
            std::uint64_t seq, std::optional<std::uint64_t> back, ByteView bytes) {
            const store::LeafRow row{idx, static_cast<LeafType>(type), recv_ms, dev_no, epoch_no, seq, back, bytes};
            if (idx != next) outcome = Error{Errc::malformed, fmt::format("leaf {}: not stored", next)};
            if (!outcome) return false;
            log.expected = &row;
            outcome =
                row.type == LeafType::record ? replay_record(projection, numbers, row) : replay_json(projection, row);
            if (!outcome || log.difference) return false;
            if (++next % leaves_a_commit == 0) {
                projection.flush();
                fresh.commit();
                fresh.begin();
            }
            return true;
        },
        size);
    if (outcome && !log.difference && next != size)
        return Error{Errc::malformed, fmt::format("leaf {}: not stored, the tree has {} leaves", next, size)};
    return outcome;
}

}  // namespace

Result<RebuildReport> rebuild(const std::filesystem::path& database, const std::filesystem::path& scratch) {
    store::StoreReader source{database};
    const store::StoreReader::Snapshot snapshot{source};
    sql::Database& stored = source.db();
    stored.abort_after_ms(0);  // a whole fold takes as long as it takes; the snapshot keeps it consistent
    const auto state = source.log_state();
    RebuildReport report;
    if (!state) return report;
    report.leaves = state->size;

    const std::filesystem::path fresh_file = scratch / "rebuild.db";
    {
        store::StoreWriter fresh{fresh_file};
        StoredLog log{stored};
        Projection projection{fresh, log};
        projection.load();
        fresh.begin();
        copy_tables(source, fresh);
        const auto replayed = replay_all(source, fresh, projection, log, state->size);
        if (!replayed)
            report.difference = replayed.error().message;
        else
            report.difference = log.difference;
        projection.flush();
        fresh.commit();
        report.root = to_hex(projection.frontier().root());
    }
    if (!report.difference) {
        sql::Database rebuilt = sql::open_reader(fresh_file);
        report.difference = store::first_difference(stored, rebuilt);
    }
    return report;
}

}  // namespace gantry::ingest
