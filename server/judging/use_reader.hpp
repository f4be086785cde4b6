#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/domain/rules/case.hpp"
#include "server/judging/use_words.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::judging {

// Leaves looked at for one case: three months of a busy scanner hold some 40,000. Beyond it the oldest hours stay
// unread, which is unknown, not unused.
inline constexpr std::size_t use_leaves_max = 100'000;

// The single exposures and exams of some hours.
struct SingleEvents {
    std::vector<rules::UseEvent> uses;   // sorted by time, each counted once
    std::vector<rules::ExamSpan> exams;  // with a known start and end, sorted by start
    bool complete = true;                // false: there were more leaves than allowed, or the walk went astray
};
// Of the given hours (of `all`, which say where they stand in the log), looking at `leaves_most` leaves at most.
SingleEvents read_events(store::StoreReader& reader, store::DevNo dev_no, std::span<const store::HourRow> all,
                         std::span<const std::int64_t> wanted, std::size_t leaves_most);

// The single exposures of the given hours (of `all`, which say where they stand in the log), sorted by time, each
// counted once.
std::vector<rules::UseEvent> read_uses(store::StoreReader& reader, store::DevNo dev_no,
                                       std::span<const store::HourRow> all, std::span<const std::int64_t> wanted);

// The same, packed.
std::vector<PackedUse> read_packed_uses(store::StoreReader& reader, store::DevNo dev_no,
                                        std::span<const store::HourRow> all, std::span<const std::int64_t> wanted);

}  // namespace gantry::judging
