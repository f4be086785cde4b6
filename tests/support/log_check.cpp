#include "tests/support/log_check.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <functional>
#include <memory>
#include <stdexcept>

#include "common/core/bytes.hpp"
#include "common/core/chain.hpp"
#include "common/core/ids.hpp"

namespace gantry::testing {
namespace {

using Row = std::function<void(sqlite3_stmt*)>;

std::string blob(sqlite3_stmt* row, int column) {
    const void* data = sqlite3_column_blob(row, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
    return data == nullptr ? std::string{} : std::string{static_cast<const char*>(data), size};
}

void each_row(const std::filesystem::path& file, const char* query, const Row& on_row) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> db{raw, sqlite3_close};
    if (opened != SQLITE_OK) throw std::runtime_error{"cannot read " + file.string()};
    sqlite3_busy_timeout(raw, 5000);
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(raw, query, -1, &statement, nullptr) != SQLITE_OK)
        throw std::runtime_error{file.string() + ": " + sqlite3_errmsg(raw)};
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owned{statement, sqlite3_finalize};
    int step = 0;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) on_row(statement);
    if (step != SQLITE_DONE) throw std::runtime_error{file.string() + ": " + sqlite3_errmsg(raw)};
}

// The parent's head as epoch_open names it; 64 zeros without a parent.
std::string parent_head(const std::string& epoch_open) {
    const std::string key = R"("last_head":")";
    const auto at = epoch_open.find(key);
    return at == std::string::npos ? std::string(64, '0') : epoch_open.substr(at + key.size(), 64);
}

struct Place {
    const StoredRecord* record;
    std::string head;
};
using Places = std::map<std::pair<std::string, std::uint64_t>, Place>;  // (epoch, seq)

// Walks the epochs along the log and notes each record's chain value.
Places walk(const std::vector<StoredRecord>& records, std::vector<std::string>& faults) {
    Places places;
    std::map<std::string, std::pair<std::uint64_t, Hash>> ends;  // epoch -> last seq and its chain value
    for (const StoredRecord& record : records) {
        auto& [high, head] = ends[record.epoch];
        if (record.seq != high + 1) {
            faults.push_back(fmt::format("log index {}: epoch {} goes from seq {} to {}", record.index, record.epoch,
                                         high, record.seq));
        }
        if (record.seq == 1) {
            head = chain_start(DeviceId::parse(record.device).value(), epoch_from_hex(record.epoch).value(),
                               hash_from_hex(parent_head(record.bytes)).value());
        }
        head = chain_next(head, as_bytes(record.bytes));
        high = record.seq;
        if (!places.emplace(std::pair{record.epoch, record.seq}, Place{&record, to_hex(head)}).second)
            faults.push_back(
                fmt::format("log index {}: epoch {} seq {} is stored twice", record.index, record.epoch, record.seq));
    }
    return places;
}

}  // namespace

std::vector<StoredRecord> read_records(const std::filesystem::path& database) {
    std::vector<StoredRecord> records;
    each_row(database,
             "SELECT l.idx, d.id, e.epoch, l.seq, l.bytes FROM leaf l JOIN device d ON d.dev_no = l.dev_no "
             "JOIN epoch e ON e.epoch_no = l.epoch_no WHERE l.type = 1 ORDER BY l.idx",
             [&](sqlite3_stmt* row) {
                 records.push_back({.index = static_cast<std::uint64_t>(sqlite3_column_int64(row, 0)),
                                    .device = blob(row, 1),
                                    .epoch = to_hex(as_bytes(blob(row, 2))),
                                    .seq = static_cast<std::uint64_t>(sqlite3_column_int64(row, 3)),
                                    .bytes = blob(row, 4)});
             });
    return records;
}

std::uint64_t count_records(const std::filesystem::path& database) {
    std::uint64_t count = 0;
    each_row(database, "SELECT count(*) FROM leaf WHERE type = 1",
             [&](sqlite3_stmt* row) { count = static_cast<std::uint64_t>(sqlite3_column_int64(row, 0)); });
    return count;
}

std::map<std::string, std::uint64_t> read_findings(const std::filesystem::path& database) {
    std::map<std::string, std::uint64_t> found;
    each_row(database, "SELECT rule, sum(count) FROM finding GROUP BY rule", [&](sqlite3_stmt* row) {
        found[blob(row, 0)] = static_cast<std::uint64_t>(sqlite3_column_int64(row, 1));
    });
    return found;
}

std::vector<std::string> faults_of_log(const std::filesystem::path& database, const std::vector<Promised>& promises) {
    std::vector<std::string> faults;
    const auto records = read_records(database);
    const Places places = walk(records, faults);
    for (const Promised& promised : promises) {
        const auto& [epoch, seq, head] = promised.promise;
        const auto found = places.find({epoch, seq});
        const std::string what =
            fmt::format("line {} of {}, promised as epoch {} seq {}", promised.n, promised.device, epoch, seq);
        if (found == places.end()) {
            faults.push_back(what + ": not in the log");
        } else if (found->second.record->device != promised.device) {
            faults.push_back(what + ": stored for " + found->second.record->device);
        } else if (found->second.record->bytes.find(mark(promised.n)) == std::string::npos) {
            faults.push_back(what + ": other bytes are stored there: " + found->second.record->bytes);
        } else if (found->second.head != head) {
            faults.push_back(what + ": chain value " + found->second.head + ", promised " + head);
        }
    }
    return faults;
}

std::string summary(const std::vector<std::string>& faults) {
    std::string text = fmt::format("{} faults", faults.size());
    for (std::size_t i = 0; i < faults.size() && i < 10; ++i) text += "\n  " + faults[i];
    return text;
}

}  // namespace gantry::testing
