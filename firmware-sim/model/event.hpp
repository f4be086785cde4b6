#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

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

struct DoseAlert {
    std::int64_t dlp_alert_ugy_cm;
    std::int64_t dlp_estimate_ugy_cm;
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

struct Identity {};  ///< The device's own plate; the profile has the values.
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
    int tube;
    std::string old_serial;
    std::string new_serial;
};

/// One hour as the agent beside the device saw it; only an emitter that plays the agent sends it.
struct Coverage {
    std::int64_t hour_ms;
    std::uint64_t map;  ///< 60 bits, minute 0 is the highest.
};

/// What a person states; travels by HTTP, never by the agent.
struct Declared {
    std::string_view event;
    std::string_view role;
    std::string_view reason;
    std::vector<std::string_view> documents;  ///< Kinds of evidence; the emitter turns each into a hash.
    std::string data_json = "{}";
};

using What =
    std::variant<ExamStarted, Exposure, ExamEnded, DoseSummary, Identity, PowerOn, PowerOff, Counter, Environment,
                 FaultRaised, FaultCleared, Audit, SoftwareChanged, ServiceSession, PartReplaced, Coverage, Declared>;

/// One simulated fact. `true_ms` orders the stream; `at_ms` is what the device's own clock said.
struct SimEvent {
    std::int64_t true_ms;
    std::int64_t at_ms;
    What what;
};

}  // namespace gantry::sim
