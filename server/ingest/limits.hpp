#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// The collector's limits, with the arithmetic behind them and what happens at each.
namespace gantry::ingest {

// Messages between Paho's callback and the verifier. Full: the message is counted and dropped before anything was
// promised, and the agent sends it again. 24 MiB are some 1,500 frames of 50 records: about half a second of full
// speed.
inline constexpr std::size_t inbox_messages_max = 8192;
inline constexpr std::size_t inbox_bytes_max = 24 * 1024 * 1024;

// Verified messages that wait for the writer. Full: the verifier waits, and the inbox fills.
inline constexpr std::size_t verified_messages_max = 2048;
inline constexpr std::size_t verified_bytes_max = 8 * 1024 * 1024;

// One transaction. 10,000 records of 300 bytes are about 3 MB of pages: some 20 ms of work for one fsync, so that a
// receipt never waits long behind a backlog. Declarations and registrations come on top; there are few.
inline constexpr std::size_t batch_records_max = 10'000;
inline constexpr std::size_t batch_messages_max = 1024;

// Requests of people and programs that wait for the writer. Full: refused as unavailable.
inline constexpr std::size_t requests_max = 256;
inline constexpr std::size_t register_devices_max = 50'000;            // in one request
inline constexpr std::size_t admin_line_bytes_max = 24 * 1024 * 1024;  // a document of 16 MiB as base64
inline constexpr std::size_t import_rows_max = 500;                    // in one transaction: 1,500 leaves, some 20 ms

// Receipts wait for the sender coalesced: of one epoch only the newest. Refusals of one device beyond this: the oldest
// give way.
inline constexpr std::size_t refusals_per_device_max = 8;

// Hour rows kept in memory: of 1.3 kB each, some 20 MB. Further ones are read from the store again.
inline constexpr std::size_t hour_cells_max = 16'384;

inline constexpr std::chrono::seconds checkpoint_period{60};
inline constexpr std::uint64_t checkpoint_leaves = 1'000;  // … whichever comes first, while there is news

inline constexpr std::chrono::seconds seen_flush_period{10};  // signs of life alone are no reason for an fsync each
inline constexpr std::size_t live_notes_max = 256;            // of one commit told to listeners: the last ones

inline constexpr std::chrono::seconds full_retry_period{1};  // disk full: how often the writer tries again

inline constexpr std::int64_t clock_offset_finding_ms = 60'000;
inline constexpr std::int64_t clock_step_finding_ms = 2'000;

}  // namespace gantry::ingest
