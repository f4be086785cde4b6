#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// What gantry-dicom accepts, with the arithmetic, and what happens at each limit.
namespace gantry::dicom::limits {

// The largest of the public CT dose reports we know has 61 kB; a day of 1,000 events at 3 kB each has 3 MB. Larger:
// refused.
inline constexpr std::size_t object_bytes_max = 16 * 1024 * 1024;

// DCMTK keeps about 200 bytes an element: 200,000 elements are 40 MB at most. A report takes about 130 elements an
// event, so this is some 1,500 events. More: refused.
inline constexpr std::size_t elements_max = 200'000;

// DCMTK reads nested sequences by recursion, a frame of about 1 kB each. The CT dose template nests 6 items deep.
// Deeper: refused.
inline constexpr std::size_t nesting_max = 64;

// The schema's limit on `n`. A report with more events: refused whole, so that nothing is counted in part.
inline constexpr std::size_t events_max = 10'000;
inline constexpr std::size_t sources_max = 4;        // the schema's; further tubes are dropped with value_out_of_range
inline constexpr std::size_t text_bytes_max = 4096;  // of one value; the rest of a longer one is not looked at

// An irradiation event longer than this is never believed: a CT tube cannot stay on for an hour.
inline constexpr std::int64_t exposure_ms_max = 3'600'000;

// Pseudonyms remembered. 20 scanners × 300 events × 400 days = 2.4 M rows of about 50 bytes. At the limit the oldest
// go.
inline constexpr std::int64_t seen_rows_max = 4'000'000;
inline constexpr std::int64_t seen_age_ms_max = std::int64_t{400} * 24 * 3600 * 1000;

// Examinations begun by MPPS and not yet ended: a busy department has tens. At the limit the oldest is dropped and
// counted.
inline constexpr std::int64_t open_steps_max = 10'000;

// Network. A ninth association is rejected ("local limit exceeded", transient); a peer that is silent for the timeout
// is cut off. Each association costs a thread and a PDU of 16 KiB.
inline constexpr std::size_t associations_max = 8;
inline constexpr std::size_t connections_max =
    32;  // TCP connections that have not yet said who they are; more are closed
inline constexpr std::chrono::seconds network_timeout{30};
inline constexpr std::size_t associate_bytes_max = 60 * 1024;  // an A-ASSOCIATE-RQ with 128 contexts takes about 20 kB

// An intake that does not answer within this is away: the scanner is told to send again.
inline constexpr std::chrono::seconds intake_timeout{20};

inline constexpr std::chrono::milliseconds watch_period{
    1000};  // a file is read once its size and time stood still for one period
inline constexpr std::size_t watch_files_max =
    100'000;  // directory entries looked at in one round; the rest waits, and is logged

}  // namespace gantry::dicom::limits
