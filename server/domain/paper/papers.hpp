#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

// The papers that gate use and prove work, as values: permits, tests, contracts, recalls, schedules, work orders. A
// paper is filed by a person's declaration (`paper.filed`), checked against config/schema/papers.toml, and never
// changed: a later filing of the same (kind, id) takes the place of the one before, which stays in the log. All times
// are UTC milliseconds; validity is half open, [from_ms, to_ms).
namespace gantry::paper {

inline constexpr std::int64_t forever_ms = std::numeric_limits<std::int64_t>::max();

// Where a paper stands in the log. Bitemporal: `from_ms` of the paper says when it holds, `recv_ms` since when it is
// known.
struct Filed {
    std::string id;          // of its kind, given by whoever files it
    std::uint64_t leaf = 0;  // log index of the filing
    std::int64_t recv_ms = 0;
    bool operator==(const Filed&) const = default;
};

// Who and where. The paper id is the id that devices and other papers quote.
struct Org : Filed {
    std::string name, name_en, region;
    std::string kind;  // hospital, test_body, supplier, service, recycler, authority
    std::optional<std::int64_t> open_beds;
    bool operator==(const Org&) const = default;
};
struct Site : Filed {
    std::string org, name, name_en, tz, address;
    bool operator==(const Site&) const = default;
};
struct Room : Filed {
    std::string site, name;
    std::string device;                                 // register id of the device in it; empty: none yet
    std::optional<std::int64_t> shielding_reviewed_ms;  // before construction; none: not reviewed
    std::optional<std::int64_t> evaluation_accepted_ms;
    std::optional<std::int64_t> area_dm2;
    std::string drawing_sha256;  // hexadecimal
    bool operator==(const Room&) const = default;
};
struct Qualification {
    std::string kind;  // training, radiation_worker, physicist, inspector, engineer, large_device_operator
    std::string no;
    std::int64_t from_ms = 0;
    std::int64_t to_ms = forever_ms;
    bool operator==(const Qualification&) const = default;
};
struct Person : Filed {
    std::string org, name;
    std::string role;  // manager, radiology, operator, physicist, inspector, engineer
    std::vector<Qualification> qualifications;
    bool operator==(const Person&) const = default;
};

// What a device is beside its register entry: bought when, for how much, with which specification.
struct DeviceSheet : Filed {
    std::string modality, maker, model, serial, udi_di;
    std::optional<std::int64_t> purchased_ms;  // contract signed
    std::optional<std::int64_t> price_cny;     // whole yuan
    std::optional<std::int64_t> rows;          // CT detector rows
    std::optional<std::int64_t> field_mt;      // MR field strength, millitesla
    std::string guided_by;                     // radiotherapy: none, ct, mr, stereotactic, proton, heavy_ion
    bool first_configured = false;             // first of its kind in the country: judged by price
    std::optional<std::int64_t> manufactured_ms;
    std::optional<std::int64_t> labelled_life_days;   // from manufacture
    std::optional<std::int64_t> life_extended_to_ms;  // life.extension_assessed
    std::optional<std::int64_t> installed_ms;
    std::optional<std::int64_t> planned_exams_per_day;
    std::optional<std::int64_t> capacity_exams_per_day;
    std::optional<std::int64_t> openable_days_per_year, openable_minutes_per_day;
    std::optional<std::int64_t> pm_normal_ms;  // the model's normal time for a preventive maintenance
    std::optional<std::int64_t> tube_rated_scan_ms;
    std::string site_fp;      // fingerprint of the place it was registered at
    std::string predecessor;  // register id at the former owner
    bool operator==(const DeviceSheet&) const = default;
};

// Who issues: config_licence the health commission (class A national, B provincial), radiation_safety the environment
// authority (REG-E), radiodiagnosis the health department (REG-H), product_registration the drug authority (REG-D).
enum class PermitKind : std::uint8_t { config_licence, radiation_safety, radiodiagnosis, product_registration };

struct Permit : Filed {
    PermitKind kind = PermitKind::config_licence;
    std::string no;
    std::string holder;       // organisation id
    std::string model, site;  // empty: not bound
    std::string room;
    std::vector<std::string> devices;     // register ids it names; empty: by kind and scope
    std::vector<std::string> categories;  // radiodiagnosis: xray_imaging, interventional, nuclear_medicine,
                                          // radiotherapy; radiation_safety: ray device class II, III, sources
    std::int64_t from_ms = 0;
    std::int64_t to_ms = forever_ms;
    std::optional<std::int64_t> renewal_filed_ms;
    std::optional<std::int64_t> cancelled_ms;
    bool on_commitment = false;  // granted on a promise (notification and commitment)
    bool in_force(std::int64_t at_ms) const {
        return from_ms <= at_ms && at_ms < to_ms && (!cancelled_ms || at_ms < *cancelled_ms);
    }
    bool operator==(const Permit&) const = default;
};

// A promise on which a permit was granted: fulfilled by a later filing, or overdue.
struct Commitment : Filed {
    std::string permit;                // id of the permit
    std::string org;                   // organisation id; needed when no devices are named
    std::vector<std::string> devices;  // register ids
    std::string what;
    std::optional<std::int64_t> promised_ms;
    std::int64_t due_ms = 0;
    std::optional<std::int64_t> fulfilled_ms;
    bool operator==(const Commitment&) const = default;
};

enum class TestKind : std::uint8_t { acceptance, status, constancy, site_protection };

struct TestItem {
    std::string item;                         // "ctdi_w", "water_hu", "noise", …
    std::optional<std::int64_t> value_milli;  // in thousandths of its unit
    std::optional<std::int64_t> limit_low_milli, limit_high_milli;
    bool mandatory = true;
    bool pass = false;
    bool operator==(const TestItem&) const = default;
};

struct Test : Filed {
    TestKind kind = TestKind::status;
    std::string device;
    std::int64_t at_ms = 0;  // day of the test
    bool passed = false;
    std::vector<TestItem> items;
    std::string body;       // id of the test body
    std::string inspector;  // id of the person
    std::vector<std::string> instruments;
    std::string report_sha256;                  // hexadecimal
    std::vector<std::string> covers;            // parts the test covers: "tube", "detector", …; empty: all
    std::optional<std::int64_t> interval_days;  // constancy: how often this one is due
    bool operator==(const Test&) const = default;
};

// Somebody's or something's certificate with a validity: a test body's accreditation, an instrument's calibration.
struct Certificate : Filed {
    std::string subject;  // id of the body, instrument, supplier, installer or recycler
    std::string kind;     // accreditation, calibration, supplier_licence, installer_authorisation, recycler_licence
    std::string no;
    std::string org;  // the organisation it matters to; empty: to all
    std::int64_t from_ms = 0;
    std::int64_t to_ms = forever_ms;
    bool in_force(std::int64_t at_ms) const { return from_ms <= at_ms && at_ms < to_ms; }
    bool operator==(const Certificate&) const = default;
};

// A person who runs devices. `user_h` is the pseudonym the host's records carry; empty: not mapped.
struct Operator : Filed {
    std::string org;
    std::string person;  // paper id of the person
    std::string user_h;
    std::vector<std::string> devices;  // empty: all of the organisation
    std::int64_t training_to_ms = 0;
    std::int64_t dosimetry_at_ms = 0;  // last personal dosimetry reading
    std::int64_t health_check_at_ms = 0;
    bool operator==(const Operator&) const = default;
};

enum class RecallAction : std::uint8_t { stop_use, correct, monitor };

struct Recall : Filed {
    std::int64_t recall_class = 2;  // I, II, III as 1, 2, 3
    RecallAction action = RecallAction::correct;
    std::string what;
    std::string maker, model;            // empty: any
    std::string serial_from, serial_to;  // inclusive; empty: open
    std::vector<std::string> devices;    // register ids matched by a person
    std::int64_t notice_ms = 0;
    std::int64_t close_by_ms = forever_ms;
    bool operator==(const Recall&) const = default;
};

// What a hospital did about a recall on one device.
struct RecallAnswer : Filed {
    std::string recall, device;
    std::optional<std::int64_t> acknowledged_ms, closed_ms;
    bool operator==(const RecallAnswer&) const = default;
};

// Preventive maintenance or a constancy test that comes again: by calendar, by counter, or whichever comes first.
struct Schedule : Filed {
    std::string device;
    std::string name;
    std::string work = "pm";  // pm, constancy, status_test, site_protection
    std::string item;         // constancy: which item
    std::optional<std::int64_t> every_days;
    std::optional<std::int64_t> every_scan_ms, every_exams, every_mas;
    std::optional<std::int64_t> grace_days;  // none: 10 % of the interval, at most 14 days
    std::int64_t from_ms = 0;                // counts from here until it was first done
    std::int64_t to_ms = forever_ms;
    bool operator==(const Schedule&) const = default;
};

struct ChecklistItem {
    std::string item;
    bool done = false;
    bool operator==(const ChecklistItem&) const = default;
};
struct PartUsed {
    std::string part, old_serial, new_serial;
    bool major = false;
    std::optional<std::int64_t> cost_cny;
    bool operator==(const PartUsed&) const = default;
};

// From alarm to closure.
struct WorkOrder : Filed {
    std::string device;
    std::string kind = "corrective";  // preventive, corrective, field_change
    std::string schedule;             // the schedule it fulfils
    std::string recall;               // the recall it answers
    std::int64_t opened_ms = 0;
    std::optional<std::int64_t> responded_ms, diagnosed_ms, parts_ms, started_ms, ended_ms, signed_off_ms;
    std::string fault_code;
    std::vector<ChecklistItem> checklist;
    std::vector<PartUsed> parts;
    std::optional<std::int64_t> cost_cny;
    std::string engineer, signed_by;
    std::string outcome;  // resolved, not_resolved, impossible
    bool open_at(std::int64_t at_ms) const { return opened_ms <= at_ms && (!ended_ms || at_ms <= *ended_ms); }
    bool operator==(const WorkOrder&) const = default;
};

// A time that both sides of a contract leave out of what it promises.
struct Exclusion {
    std::int64_t from_ms = 0, to_ms = 0;
    std::string reason;  // force_majeure, power_failure, misuse, building, no_access, other
    bool operator==(const Exclusion&) const = default;
};

// A contract with what it promises. Down-time definitions are its own.
struct Contract : Filed {
    std::vector<std::string> devices;
    std::string kind = "service";  // service, warranty, lease, purchase
    std::string no;
    std::string supplier;
    std::int64_t from_ms = 0;
    std::int64_t to_ms = forever_ms;
    std::optional<std::int64_t> uptime_permille;
    std::int64_t cover_from_minute = 0, cover_to_minute = 1440;  // of the local day
    std::uint8_t cover_weekdays = 0x7f;                          // bit 0 Monday
    std::int64_t partial_factor_permille = 500;                  // a partial fault counts as this much down time
    std::optional<std::int64_t> annual_cost_cny;
    std::vector<std::string> down_states;  // fault, retest, pm, suspended, sealed; empty: fault and retest
    std::string down_from = "fault";       // or call: down time runs from the corrective work order
    std::vector<Exclusion> exclusions;
    bool operator==(const Contract&) const = default;
};

// What a device cost or earned in a period, beside what contracts and work orders say.
struct Cost : Filed {
    std::string device;
    std::string kind;  // service, tube, energy, staff, consumables, room, income
    std::int64_t from_ms = 0, to_ms = 0;
    std::int64_t amount_cny = 0;  // of the whole period
    bool operator==(const Cost&) const = default;
};

struct Document : Filed {
    std::string device, kind;  // kind as the lifecycle tables name evidence
    std::string title;
    std::string sha256;
    std::int64_t at_ms = 0;
    bool operator==(const Document&) const = default;
};

struct AdverseEvent : Filed {
    std::string device, fault_code;
    std::string harm;  // death, serious, none
    std::int64_t at_ms = 0;
    std::optional<std::int64_t> reported_ms;
    bool operator==(const AdverseEvent&) const = default;
};

// What is told of the hospital itself: opening hours, the monthly count it declares, a changed holder.
struct OpeningHours : Filed {
    std::string device;                                // empty: all of the site
    std::string site;                                  // needed when no device is named
    std::int64_t from_minute = 480, to_minute = 1020;  // of the local day
    std::uint8_t weekdays = 0x1f;                      // bit 0 Monday
    std::int64_t from_ms = 0, to_ms = forever_ms;
    bool operator==(const OpeningHours&) const = default;
};
struct DeclaredCount : Filed {
    std::string device;
    std::int64_t from_ms = 0, to_ms = 0;
    std::int64_t exams = 0;
    std::optional<std::int64_t> reported, positive;
    bool operator==(const DeclaredCount&) const = default;
};
struct HolderChange : Filed {
    std::string org;
    std::int64_t at_ms = 0;
    std::optional<std::int64_t> amended_ms;  // permits amended
    bool operator==(const HolderChange&) const = default;
};

// Everything on file about one device: what names it, its organisation, its site, or all devices like it. Each list is
// sorted by (time that it is about, id).
struct DevicePapers {
    DeviceSheet sheet;         // its id is empty when none was filed
    std::optional<Org> org;    // the device's own
    std::optional<Site> site;  // the device's own
    std::vector<Room> rooms;   // the one it is in, and empty ones of its site
    std::vector<Person> people;
    std::vector<Permit> permits;
    std::vector<Commitment> commitments;
    std::vector<Test> tests;
    std::vector<Certificate> certificates;
    std::vector<Operator> operators;
    std::vector<Recall> recalls;
    std::vector<RecallAnswer> recall_answers;
    std::vector<Schedule> schedules;
    std::vector<WorkOrder> work_orders;
    std::vector<Contract> contracts;
    std::vector<Cost> costs;
    std::vector<Document> documents;
    std::vector<AdverseEvent> adverse_events;
    std::vector<OpeningHours> hours;
    std::vector<DeclaredCount> counts;
    std::vector<HolderChange> holder_changes;
    bool operator==(const DevicePapers&) const = default;
};

}  // namespace gantry::paper
