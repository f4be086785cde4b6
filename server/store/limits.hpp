#pragma once

#include <cstddef>
#include <cstdint>

// The store's limits, with the arithmetic behind them.
namespace gantry::store {

inline constexpr std::int32_t application_id = 0x47'41'4E'54;  // "GANT"

// 48 MiB of pages hold the right-hand edge of every table and the hour rows of some ten thousand devices. Further pages
// are read from the disk again: slower, never wrong.
inline constexpr int writer_cache_kib = 48 * 1024;
inline constexpr int reader_cache_kib = 8 * 1024;
// Leaves of some 450 bytes are appended: 8 KiB pages hold seventeen, take an eighth less room than 4 KiB ones and half
// the writes. 16 KiB gained nothing more.
inline constexpr int page_bytes = 8192;
// 8,000 pages: a checkpoint for each 64 MiB of WAL, so its fsync is shared by many commits, and a page that was changed
// by many of them is written once.
inline constexpr int wal_autocheckpoint_pages = 8000;

inline constexpr std::int64_t read_ms_max = 5000;  // a longer read fails: it would keep the WAL from being reset

// Refused messages remembered: at 300 bytes a row 3 MB. Beyond it the oldest give way.
inline constexpr std::int64_t quarantine_rows_max = 10'000;
// Other histories kept as evidence: of one epoch the first 4 messages, of all the first 2,000; a message has at most
// 200 KiB, so in the worst case 400 MB. Beyond it the finding is still counted.
inline constexpr std::int64_t conflict_rows_per_epoch_max = 4;
inline constexpr std::int64_t conflict_rows_max = 2'000;

inline constexpr std::size_t page_rows_max = 1000;  // rows that one read function returns
inline constexpr std::size_t walk_leaves_max =
    50'000;  // leaves that one filtered walk along a device's history looks at

}  // namespace gantry::store
