#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gantry::http {

// All limits of the HTTP side, with what happens at each. A value of its own so that tests can shorten the waits.
struct HttpLimits {
    std::size_t header_bytes_max = 16 * 1024;           // 431, close
    std::size_t body_bytes_max = 1024 * 1024;           // 413, close
    std::size_t table_bytes_max = 4 * 1024 * 1024;      // of an import: 413, close
    std::size_t document_bytes_max = 16 * 1024 * 1024;  // 413, close
    std::chrono::milliseconds header_deadline{10'000};  // from a request's first byte: 408, close
    std::chrono::milliseconds body_grace{10'000};       // then at least body_bytes_per_s_min: 408, close
    std::size_t body_bytes_per_s_min = 500;
    std::chrono::milliseconds idle{60'000};         // between requests: close
    std::chrono::milliseconds write_grace{30'000};  // then at least write_bytes_per_s_min: close
    std::size_t write_bytes_per_s_min = 16 * 1024;
    std::size_t requests_per_connection_max = 10'000;  // then `Connection: close`

    // A connection holds at most one header, one body and one answer: 512 × (16 KiB + 1 MiB) is the worst case of 520
    // MiB in bodies, but bodies above 64 KiB are further limited to `large_bodies_max` at a time: 503 beyond.
    std::size_t connections_max = 512;         // accepted, answered 503, closed
    std::size_t connections_per_ip_max = 256;  // 429; loopback and reverse proxies share one address
    std::size_t large_body_bytes = 64 * 1024;
    std::size_t large_bodies_max = 16;
    std::size_t huge_bodies_max = 4;  // above body_bytes_max, at a time: 64 MiB at most; 503 beyond
    std::size_t jobs_max = 4;         // imports and documents under way or waiting: 503 beyond, with Retry-After

    std::size_t readers = 2;                        // threads with a store connection each
    std::size_t read_jobs_max = 256;                // waiting for them: 503 with Retry-After
    std::chrono::milliseconds commit_wait{10'000};  // for a declaration: 503; the Idempotency-Key finds out later
    std::chrono::milliseconds stop_ms{2'000};

    std::size_t streams_max = 64;               // clients of /api/v1/events: 503 with Retry-After
    std::size_t stream_bytes_max = 256 * 1024;  // waiting for one client: dropped, it resumes by Last-Event-ID
    std::uint64_t replay_entries_max = 10'000;  // further behind: event reset
    std::size_t notes_per_tick_max = 200;       // `record` events in one tick; older ones are left out
    std::chrono::milliseconds tick{250};
    std::chrono::milliseconds ping{15'000};
    std::chrono::milliseconds sweep{
        30'000};  // devices that changed by time alone (silent, day over) are told this often
    std::chrono::milliseconds stream_write{10'000};  // a write that takes longer ends the stream

    std::size_t idempotency_keys_max = 10'000;  // oldest finished one gives way
    std::chrono::hours idempotency_keep{24};
};

// Of one answer.
inline constexpr std::size_t page_limit_default = 50;
inline constexpr std::size_t page_limit_max = 500;
inline constexpr std::size_t query_parameters_max = 16;
inline constexpr std::size_t target_bytes_max = 8 * 1024;     // 414 is not used: 431 covers it
inline constexpr std::size_t gzip_bytes_min = 1024;           // smaller answers go as they are
inline constexpr std::int64_t timeline_hours_days_max = 100;  // 2,400 elements, about 400 kB
inline constexpr std::int64_t timeline_days_max = 3700;       // ten years in days
inline constexpr std::size_t lane_intervals_max = 5000;       // newest win, `truncated` says so

}  // namespace gantry::http
