#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

// The collector's figures as atomics: any thread may read them at any time. Names of the Prometheus series stand beside
// them.
namespace gantry::ingest {

using Counter = std::atomic<std::uint64_t>;
using Gauge = std::atomic<std::int64_t>;

// Upper bounds ascending; the last bucket is everything above. `sum` counts in the unit of the bounds.
template <std::size_t N>
struct Histogram {
    std::array<double, N> bounds;
    std::array<Counter, N + 1> counts{};
    std::atomic<double> sum{0};

    void observe(double value) {
        std::size_t at = 0;
        while (at < N && value > bounds[at]) ++at;
        counts[at].fetch_add(1, std::memory_order_relaxed);
        sum.fetch_add(value, std::memory_order_relaxed);
    }
};

// Why a frame or message, or a record in it, was not taken.
enum class RefusedFrame : std::size_t {
    topic,
    unknown_device,
    unknown_key,
    layout,
    direction,
    signature,
    chain,
    schema,
    utf8,
    too_large,
    unknown_type,
    conflict,
    count_
};
inline constexpr std::array<std::string_view, static_cast<std::size_t>(RefusedFrame::count_)> refused_names{
    "topic", "unknown_device", "unknown_key", "layout",    "direction",    "signature",
    "chain", "schema",         "utf8",        "too_large", "unknown_type", "conflict"};

// The reason that a record's refusal code is counted under.
constexpr RefusedFrame refused_record(std::string_view code) {
    for (std::size_t i = 0; i < refused_names.size(); ++i)
        if (refused_names[i] == code) return static_cast<RefusedFrame>(i);
    return RefusedFrame::schema;
}

struct Metrics {
    Counter records_committed{0};  // gantry_records_committed_total
    Counter records_duplicate{0};  // gantry_records_duplicate_total
    std::array<Counter, static_cast<std::size_t>(RefusedFrame::count_)>
        frames_refused{};           // gantry_frames_refused_total{reason}
    Counter inbox_dropped{0};       // gantry_inbox_dropped_total
    Gauge inbox_depth{0};           // gantry_inbox_depth (messages)
    Gauge inbox_bytes{0};           // gantry_inbox_bytes
    Counter messages_sent{0};       // gantry_messages_sent_total: receipts, states, refusals
    Counter messages_dropped{0};    // gantry_messages_dropped_total: the connection went away
    Counter receipts_coalesced{0};  // gantry_receipts_coalesced_total: a newer one covers it
    Counter commits{0};             // gantry_commits_total
    Histogram<10> commit_seconds{
        .bounds = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5}};        // gantry_commit_seconds
    Histogram<8> batch_records{.bounds = {1, 5, 20, 100, 500, 2000, 5000, 10000}};  // gantry_batch_records
    Counter log_size{0};                                                            // gantry_log_size
    Gauge devices{0};                                                               // registered
    Gauge degraded{0};          // gantry_degraded: 1 while the disk is full
    Gauge broker_connected{0};  // gantry_broker_connected
    Counter checkpoints{0};     // gantry_checkpoints_total
    Counter verdicts{0};        // gantry_verdicts_total
    Counter declarations{0};    // gantry_declarations_total
    Counter declarations_refused{0};
    Gauge log_damaged{0};  // gantry_log_damaged: stored leaves do not give the root; no checkpoint is signed

    void refused(RefusedFrame reason) {
        frames_refused[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
    }
};

}  // namespace gantry::ingest
