#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "firmware-sim/model/event.hpp"
#include "firmware-sim/model/life.hpp"
#include "firmware-sim/model/profile.hpp"

namespace gantry::sim {

/// A permit with all that ever happens to it; filed again with each event.
struct PermitPaper {
    std::string id;
    std::string kind;
    std::string no;
    std::vector<std::string> categories;
    std::string model;
    std::string site;
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;  ///< 0: without end.
    std::int64_t renewal_filed_ms = 0;
    std::int64_t cancelled_ms = 0;
    std::int64_t filed_ms = 0;  ///< First told then; 0: with its beginning, at the earliest at the start of the run.
};

/// When something that comes again was last done before the run, and when it is next done in it.
struct Recurring {
    std::int64_t last_ms = 0;
    std::int64_t next_ms = 0;
};

/// The file of one device before anybody files it: lawful as made, until a wrong changes it.
struct Dossier {
    std::int64_t start_ms = 0;  ///< of the run
    std::int64_t purchased_ms = 0;
    std::int64_t manufactured_ms = 0;
    std::int64_t labelled_life_days = 12 * 365;
    std::int64_t planned_exams_per_day = 0;
    std::int64_t capacity_exams_per_day = 0;
    std::int64_t tube_rated_scan_ms = 900'000'000;
    bool licence_needed = false;
    bool adopted = false;  ///< Entered the register as it stands (baseline.declared), without its history.

    std::vector<PermitPaper> permits;
    std::map<std::string, std::int64_t> documents;  ///< kind -> filed at; 0: at the start.
    std::vector<std::int64_t> status_tests;         ///< Before the run, passed.
    std::vector<std::int64_t> protection_tests;     ///< Likewise, of the room.
    std::vector<std::int64_t> retests;              ///< Passed in the run, after repairs.
    Recurring status;                               ///< Yearly status test.
    Recurring protection;                           ///< Yearly test of the room.
    Recurring constancy;                            ///< Monthly.
    Recurring maintenance;                          ///< Quarterly.
    std::int64_t positive_permille = 700;           ///< Of the reports in the monthly count.
    std::int64_t count_permille = 1'000;            ///< What the monthly count says of what was done.
    std::int64_t drift_milli = 0;                   ///< The water value moves so far from test to test.

    /// Before the run the status test was last done then.
    void last_status(std::int64_t at_ms);
    PermitPaper& permit(std::string_view kind);  ///< The one in force when the run begins, else the first.
};

Dossier make_dossier(const FleetOptions& options, const Profile& profile, const Life& life, const Plan& plan);

/// A paper and when it is filed.
struct TimedFiling {
    std::int64_t at_ms;
    Filing filing;
};

/// What the device's file holds at the start, and what is filed about its permits and documents as the run goes on.
std::vector<TimedFiling> dossier_filings(const FleetOptions& options, const Profile& profile, const Life& life,
                                         const Dossier& dossier);
/// What its hospital files once, for all its devices.
std::vector<TimedFiling> hospital_filings(const FleetOptions& options, const Profile& first_device);
/// Test bodies, suppliers and instruments with their certificates: filed once for the fleet.
std::vector<TimedFiling> world_filings(const FleetOptions& options);

/// The earliest moment of a run anywhere: the world's papers are filed then.
std::int64_t world_start_ms(const FleetOptions& options);

/// Names that the papers quote.
std::string test_body_of(const FleetOptions& options, std::uint32_t device);
std::string inspector_of(const FleetOptions& options, std::uint32_t device, std::uint64_t test);
std::string meter_of(const FleetOptions& options, std::uint32_t device);
std::string physicist_of(const Profile& profile);
std::string engineer_of(const Profile& profile);

// ---- papers that come again -----------------------------------------------------------------------------------------

struct TestPaper {
    std::string_view kind;  ///< acceptance, status, constancy, site_protection
    std::string id;
    std::int64_t at_ms = 0;
    bool passed = true;
    std::vector<PaperBody> items = {};
    std::string covers = {};
    std::string instrument = {};  ///< empty: the body's own
};
Filing test_paper(const FleetOptions& options, const Profile& profile, const TestPaper& test);
PaperBody test_item(std::string_view item, std::int64_t value_milli, std::int64_t low_milli, std::int64_t high_milli,
                    bool mandatory = true);
/// The monthly items, all well; `water_milli` is what the water value says.
std::vector<PaperBody> constancy_items(std::int64_t water_milli);

struct OrderPaper {
    std::string_view kind;  ///< preventive, corrective, field_change
    std::string id;
    std::int64_t opened_ms = 0;
    std::int64_t started_ms = 0;
    std::int64_t ended_ms = 0;
    std::string fault_code = {};
    std::string schedule = {};
    std::string part = {};  ///< part, old and new serial of a major part
    std::string old_serial = {};
    std::string new_serial = {};
};
Filing order_paper(const Profile& profile, const OrderPaper& order);
Filing permit_paper(const Profile& profile, const PermitPaper& permit, std::int64_t told_at_ms);
Filing document_paper(const FleetOptions& options, const Profile& profile, std::string_view kind, std::int64_t at_ms);

}  // namespace gantry::sim
