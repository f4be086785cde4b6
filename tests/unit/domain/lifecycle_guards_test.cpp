#include "server/domain/lifecycle_guards.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <set>

#include "tests/unit/domain/ct_table.hpp"

using namespace gantry;

namespace {

constexpr std::int64_t day = 86'400'000;
constexpr std::int64_t at = 1'000 * day;  // when the declarations take effect

using Facts = DeviceFacts&;
using Say = Declaration&;
using Life = Standing&;

struct Row {
    std::string guard;
    std::string what;  // of the row, for people
    std::function<void(Facts, Say, Life)> change;
    std::string missing;  // empty: it holds
    std::string who = {};
};

void nothing(Facts, Say, Life) {}
std::function<void(Facts, Say, Life)> of_kind(const char* kind) {
    return [kind](Facts f, Say, Life) { f.papers.documents[0].kind = kind; };
}

std::optional<Refused> asked(const Row& row) {
    DeviceFacts facts = full_facts(at);
    Declaration declared = full_declaration("any", Role::hm);
    declared.at_ms = declared.recv_ms = at;
    Standing life = standing(State::retest);
    life.since_ms = at - 3 * day;
    row.change(facts, declared, life);
    const LifecycleFold whole = life_standing(life);
    const LifeEvent event = life_event_of(declared);
    return find_guard(row.guard)->judge({ct_table(), life, whole, facts, declared, event});
}

const std::vector<Row>& rows() {
    static const std::vector<Row> all = {
        {"need_statement", "attached", nothing, ""},
        {"need_statement", "none", [](Facts, Say d, Life) { d.evidence.clear(); }, "feasibility_report", "HM"},
        {"need_statement", "on file",
         [](Facts f, Say d, Life) { d.evidence.clear(), f.papers.documents[0].kind = "board_minute"; }, ""},

        {"in_catalogue", "16 rows", nothing, "licence.not_required", "HM"},
        {"in_catalogue", "63 rows", [](Facts f, Say, Life) { f.papers.sheet.rows = 63; }, "licence.not_required"},
        {"in_catalogue", "64 rows", [](Facts f, Say, Life) { f.papers.sheet.rows = 64; }, ""},
        {"in_catalogue", "rows not told", [](Facts f, Say, Life) { f.papers.sheet.rows.reset(); }, "device_sheet.rows", "HM"},
        {"in_catalogue", "no catalogue", [](Facts f, Say, Life) { f.catalogues = {}; }, "catalogue"},
        {"not_in_catalogue", "16 rows", nothing, ""},
        {"not_in_catalogue", "64 rows", [](Facts f, Say, Life) { f.papers.sheet.rows = 64; }, "licence.granted", "REG-H"},
        {"not_in_catalogue", "rows not told", [](Facts f, Say, Life) { f.papers.sheet.rows.reset(); }, "device_sheet.rows"},
        {"not_in_catalogue", "no sheet, another modality by the register",
         [](Facts f, Say, Life) { f.papers.sheet = {}, f.modality = "DR"; }, ""},

        {"supplier_qualified", "licensed", nothing, ""},
        {"supplier_qualified", "nobody named", [](Facts, Say d, Life) { d.data.erase("supplier"); }, "data.supplier", "HM"},
        {"supplier_qualified", "named by the contract",
         [](Facts f, Say d, Life) {
             d.data.erase("supplier");
             paper::Contract contract;
             contract.kind = "purchase";
             contract.supplier = "org-s";
             f.papers.contracts = {contract};
         },
         ""},
        {"supplier_qualified", "another", [](Facts, Say d, Life) { d.data["supplier"] = std::string{"org-x"}; },
         "certificate supplier_licence"},
        {"supplier_qualified", "ends now", [](Facts f, Say, Life) { f.papers.certificates[0].to_ms = at; },
         "certificate supplier_licence"},
        {"supplier_qualified", "ends after now", [](Facts f, Say, Life) { f.papers.certificates[0].to_ms = at + 1; }, ""},
        {"installer_authorised", "authorised", nothing, ""},
        {"installer_authorised", "from tomorrow", [](Facts f, Say, Life) { f.papers.certificates[1].from_ms = at + 1; },
         "certificate installer_authorisation"},
        {"recycler_certified", "certified", nothing, ""},
        {"recycler_certified", "nobody named", [](Facts, Say d, Life) { d.data.erase("recycler"); }, "data.recycler"},

        {"registration_valid", "in force", nothing, ""},
        {"registration_valid", "none", [](Facts f, Say, Life) { f.papers.permits.pop_back(); },
         "permit product_registration", "REG-D"},
        {"registration_valid", "ended now", [](Facts f, Say, Life) { f.papers.permits[2].to_ms = at; },
         "permit product_registration"},
        {"registration_valid", "begins now", [](Facts f, Say, Life) { f.papers.permits[2].from_ms = at; }, ""},

        {"model_as_licensed", "needs none", nothing, ""},
        {"model_as_licensed", "listed, no licence", [](Facts f, Say, Life) { f.papers.sheet.rows = 128; },
         "permit config_licence", "REG-H"},
        {"model_as_licensed", "licensed",
         [](Facts f, Say, Life) {
             f.papers.sheet.rows = 128;
             paper::Permit& p = f.papers.permits[2];
             p.kind = paper::PermitKind::config_licence;
             p.devices = {"ct-0001"};
             p.model = "Axis";
             p.from_ms = at;
         },
         ""},
        {"model_as_licensed", "for another model",
         [](Facts f, Say, Life) {
             f.papers.sheet.rows = 128;
             paper::Permit& p = f.papers.permits[2];
             p.kind = paper::PermitKind::config_licence;
             p.devices = {"ct-0001"};
             p.model = "Bolt";
         },
         "permit config_licence"},
        {"model_as_licensed", "licence younger than the contract",
         [](Facts f, Say, Life) {
             f.papers.sheet.rows = 128;
             paper::Permit& p = f.papers.permits[2];
             p.kind = paper::PermitKind::config_licence;
             p.devices = {"ct-0001"};
             p.from_ms = at + 1;
         },
         "permit config_licence"},

        {"permits_in_force", "both", nothing, ""},
        {"permits_in_force", "no radiation permit", [](Facts f, Say, Life) { f.papers.permits.erase(f.papers.permits.begin()); },
         "permit radiation_safety", "REG-E"},
        {"permits_in_force", "no radiodiagnosis permit",
         [](Facts f, Say, Life) { f.papers.permits.erase(f.papers.permits.begin() + 1); }, "permit radiodiagnosis", "REG-H"},
        {"permits_in_force", "another category",
         [](Facts f, Say, Life) { f.papers.permits[1].categories = {"interventional"}; }, "permit radiodiagnosis"},
        {"permits_in_force", "no category: all", [](Facts f, Say, Life) { f.papers.permits[1].categories.clear(); }, ""},
        {"permits_in_force", "ended now", [](Facts f, Say, Life) { f.papers.permits[0].to_ms = at; }, "permit radiation_safety"},
        {"permits_in_force", "ends after now", [](Facts f, Say, Life) { f.papers.permits[0].to_ms = at + 1; }, ""},
        {"permits_in_force", "cancelled now", [](Facts f, Say, Life) { f.papers.permits[0].cancelled_ms = at; },
         "permit radiation_safety"},
        {"permits_in_force", "begins now", [](Facts f, Say, Life) { f.papers.permits[0].from_ms = at; }, ""},

        {"permit_cancelled", "by scope", nothing, ""},
        {"permit_cancelled", "names it", [](Facts f, Say, Life) { f.papers.permits[0].devices = {"ct-0001"}; },
         "amended or cancelled", "REG-E"},
        {"permit_cancelled", "cancelled now",
         [](Facts f, Say, Life) { f.papers.permits[0].devices = {"ct-0001"}, f.papers.permits[0].cancelled_ms = at; }, ""},
        {"permits_surrendered", "by scope", nothing, ""},
        {"permits_surrendered", "names it", [](Facts f, Say, Life) { f.papers.permits[1].devices = {"ct-0001"}; },
         "permit radiodiagnosis", "REG-H"},
        {"permits_surrendered", "a registration may", [](Facts f, Say, Life) { f.papers.permits[2].devices = {"ct-0001"}; }, ""},
        {"receiver_permits", "holds both", nothing, ""},
        {"receiver_permits", "nobody named", [](Facts, Say d, Life) { d.data.erase("receiver"); }, "data.receiver"},
        {"receiver_permits", "none", [](Facts f, Say, Life) { f.receiver_permits.clear(); }, "permit radiation_safety", "REG-E"},
        {"receiver_permits", "listed, unlicensed", [](Facts f, Say, Life) { f.papers.sheet.rows = 64; },
         "permit config_licence"},

        {"shielding_reviewed", "reviewed now", nothing, ""},
        {"shielding_reviewed", "after", [](Facts f, Say, Life) { f.papers.rooms[0].shielding_reviewed_ms = at + 1; },
         "room.shielding_reviewed", "REG-H"},
        {"shielding_reviewed", "not", [](Facts f, Say, Life) { f.papers.rooms[0].shielding_reviewed_ms.reset(); },
         "room.shielding_reviewed"},
        {"shielding_reviewed", "the room it is in", [](Facts, Say d, Life) { d.data.erase("room"); }, ""},
        {"shielding_reviewed", "no room", [](Facts f, Say d, Life) { d.data.erase("room"), f.papers.rooms.clear(); }, "room"},
        {"room_reviewed", "reviewed", nothing, ""},
        {"room_reviewed", "not named", [](Facts, Say d, Life) { d.data.erase("room"); }, "data.room"},
        {"permit_reapplied", "applied", nothing, ""},
        {"permit_reapplied", "before this state", [](Facts f, Say, Life l) { f.papers.documents[0].at_ms = l.since_ms - 1; },
         "permit_application"},
        {"permit_reapplied", "as this state began", [](Facts f, Say, Life l) { f.papers.documents[0].at_ms = l.since_ms; }, ""},
        {"permit_reapplied", "a permit for the room",
         [](Facts f, Say, Life) { f.papers.documents.clear(), f.papers.permits[0].room = "room-1"; }, ""},

        {"all_items_pass", "passed", nothing, ""},
        {"all_items_pass", "none", [](Facts f, Say, Life) { f.papers.tests.clear(); }, "status test", "QMP"},
        {"all_items_pass", "a mandatory item failed", [](Facts f, Say, Life) { f.papers.tests[1].items[0].pass = false; }, "test"},
        {"all_items_pass", "another item failed",
         [](Facts f, Say, Life) { f.papers.tests[1].items[0].pass = f.papers.tests[1].items[0].mandatory = false; }, ""},
        {"all_items_pass", "the day before this state", [](Facts f, Say, Life l) {
             for (auto& t : f.papers.tests) t.at_ms = l.since_ms - day + 1;
         }, ""},
        {"all_items_pass", "two days before", [](Facts f, Say, Life l) {
             for (auto& t : f.papers.tests) t.at_ms = l.since_ms - day;
         }, "test"},
        {"all_items_pass", "after now", [](Facts f, Say, Life) {
             for (auto& t : f.papers.tests) t.at_ms = at + 1;
         }, "status test"},
        {"all_items_pass", "acceptance rests on acceptance", [](Facts f, Say, Life l) {
             l.state = State::acceptance;
             f.papers.tests.erase(f.papers.tests.begin());
         }, "acceptance test"},
        {"all_items_pass", "named", [](Facts f, Say d, Life) {
             f.papers.tests[0].passed = false;
             d.data["test"] = std::string{"T-a"};
         }, "test"},
        {"tester_accredited", "accredited", nothing, ""},
        {"tester_accredited", "no body", [](Facts f, Say, Life) { f.papers.tests[1].body.clear(); }, "test.body", "QMP"},
        {"tester_accredited", "ended on the day", [](Facts f, Say, Life) { f.papers.certificates[3].to_ms = at; },
         "certificate accreditation"},
        {"instrument_calibrated", "calibrated", nothing, ""},
        {"instrument_calibrated", "none named", [](Facts f, Say, Life) { f.papers.tests[1].instruments.clear(); },
         "test.instruments"},
        {"instrument_calibrated", "24 months", [](Facts f, Say, Life) { f.papers.certificates[4].from_ms = at - 731 * day; }, ""},
        {"instrument_calibrated", "longer", [](Facts f, Say, Life) { f.papers.certificates[4].from_ms = at - 731 * day - 1; },
         "certificate calibration"},
        {"test_covers_items", "all", [](Facts, Say, Life l) { l.parts = {"detector", "tube"}; }, ""},
        {"test_covers_items", "one", [](Facts f, Say, Life l) { l.parts = {"detector", "tube"}, f.papers.tests[1].covers = {"tube"}; },
         "test.covers"},
        {"test_covers_items", "both",
         [](Facts f, Say, Life l) { l.parts = {"detector", "tube"}, f.papers.tests[1].covers = {"tube", "detector"}; }, ""},
        {"last_test_passed", "passed", nothing, ""},
        {"last_test_passed", "the last failed", [](Facts f, Say, Life) { f.papers.tests[1].passed = false; }, "test"},
        {"last_test_passed", "an older one failed",
         [](Facts f, Say, Life) { f.papers.tests[1].passed = false, f.papers.tests[1].at_ms = at - 1; }, ""},
        {"site_protection_accepted", "accepted", nothing, ""},
        {"site_protection_accepted", "no survey", [](Facts f, Say, Life) { f.papers.tests.pop_back(); }, "test site_protection"},
        {"site_protection_accepted", "failed", [](Facts f, Say, Life) { f.papers.tests[3].passed = false; }, "test site_protection"},
        {"site_protection_accepted", "not evaluated", [](Facts f, Say, Life) { f.papers.rooms[0].evaluation_accepted_ms.reset(); },
         "room.evaluation_accepted", "REG-H"},
        {"baseline_values_stored", "constancy test", nothing, ""},
        {"baseline_values_stored", "none", [](Facts f, Say, Life) { f.papers.tests.resize(2); }, "test constancy"},
        {"baseline_values_stored", "file",
         [](Facts f, Say, Life) { f.papers.tests.resize(2), f.papers.documents[0].kind = "baseline_file"; }, ""},

        {"operator_qualified", "one", nothing, ""},
        {"operator_qualified", "none", [](Facts f, Say, Life) { f.papers.operators.clear(); }, "operator", "HM"},
        {"operator_qualified", "training ends now", [](Facts f, Say, Life) { f.papers.operators[0].training_to_ms = at; }, "operator"},
        {"operator_qualified", "dosimetry 90 d", [](Facts f, Say, Life) { f.papers.operators[0].dosimetry_at_ms = at - 90 * day; }, ""},
        {"operator_qualified", "dosimetry longer",
         [](Facts f, Say, Life) { f.papers.operators[0].dosimetry_at_ms = at - 90 * day - 1; }, "operator"},
        {"operator_qualified", "health 730 d", [](Facts f, Say, Life) { f.papers.operators[0].health_check_at_ms = at - 730 * day; }, ""},
        {"operator_qualified", "health longer",
         [](Facts f, Say, Life) { f.papers.operators[0].health_check_at_ms = at - 730 * day - 1; }, "operator"},
        {"pm_plan_stored", "from now", nothing, ""},
        {"pm_plan_stored", "from later", [](Facts f, Say, Life) { f.papers.schedules[0].from_ms = at + 1; }, "schedule pm"},
        {"pm_plan_stored", "ended", [](Facts f, Say, Life) { f.papers.schedules[0].to_ms = at; }, "schedule pm"},
        {"pm_plan_stored", "of constancy", [](Facts f, Say, Life) { f.papers.schedules[0].work = "constancy"; }, "schedule pm"},
        {"no_stop_use_recall", "none", nothing, ""},
        {"no_stop_use_recall", "open", [](Facts f, Say, Life) {
             paper::Recall r;
             r.id = "R-1";
             r.action = paper::RecallAction::stop_use;
             r.notice_ms = at;
             f.papers.recalls = {r};
         }, "recall_answer closed_at"},
        {"no_stop_use_recall", "to correct", [](Facts f, Say, Life) {
             paper::Recall r;
             r.notice_ms = at;
             f.papers.recalls = {r};
         }, ""},
        {"no_stop_use_recall", "closed now", [](Facts f, Say, Life) {
             paper::Recall r;
             r.id = "R-1";
             r.action = paper::RecallAction::stop_use;
             f.papers.recalls = {r};
             paper::RecallAnswer a;
             a.recall = "R-1";
             a.closed_ms = at;
             f.papers.recall_answers = {a};
         }, ""},
        {"work_order", "a number", nothing, ""},
        {"work_order", "none", [](Facts, Say d, Life) { d.data.erase("work_order"); }, "data.work_order"},
        {"work_order", "closed before", [](Facts f, Say, Life) {
             paper::WorkOrder w;
             w.id = "WO-1";
             w.ended_ms = at - 1;
             f.papers.work_orders = {w};
         }, "data.work_order"},
        {"work_order", "closes now", [](Facts f, Say, Life) {
             paper::WorkOrder w;
             w.id = "WO-1";
             w.ended_ms = at;
             f.papers.work_orders = {w};
         }, ""},
        {"checklist_complete", "said", nothing, ""},
        {"checklist_complete", "not said", [](Facts, Say d, Life) { d.data.erase("checklist_complete"); }, "data.checklist_complete"},
        {"checklist_complete", "on file, not done", [](Facts f, Say, Life) {
             paper::WorkOrder w;
             w.id = "WO-1";
             w.checklist = {{"oil", true}, {"filter", false}};
             f.papers.work_orders = {w};
         }, "work_order.checklist", "SVC"},
        {"checklist_complete", "on file, done", [](Facts f, Say d, Life) {
             paper::WorkOrder w;
             w.id = "WO-1";
             w.checklist = {{"oil", true}};
             f.papers.work_orders = {w};
             d.data.erase("checklist_complete");
         }, ""},
        {"not_obsolete", "in its life", nothing, ""},
        {"not_obsolete", "ends now", [](Facts f, Say, Life) { f.papers.sheet.manufactured_ms = at - 3650 * day; }, "life_extended_to"},
        {"not_obsolete", "ends after now", [](Facts f, Say, Life) { f.papers.sheet.manufactured_ms = at - 3650 * day + 1; }, ""},
        {"not_obsolete", "extended", [](Facts f, Say, Life) {
             f.papers.sheet.manufactured_ms = at - 5000 * day;
             f.papers.sheet.life_extended_to_ms = at + 1;
         }, ""},
        {"not_obsolete", "not told", [](Facts f, Say, Life) { f.papers.sheet.manufactured_ms.reset(); }, "manufactured_at"},

        {"rf_cage_reported", "on file", of_kind("rf_cage_report"), ""},
        {"rf_cage_reported", "none", nothing, "document rf_cage_report"},
        {"source_inventory", "on file", of_kind("source_inventory"), ""},
        {"source_inventory", "none", nothing, "document source_inventory"},
        {"suv_calibrated", "on file", of_kind("suv_calibration"), ""},
        {"suv_calibrated", "none", nothing, "document suv_calibration"},
        {"beam_data", "on file", of_kind("beam_data"), ""},
        {"beam_data", "dated later",
         [](Facts f, Say, Life) { f.papers.documents[0].kind = "beam_data", f.papers.documents[0].at_ms = at + 1; },
         "document beam_data"},
        {"metrology_verified", "on file", of_kind("metrology_verification"), ""},
        {"metrology_verified", "none", nothing, "document metrology_verification"},

        {"no_blocking_flag", "none", nothing, ""},
        {"helium_level", "told", nothing, ""},
        {"helium_level", "not told", [](Facts, Say d, Life) { d.data.erase("helium_permille"); }, "data.helium_permille"},
    };
    return all;
}

}  // namespace

TEST_CASE("guards: each holds, does not hold, and on its boundary") {
    for (const Row& row : rows()) {
        CAPTURE(row.guard);
        CAPTURE(row.what);
        const auto got = asked(row);
        if (got) {
            CAPTURE(got->message());
            CAPTURE(got->missing);
            CHECK(!row.missing.empty());
            CHECK(got->missing.find(row.missing) != std::string::npos);
            CHECK(!got->got.empty());
            CHECK(!got->want.empty());
            CHECK(!got->who.empty());
            if (!row.who.empty()) CHECK(got->who == row.who);
        } else {
            CHECK(row.missing.empty());
        }
    }
}

TEST_CASE("guards: those that papers answer are all in the table above, with both answers") {
    std::set<std::string> holds, refuses;
    for (const Row& row : rows()) (row.missing.empty() ? holds : refuses).insert(row.guard);
    for (const auto all : {permit_guards(), upkeep_guards()})
        for (const NamedGuard& guard : all) {
            CAPTURE(guard.name);
            CHECK(guard.asks == Asks::papers);
            CHECK(holds.contains(std::string{guard.name}));
            CHECK(refuses.contains(std::string{guard.name}));
        }
}

TEST_CASE("guards: what no paper tells must be stated, with true") {
    const std::pair<const char*, const char*> statements[] = {{"beam_disabled", "beam_disabled"},
                                                              {"counters_recorded", "counters_recorded"},
                                                              {"data_wiped", "data_wiped"},
                                                              {"incoming_check", "incoming_check"},
                                                              {"function_check", "function_check"},
                                                              {"reason_closed", "reason_closed"},
                                                              {"xray_isolated", "isolated"},
                                                              {"rectification_accepted", "rectification_accepted"},
                                                              {"materials_handled", "materials_handled"},
                                                              {"sources_returned", "sources_returned"},
                                                              {"magnet_safe", "magnet_off"},
                                                              {"qa_passed", "qa_passed"}};
    for (const auto& [guard, key] : statements) {
        CAPTURE(guard);
        CHECK(!asked({guard, "", nothing, ""}));
        for (const bool told : {false, true}) {
            const auto got = asked({guard, "",
                                    [&](Facts, Say d, Life) {
                                        if (told)
                                            d.data[key] = false;
                                        else
                                            d.data.erase(key);
                                    },
                                    ""});
            REQUIRE(got);
            CHECK(got->missing == std::string{"data."} + key);
        }
    }
}

TEST_CASE("guards: a baseline needs no paper") {
    Declaration d = full_declaration("baseline.declared", Role::hm);
    CHECK(std::holds_alternative<Moved>(judge(ct_table(), LifecycleFold{}, DeviceFacts{}, d)));
    CHECK(!asks_papers(ct_table(), LifecycleFold{}, d));
    d.event = "plan.approved";
    CHECK(asks_papers(ct_table(), LifecycleFold{}, d));
}
