#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "firmware-sim/model/filing.hpp"

namespace gantry::sim {

enum class Group { head, neck, chest, abdomen, pelvis, spine, extremity, cardiac, angio, whole_body, calibration };
enum class Purpose { patient, phantom, service };
enum class Acquisition { localiser, spiral, sequenced, stationary };

/// Names as config/schema/events.toml spells them.
std::string_view name(Group group);
std::string_view region_name(Group group);
std::string_view name(Purpose purpose);
std::string_view name(Acquisition acquisition);

struct ExamStarted {
    std::uint64_t exam;  ///< Counts from 1 on each device.
    Group group;
    Purpose purpose;
    std::string_view age_band;  ///< Empty for test objects.
};

struct SourceUse {
    std::int64_t kv_v;
    std::int64_t ma_mean_ua;
    std::int64_t ma_max_ua;
    std::int64_t rot_ms;  ///< 0: the gantry stands still.
};

/// The dose check of one scan (NEMA XR-25): whether it is set up, and what it compared.
struct DoseAlert {
    bool configured;
    std::int64_t dlp_alert_ugy_cm;
    std::int64_t dlp_estimate_ugy_cm;  ///< 0: below the alert value, not reported.
    bool reason_given;
};

struct Exposure {
    std::uint64_t exam;
    int n;  ///< Place in its report, from 1.
    Acquisition acquisition;
    Group group;
    Purpose purpose;
    std::int64_t duration_ms;
    std::int64_t length_um;
    std::int64_t pitch_milli;  ///< 0: has none.
    std::int64_t collimation_single_um;
    std::int64_t collimation_total_um;
    std::int64_t ctdivol_ugy;
    std::int64_t dlp_ugy_cm;
    bool head_phantom;
    int sources;  ///< 1 or 2.
    std::array<SourceUse, 2> source;
    std::optional<DoseAlert> alert;
};

struct ExamEnded {
    std::uint64_t exam;
    Group group;
    bool completed;
    std::string_view reason;  ///< Empty when completed.
    int series;
    std::int64_t duration_ms;
    int exposures;
    std::int64_t exposure_ms;
    std::int64_t dlp_ugy_cm;
};

struct DoseSummary {
    std::uint64_t exam;
    Group group;
    int events;
    std::int64_t dlp_ugy_cm;
};

/// The device's own plate. What is empty is as the profile says.
struct Identity {
    std::string serial = {};
    std::string ae_title = {};
};
struct PowerOn {};
struct PowerOff {};

struct Counter {
    int tube;  ///< 0 = A, 1 = B.
    std::string serial;
    std::int64_t scan_ms;
    std::int64_t mas;
    std::int64_t exams;
    std::int64_t rotations;
    std::int64_t arcs;
};

struct Environment {
    std::int64_t oil_mc;
    std::int64_t anode_mc;
    std::int64_t room_mc;
    std::int64_t rh_permille;
    std::int64_t supply_mv;
};

struct FaultRaised {
    std::string_view code;
    std::string_view severity;
    std::string_view subsystem;
};
struct FaultCleared {
    std::string_view code;
};
struct Audit {
    int code;
    std::uint64_t user;  ///< 0: nobody.
};
struct SoftwareChanged {
    std::string from;
    std::string to;
};
struct ServiceSession {
    bool start;
    bool remote;
};
struct PartReplaced {
    int tube;  ///< -1: not a tube but the detector.
    std::string old_serial;
    std::string new_serial;
};

/// Fitted without a word: only the counter shows the new serial. Nobody is told of the event itself.
struct TubeSwapped {
    int tube;
    std::string serial;
};
/// The host's clock was stepped, as the agent beside the device notices.
struct ClockStepped {
    std::int64_t step_ms;
};
/// What the agent knows that it lost.
struct GapDeclared {
    std::int64_t count;
    std::int64_t from_ms;
    std::int64_t to_ms;
};

/// One hour as the agent beside the device saw it; only an emitter that plays the agent sends it.
struct Coverage {
    std::int64_t hour_ms;
    std::uint64_t map;  ///< 60 bits, minute 0 is the highest.
};

/// What a person states or files; travels by HTTP, never by the agent.
struct Declared {
    std::string_view event;
    std::string_view role;
    std::string_view reason;
    std::vector<std::string_view> documents;  ///< Kinds of evidence; the emitter turns each into a hash.
    std::string data_json = "{}";
    std::shared_ptr<const Filing> paper = {};  ///< Of `paper.filed`.
};
Declared filed(Filing filing);

using What = std::variant<ExamStarted, Exposure, ExamEnded, DoseSummary, Identity, PowerOn, PowerOff, Counter,
                          Environment, FaultRaised, FaultCleared, Audit, SoftwareChanged, ServiceSession, PartReplaced,
                          TubeSwapped, ClockStepped, GapDeclared, Coverage, Declared>;

/// One simulated fact. `true_ms` orders the stream; `at_ms` is what the device's own clock said.
struct SimEvent {
    std::int64_t true_ms;
    std::int64_t at_ms;
    What what;
};

}  // namespace gantry::sim
