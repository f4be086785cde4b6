#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/bytes.hpp"
#include "common/core/leaf.hpp"
#include "common/core/record.hpp"
#include "server/domain/hour_cell.hpp"
#include "server/domain/lifecycle.hpp"
#include "server/domain/lifecycle_table.hpp"
#include "server/domain/record_body.hpp"

// The state of a device is a pure fold over the leaves of the log: the same leaves in the same order give the same
// bytes, live or rebuilt.
namespace gantry {

// What the device does, as observed. `no_data` ("void") is a state of its own: never drawn as up, never as zero.
enum class Operating : std::uint8_t { no_data, off, standby, scanning, service, fault };
std::string_view name(Operating operating);  // void, off, standby, scanning, service, fault
std::optional<Operating> operating_from(std::string_view text);

enum class Severity : std::uint8_t { info, low, medium, high, critical };
std::string_view name(Severity severity);

struct TubeFold {
    std::string id{};
    std::string serial{};  // as its counter record says; empty: not known
    std::int64_t exposures = 0;
    std::int64_t exposure_ms = 0;   // Σ over exposures of known duration
    std::int64_t charge_ua_ms = 0;  // mAs = this / 1,000,000
    std::int64_t shown_at_ms = 0;   // the device's own counters, last seen then
    std::optional<std::int64_t> shown_scan_ms{};
    std::optional<std::int64_t> shown_mas{};
    bool operator==(const TubeFold&) const = default;
};

// A fault code and its latest raise and clearance; open while raised is later.
struct FaultFold {
    std::string code{};
    std::string severity{};   // hard, partial, safety, info
    std::string subsystem{};  // empty: not told
    std::int64_t raised_ms = 0;
    std::int64_t cleared_ms = 0;
    std::uint64_t leaf_index = 0;
    bool open() const { return raised_ms > cleared_ms; }
    bool operator==(const FaultFold&) const = default;
};

struct IdentityFold {
    std::string serial, maker, model, sw, ae;
    std::int64_t at_ms = 0;
    bool operator==(const IdentityFold&) const = default;
};

inline constexpr std::size_t tubes_max = 16;   // tubes beyond these are summed under the id "other"
inline constexpr std::size_t faults_max = 64;  // codes beyond these push out the one cleared longest ago

struct DeviceFold {
    LifecycleFold life;
    Operating operating = Operating::no_data;  // without `scanning`, which comes and goes with time: see operating_at
    std::int64_t operating_since_ms = 0;
    std::int64_t last_use_ms = 0;  // latest exposure or exam event, event time
    bool in_exam = false;          // an exam began and did not end yet
    std::int64_t exam_at_ms = 0;   // event time that settled it; likewise for the next two
    bool powered_off = false;
    std::int64_t power_at_ms = 0;
    bool in_service = false;  // a service session is open
    std::int64_t service_at_ms = 0;
    std::int64_t last_at_ms = 0;    // latest event time
    std::int64_t last_recv_ms = 0;  // latest receive time
    std::uint64_t last_leaf = 0;
    std::uint64_t records = 0;
    std::uint64_t late = 0;  // observations older than what the operating state already rests on
    std::uint64_t exposures = 0;
    std::uint64_t patient_exposures = 0;
    std::uint64_t duplicates = 0;       // exposures told again and not counted
    std::uint64_t missing_records = 0;  // declared or found lost
    std::uint64_t unknown_tube = 0;     // exposures that name no tube
    bool identity_alarm = false;
    bool clock_bad = false;
    std::int64_t clock_step_ms = 0;  // the last step told
    std::int64_t coverage_hour = 0;  // latest hour with a coverage record
    IdentityFold identity;
    std::vector<TubeFold> tubes;    // sorted by id
    std::vector<FaultFold> faults;  // sorted by code

    bool operator==(const DeviceFold&) const = default;
};

// Canonical JSON (RFC 8785): equal folds give equal bytes.
std::string serialize(const DeviceFold& fold);
Result<DeviceFold> parse_device_fold(std::string_view json);

// ---- input
// -------------------------------------------------------------------------------------------------------------------------

// One leaf as the fold sees it. Views must live through the call.
struct LeafEvent {
    LeafType type = LeafType::record;
    std::uint64_t leaf_index = 0;
    std::int64_t recv_ms = 0;
    RecordView record;             // type record
    const UseBody* use = nullptr;  // the record's body, when somebody took it apart already
    std::string_view json;         // types declaration and fact
    bool original_stored =
        false;  // for a `rehomed` record: the record inside is in the log already under its own (epoch, seq)
    bool assigned = false;  // the record came to another identity and a person assigned it to this device
};

// Where the record inside a `rehomed` body came from, so that the caller can say whether the original is stored.
struct RehomedOrigin {
    EpochId epoch{};
    std::uint64_t seq = 0;
    std::string bytes;  // the record inside
};
Result<RehomedOrigin> rehomed_origin(std::string_view body);

// The hours that apply will read or change, for the caller to fetch before. Empty for leaves that touch none.
struct TouchedHours {
    std::array<std::int64_t, 4> hours{};
    std::size_t count = 0;
    const std::int64_t* begin() const { return hours.data(); }
    const std::int64_t* end() const { return hours.data() + count; }
};
TouchedHours touched_hours(const LeafEvent& leaf);

// ---- output
// ------------------------------------------------------------------------------------------------------------------------

enum class Lane : std::uint8_t { lifecycle, operating, faults };
std::string_view name(Lane lane);

// A row of the timeline, identified by (device, lane, key, from_ms). put: insert or replace; remove: it was merged into
// another.
struct IntervalChange {
    Lane lane = Lane::lifecycle;
    std::string key;    // faults: the code; else empty
    std::string state;  // state, operating state or severity
    std::int64_t from_ms = 0;
    std::optional<std::int64_t> to_ms;  // none: still open
    std::uint64_t leaf_index = 0;
    bool remove = false;
    bool operator==(const IntervalChange&) const = default;
};

// An observation that contradicts the declared life. It is stored all the same. One finding is (device, rule,
// state_since_ms): the caller inserts it or counts one more.
struct FindingCandidate {
    std::string rule{};  // V10 … V14
    std::string kind = "contradiction";
    Severity severity = Severity::high;
    bool suspected = false;  // the purpose of the exposure is not known
    State state = State::none;
    std::int64_t state_since_ms = 0;
    std::int64_t at_ms = 0;
    std::uint64_t leaf_index = 0;
    bool operator==(const FindingCandidate&) const = default;
};

struct Effects {
    std::vector<IntervalChange> intervals;
    std::vector<FindingCandidate> findings;
    // From here on the states of the life are others than before: what was observed since is to be judged again.
    std::int64_t redrawn_from_ms = std::numeric_limits<std::int64_t>::max();
    bool declared = false;   // a declaration changed or confirmed the life
    bool duplicate = false;  // an exposure that was known already
    void clear() {
        intervals.clear();
        findings.clear();
        redrawn_from_ms = std::numeric_limits<std::int64_t>::max();
        declared = duplicate = false;
    }
};

// Whether an observation contradicts the life as it is known: any record where the device should not exist any more, an
// exposure that its state forbids. `leaf_index` is left to the caller. Pure: asked again when the life is derived anew.
std::optional<FindingCandidate> presence_contradicts(const LifecycleFold& life, const LifecycleTable& table,
                                                     std::int64_t at_ms);
std::optional<FindingCandidate> exposure_contradicts(const LifecycleFold& life, const LifecycleTable& table,
                                                     const UseBody& use, std::int64_t at_ms);

// Where the table says that being switched off is an alarm: a cold magnet loses its helium.
inline constexpr std::string_view power_off_rule = "power_off";
std::optional<FindingCandidate> power_off_alarms(const LifecycleFold& life, const LifecycleTable& table,
                                                 std::int64_t at_ms);

// Folds one leaf into its device. `table` says what each state forbids. A record of a type this version does not know
// counts as a sign of life and changes nothing else. The record must have passed the schema. Effects are appended.
// Fails only for a declaration or fact leaf whose JSON is not what the builders of leaf_json.hpp write; then nothing is
// changed.
Result<void> apply(DeviceFold& device, const LeafEvent& leaf, const LifecycleTable& table, HourCells& hours,
                   Effects& effects);

// ---- what is shown
// -----------------------------------------------------------------------------------------------------------------

// A fact cannot be later than its receipt: a source's clock further ahead than this is not believed, and `clock_bad` is
// set.
inline constexpr std::int64_t ahead_believed_ms = 60'000;

inline constexpr std::int64_t silent_after_ms = 15 * 60'000;  // no beat and no record for so long: silent
inline constexpr std::int64_t scanning_for_ms =
    5 * 60'000;  // an exposure without an exam's end counts as scanning for so long
inline constexpr std::int64_t exam_longest_ms = 4 * 3'600'000;  // an exam that never ends is taken as over

// The operating state as of `now_ms`, given the last sign of life (beat or record): time passes without events too.
Operating operating_at(const DeviceFold& device, std::int64_t last_seen_ms, std::int64_t now_ms);

// Flags beside the state: silent, clock_bad, identity_alarm, restricted, retest_due.
std::vector<std::string> overlays(const DeviceFold& device, std::int64_t last_seen_ms, std::int64_t now_ms);

}  // namespace gantry
