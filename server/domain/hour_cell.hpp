#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

// The rollup row of one device and one UTC hour, keyed by event time. Every sum is commutative, so the order of arrival
// does not matter.
namespace gantry {

inline constexpr std::int64_t ms_per_hour = 3'600'000;
inline constexpr std::int64_t hour_of(std::int64_t at_ms) {
    return at_ms - (at_ms % ms_per_hour + ms_per_hour) % ms_per_hour;
}

// A histogram with fixed logarithmic buckets: eight to each doubling, so a percentile is right within 1/16 of its
// value. Buckets are sparse and sorted. Values are whole numbers from 0 to 2^31 - 1.
class Sketch {
public:
    void add(std::uint32_t value, std::uint32_t count = 1);
    void merge(const Sketch& other);
    std::uint64_t count() const;
    // The middle of the bucket that holds the value of rank permille/1000; nullopt when empty.
    std::optional<std::uint32_t> percentile(unsigned permille) const;

    struct Bucket {
        std::uint8_t index = 0;
        std::uint32_t count = 0;
        bool operator==(const Bucket&) const = default;
    };
    const std::vector<Bucket>& buckets() const { return buckets_; }
    bool operator==(const Sketch&) const = default;

    std::string serialize() const;  // "index:count,index:count"
    static Result<Sketch> parse(std::string_view text);

private:
    std::vector<Bucket> buckets_;
};

// An hour of a scanner holds about 20 exams and 100 exposures. Beyond this many different ones further ones are
// counted, but no longer told from repetitions: `keys_full` says so.
inline constexpr std::size_t hour_keys_max = 4096;

// Why an exam was discontinued: the words of config/schema/events.toml, and last the one for those that did not tell.
inline constexpr std::array<std::string_view, 10> abort_reasons = {
    "equipment_failure", "equipment_change", "patient_refused", "no_show", "patient_condition",
    "wrong_worklist",    "operator_error",   "unspecified",     "other",   "not_told"};

// The exams that ended in a stretch of time.
struct ExamEnds {
    std::int64_t completed = 0;
    std::array<std::int32_t, abort_reasons.size()> discontinued{};
    std::int64_t timed = 0;    // of all these, with a known duration
    std::int64_t exam_ms = 0;  // Σ of the known durations

    std::int64_t aborted() const;
    std::int64_t all() const { return completed + aborted(); }
    void add(const ExamEnds& other);
    bool operator==(const ExamEnds&) const = default;

    std::string serialize() const;  // "completed,timed,ms" and ",reason:count" for each reason; empty: none ended
    static Result<ExamEnds> parse(std::string_view text);
};

struct HourCell {
    std::int64_t exams = 0;  // begun in this hour: seen in it and not in the hour before
    std::int64_t exposures = 0;
    std::int64_t patient_exposures = 0;  // purpose patient or unknown
    std::int64_t exposure_ms = 0;        // X-ray on, where known
    std::int64_t charge_ua_ms = 0;       // Σ tube current × time; mAs = this / 1,000,000
    std::int64_t dlp_ugy_cm = 0;
    std::int64_t unknown_duration = 0;  // exposures whose time is not known: absent is not zero
    std::int64_t faults = 0;
    std::int64_t records = 0;                        // that were counted into this row
    std::array<std::int64_t, 2> half_exposure_ms{};  // first and second half hour, for the 24 h band
    std::array<std::int64_t, 2> half_exposures{};
    std::uint64_t coverage = 0;  // bit 59 is minute 0
    Sketch ctdivol;              // µGy
    std::vector<std::uint64_t>
        event_keys;  // sorted: first 8 bytes of each event_h, and of each exam_h that ended (marked)
    std::vector<std::uint64_t> exam_keys;  // sorted: first 8 bytes of each exam_h seen in this hour
    bool keys_full = false;
    ExamEnds ends;
    std::uint64_t first_leaf = 0, last_leaf = 0;  // log indexes of its exposures; both 0: none

    std::int64_t mas() const { return charge_ua_ms / 1'000'000; }
    int coverage_minutes() const;
    bool operator==(const HourCell&) const = default;

    // The part that identifies what was counted, as one blob: u16 counts, then the keys. Deterministic.
    std::string serialize_keys() const;
    Result<void> parse_keys(std::string_view bytes);
};

// The hour rows of one device that the writer has fetched for this batch. `touched_hours` of fold.hpp names them.
class HourCells {
public:
    virtual ~HourCells() = default;
    // The row, or null when there is none.
    virtual HourCell* find(std::int64_t hour) = 0;
    // The row, made empty when there is none; it will be changed.
    virtual HourCell& change(std::int64_t hour) = 0;
};

}  // namespace gantry
