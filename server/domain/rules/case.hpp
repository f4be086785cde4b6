#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/fold.hpp"
#include "server/domain/paper/papers.hpp"

// All that the rules may know of one device, as values. A judgement is a pure function of a case and a rule pack: the
// same case gives the same findings, whenever and wherever it is judged.
namespace gantry::rules {

// A stretch of time, half open.
struct Span {
    std::int64_t from_ms = 0, to_ms = 0;
    bool empty() const { return from_ms >= to_ms; }
    bool holds(std::int64_t at_ms) const { return from_ms <= at_ms && at_ms < to_ms; }
    bool operator==(const Span&) const = default;
};
using Spans = std::vector<Span>;

// Use in one UTC hour, with where its records stand in the log.
struct UseHour {
    std::int64_t hour_ms = 0;
    std::int64_t length_ms = 3'600'000;  // for figures a row may stand for a whole day
    std::int64_t exams = 0, exposures = 0, patient_exposures = 0;
    std::int64_t exposure_ms = 0;                 // Σ over exposures of known duration
    std::int64_t unknown_duration = 0;            // exposures without one
    std::int64_t charge_ua_ms = 0;                // mAs = this / 1,000,000
    std::int64_t covered_minutes = 0;             // of this hour, that an agent watched
    std::uint64_t first_leaf = 0, last_leaf = 0;  // of its exposures; both 0: not known
    ExamEnds ends{};                              // of the exams that ended in it
};

// One exposure, fetched only for the hours that a rule asks for (see Judged::wanted). There are tens of thousands in a
// case: the texts are views into words that live as long as the program.
struct UseEvent {
    std::int64_t at_ms = 0;
    std::uint64_t leaf = 0;
    std::uint64_t exam = 0;  // first eight bytes of exam_h; 0: not told
    bool patient = true;     // purpose patient or unknown
    bool purpose_known = false;
    std::string_view proto_group, phantom, age_band, user_h, region;  // empty: not told
    bool localiser = false;                                           // acq localiser: counts for no dose statistics
    std::optional<bool> screening;  // a check-up without symptoms; no record carries it yet
    std::optional<std::int64_t> ctdivol_ugy, dlp_ugy_cm;
    bool alert_passed = false, alert_reason = false;
    std::optional<bool> alert_configured;
};

// A rare record: everything but use and coverage. `body` as it was sent (config/schema/events.toml).
struct Moment {
    std::int64_t at_ms = 0;
    std::uint64_t leaf = 0;
    std::string type;
    std::string body;
};

// What a device told of its own temperatures.
struct Climate {
    std::int64_t at_ms = 0;
    std::optional<std::int64_t> oil_mc, anode_mc;
};

// A declaration that entered the log.
struct Declared {
    std::int64_t at_ms = 0, recv_ms = 0;
    std::uint64_t leaf = 0;
    std::string event;
    Role role = Role::hm;
    DataMap data;
    std::vector<std::string> evidence;
};

struct StateSpan {
    std::int64_t from_ms = 0, to_ms = 0;  // to_ms: forever_ms while it lasts
    State state = State::none;
    std::uint64_t leaf = 0;
};

// A stretch of sequence numbers that the collector never got, or a link of the chain that does not fit.
struct SequenceGap {
    std::int64_t at_ms = 0;  // when it was noticed
    std::uint64_t leaf = 0;
    std::int64_t missing = 0;
    bool broken = false;                    // prev_hash mismatch
    std::optional<std::int64_t> filled_ms;  // all of it arrived
};

// Where the device showed itself: fingerprint of subnet, AE title, room tag or gateway, as the collector forms it.
struct SiteSeen {
    std::int64_t at_ms = 0;
    std::uint64_t leaf = 0;
    std::string fp;
};

// From here on, local time is UTC plus this. A zone's changes are looked up by the caller: reading them is not pure.
struct ZoneOffset {
    std::int64_t from_ms = 0;
    std::int64_t offset_ms = 0;
};

// A fault as the device told it, from its raise to its clearance.
struct FaultSpan {
    std::int64_t from_ms = 0, to_ms = 0;  // to_ms: forever_ms while it lasts
    std::string code, severity;           // hard, partial, safety, info
    std::uint64_t leaf = 0;
};

struct OperatingSpan {
    std::int64_t from_ms = 0, to_ms = 0;  // to_ms: forever_ms while it lasts
    Operating operating = Operating::no_data;
};

// One examination, from its start to its end.
struct ExamSpan {
    std::int64_t from_ms = 0, to_ms = 0;
    std::uint64_t exam = 0;  // first eight bytes of exam_h
};

// A finding: since when there was something to find, and when it was found.
struct Alert {
    std::string rule, key;
    std::int64_t since_ms = 0, found_ms = 0;
};

struct DeviceCase {
    std::string device, org, site, tz;
    std::string name;  // what people call it; empty: not told
    std::string modality;
    std::int64_t now_ms = 0;  // time of the judgement: the receive time of the last leaf considered
    std::int64_t registered_ms = 0;
    std::vector<StateSpan> states;  // sorted, without overlap
    std::vector<UseHour> hours;     // sorted; hours without use or watching are left out
    std::vector<UseEvent> uses;     // sorted; of the hours that were asked for
    // Sorted. Of counters only those that say something: the first of a day, and both sides of a change of serial or of
    // a figure that fell.
    std::vector<Moment> moments;
    std::vector<Climate> climate;       // sorted
    std::int64_t frequent_from_ms = 0;  // counters and climate before it were not read; 0: all were
    std::vector<Declared> declared;     // sorted by at_ms
    paper::DevicePapers papers;
    DeviceFold fold;
    std::int64_t last_seen_ms = 0;     // beat or record; 0: never
    std::vector<ZoneOffset> offsets;   // sorted; empty: local time is not known, and rules about it do not judge
    std::vector<SequenceGap> gaps;     // sorted
    std::vector<SiteSeen> sites_seen;  // sorted
    // What only figures ask for (server/domain/kpi); the rules leave it unread.
    std::vector<FaultSpan> faults;         // sorted
    std::vector<OperatingSpan> operating;  // sorted, without overlap
    std::vector<ExamSpan> exams;           // sorted; of `events_read`
    std::vector<Alert> alerts;             // sorted by found_ms
    Spans watched;                         // the minutes that an agent watched, merged
    Spans used;                            // the hours with patient exposures, merged
    Span events_read;                      // `uses` and `exams` hold everything of this time; empty: nothing was read
    // What only the fleet knows.
    std::map<std::string, std::vector<std::string>>
        same_serial;  // serial of device or tube -> other devices that show it
    std::map<std::string, std::vector<std::string>> same_report;  // report hash -> other devices with it
    std::map<std::string, std::int64_t>
        inspector_day_tests;  // "inspector@YYYY-MM-DD" (UTC) -> tests that day, all devices
    std::map<std::string, std::vector<std::string>> licence_devices;  // licence no -> devices that claim it
};

// One thing that a rule found. (rule, key) names it within the device.
struct Found {
    std::string rule;
    std::string key;
    Severity severity = Severity::medium;
    bool suspected = true;
    std::int64_t from_ms = 0, to_ms = 0;  // what it is about
    std::vector<std::uint64_t> leaves;    // the records that made it: at most 16, first and last among them
    std::uint64_t count = 1;              // how many records in all
    std::string measured, limit;          // with units, for people: "412 d", "365 d"
    bool operator==(const Found&) const = default;
};

}  // namespace gantry::rules
