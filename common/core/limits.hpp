#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// The protocol's limits, with the arithmetic behind them. What happens at each limit is said beside it.
namespace gantry::limits {

inline constexpr std::size_t record_bytes_max =
    16 * 1024;  // longer: refused at the intake (too_large) and at the collector

// A record may have to travel inside a `rehomed` record as base64: 4/3 of its size plus at most 350 bytes around it
// must still be a record. 16,032 characters of base64 hold 12,024 bytes; 16,032 + 350 < 16,384.
inline constexpr std::size_t intake_record_bytes_max = 12'024;
inline constexpr std::size_t rehomed_base64_max = 16'032;

// A frame travels as one MQTT packet under the broker's max_packet_size of 256 KiB; 200 KiB leaves room for any topic.
inline constexpr std::size_t frame_entries_max = 256;
inline constexpr std::size_t frame_bytes_max = 200 * 1024;
inline constexpr std::size_t message_bytes_max = 64 * 1024;  // GTM1; a hello of 64 epochs takes about 16 KiB
inline constexpr std::size_t hello_epochs_max = 64;          // more epochs: more hello messages

inline constexpr std::size_t json_depth_max = 8;
inline constexpr std::size_t json_keys_max = 64;  // in one object
inline constexpr std::int64_t json_integer_max = (std::int64_t{1} << 53) - 1;

inline constexpr std::size_t leaf_bytes_max = 65'535;

// Records in flight beyond the last receipt. 512 records are two full frames.
inline constexpr std::uint32_t credit_default = 512;
inline constexpr std::chrono::seconds credit_pause_max{30};

inline constexpr std::chrono::seconds retry_first{5};  // doubles on silence
inline constexpr std::chrono::seconds retry_max{300};  // agents always probe at least this often
inline constexpr std::chrono::seconds hello_interval_min{10};
inline constexpr std::chrono::hours hello_period{1};
inline constexpr std::chrono::milliseconds linger{
    1000};  // how long usage may wait for company; urgent records never do
inline constexpr std::uint64_t backlog_records =
    10'000;                                   // pending at connect beyond this: newest and backlog alternate
inline constexpr int refusals_to_poison = 3;  // equal refusals of one record before its tombstone flies

inline constexpr std::chrono::seconds beat_period{60};

}  // namespace gantry::limits
