#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// What gantry-audit accepts, with the arithmetic, and what happens at each limit.
namespace gantry::audit::limits {

// DICOM PS3.15 A.6 asks for messages of at least 32,768 octets; twice that leaves room for header and padding. Longer:
// refused; over TLS the connection is closed, because a peer that announces more cannot be followed.
inline constexpr std::size_t message_bytes_max = 64 * 1024;
inline constexpr std::size_t datagram_bytes_max = 65'507;  // of one UDP datagram over IPv4

// The audit schema nests 5 deep and its longest element has 10 attributes. Beyond: refused.
inline constexpr std::size_t xml_depth_max = 16;
inline constexpr std::size_t xml_attributes_max = 32;
inline constexpr std::size_t xml_elements_max = 4096;  // an export of 1,000 studies names about 2,000
// Of an attribute that we look at: longer is no code, time or name. The message is refused.
inline constexpr std::size_t xml_value_bytes_max = 1024;

inline constexpr std::size_t codes_max = 8;          // event type codes of one message; the standard has one or two
inline constexpr std::size_t participants_max = 64;  // active participants looked at; the rest is skipped

// Vendor logs. A longer line is skipped to its end and counted: no rule's facts stand that far from a line's start.
inline constexpr std::size_t line_bytes_max = 16 * 1024;
inline constexpr std::size_t rules_max = 256;               // of one pattern file; more: refused at load
inline constexpr std::size_t expression_bytes_max = 1024;   // of one expression; longer: refused at load
inline constexpr std::int64_t expression_memory = 1 << 20;  // of one compiled expression (RE2); more: refused at load
inline constexpr std::size_t pattern_file_bytes_max = 1024 * 1024;

// A file's first bytes tell it from another that took its place.
inline constexpr std::size_t head_bytes_max = 1024;
// Events that wait for the intake together; after a kill -9 at most this many may be sent again.
inline constexpr std::size_t batch_events_max = 64;
inline constexpr std::size_t read_chunk_bytes = 64 * 1024;  // of a log at a time
inline constexpr std::size_t tail_files_max = 64;           // log files of one process; more: refused at start
inline constexpr std::size_t rotated_files_max = 1000;  // rotated files looked at in one folder; the rest is not seen
inline constexpr std::chrono::milliseconds tail_period{500};
// A file that was renamed may still get its last lines from a writer that has not reopened it.
inline constexpr std::chrono::milliseconds rotation_grace{3000};

// Pseudonyms of messages that were delivered. 20 scanners × 2,000 messages × 30 days = 1.2 M rows of about 50 bytes.
// Older ones and, at the limit, the oldest go: a message that is sent again later than that counts again.
inline constexpr std::int64_t seen_rows_max = 2'000'000;
inline constexpr std::int64_t seen_age_ms_max = std::int64_t{30} * 24 * 3600 * 1000;

// Network. Each connection holds one message at most twice: 64 × 2 × 64 KiB = 8 MiB. One more is closed at once.
inline constexpr std::size_t connections_max = 64;
inline constexpr std::chrono::seconds handshake_timeout{10};
// A message that has begun must have ended by then; between messages a peer may be silent for ever.
inline constexpr std::chrono::seconds message_timeout{30};
// UDP has no way to hold a sender back: 1,000 datagrams or 8 MiB wait, what comes beyond is dropped and counted.
inline constexpr std::size_t datagrams_waiting_max = 1000;
inline constexpr std::size_t datagram_bytes_waiting_max = 8 * 1024 * 1024;

inline constexpr std::size_t routes_max = 1000;    // of one file; more: refused at load
inline constexpr std::size_t strangers_max = 256;  // senders without a route named in the log; the rest only counts

// An intake that does not answer within this is away; what it did not answer is sent again after a pause that doubles.
inline constexpr std::chrono::seconds intake_timeout{20};
inline constexpr std::chrono::milliseconds retry_first{500};
inline constexpr std::chrono::milliseconds retry_max{30'000};
// At SIGTERM: how long what was taken in may still be delivered. Then it is counted as lost, and the process ends.
inline constexpr std::chrono::seconds drain_timeout{10};

}  // namespace gantry::audit::limits
