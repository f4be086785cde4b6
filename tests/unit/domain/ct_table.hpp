#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "server/domain/lifecycle_facts.hpp"
#include "server/domain/lifecycle_fold.hpp"
#include "server/domain/lifecycle_table.hpp"

inline std::string lifecycle_file(const std::string& name) {
    std::ifstream in{std::filesystem::path{GANTRY_SOURCE_DIR} / "config/lifecycle" / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}
inline std::string ct_toml() { return lifecycle_file("ct.toml"); }

// The shipped table; a test that cannot load it fails with the loader's reason.
inline const gantry::LifecycleTable& ct_table() {
    static const gantry::LifecycleTable table = gantry::LifecycleTable::parse(ct_toml(), "ct.toml").value();
    return table;
}

// A declaration that supplies everything any guard could ask for.
inline gantry::Declaration full_declaration(std::string event, gantry::Role role) {
    gantry::Declaration d;
    d.event = std::move(event);
    d.subject = "ct-0001";
    d.actor = "test";
    d.role = role;
    d.reason = "because of the test";
    d.at_ms = 2'000'000;
    d.recv_ms = 2'000'000;
    d.evidence = {std::string(64, 'a')};
    d.data = {{"order_no", std::string{"O-1"}},
              {"work_order", std::string{"WO-1"}},
              {"change_no", std::string{"C-1"}},
              {"predecessor", std::string{"ct-0000"}},
              {"udi", std::string{"06937654321098"}},
              {"serial", std::string{"S-1"}},
              {"reason_code", std::string{"staff"}},
              {"severity", std::string{"hard"}},
              {"part", std::string{"tube"}},
              {"new_serial", std::string{"T-2"}},
              {"major", false},
              {"effect", std::string{"dose_or_image"}},
              {"to", std::string{"IDLE"}},
              {"event_id", std::int64_t{7}},
              {"beam_disabled", true},
              {"counters_recorded", true},
              {"data_wiped", true},
              {"incoming_check", true},
              {"function_check", true},
              {"reason_closed", true},
              {"rectification_accepted", true},
              {"isolated", true},
              {"materials_handled", true},
              {"checklist_complete", true},
              {"sources_returned", true},
              {"magnet_off", true},
              {"qa_passed", true},
              {"helium_permille", std::int64_t{620}},
              {"supplier", std::string{"org-s"}},
              {"installer", std::string{"org-i"}},
              {"recycler", std::string{"org-r"}},
              {"receiver", std::string{"h-2"}},
              {"room", std::string{"room-1"}},
              {"state", std::string{"IN_USE"}}};
    return d;
}

// Every paper that any guard could ask for, as of `at_ms`, for a device that the catalogue does not list.
inline gantry::DeviceFacts full_facts(std::int64_t at_ms = 2'000'000) {
    using namespace gantry::paper;
    static const std::vector<Catalogue> catalogues = [] {
        Catalogue catalogue;
        catalogue.name = "test";
        CatalogueRow row;
        row.id = "B1";
        row.licence = LicenceClass::b;
        row.modality = {"CT"};
        row.rows_min = 64;
        catalogue.rows = {row};
        catalogue.from_ms = -forever_ms;
        return std::vector{catalogue};
    }();
    gantry::DeviceFacts facts;
    facts.device = "ct-0001";
    facts.org = "h-1";
    facts.site = "east";
    facts.modality = "CT";
    facts.model = "Axis";
    facts.catalogues = catalogues;
    DevicePapers& papers = facts.papers;
    papers.sheet.id = "ct-0001";
    papers.sheet.modality = "CT";
    papers.sheet.model = "Axis";
    papers.sheet.rows = 16;
    papers.sheet.manufactured_ms = at_ms - 1000;
    papers.sheet.labelled_life_days = 3650;
    const auto permit = [&](PermitKind kind, const char* id, std::vector<std::string> devices) {
        Permit p;
        p.id = p.no = id;
        p.kind = kind;
        p.holder = "h-1";
        p.devices = std::move(devices);
        p.from_ms = at_ms - 1000;
        return p;
    };
    papers.permits = {permit(PermitKind::radiation_safety, "E-1", {}), permit(PermitKind::radiodiagnosis, "H-1", {}),
                      permit(PermitKind::product_registration, "D-1", {})};
    papers.permits[0].categories = {"ray_device_iii"};
    papers.permits[1].categories = {"xray_imaging"};
    facts.receiver_permits = papers.permits;
    for (Permit& p : facts.receiver_permits) p.holder = "h-2";
    const auto certificate = [&](const char* kind, const char* subject) {
        Certificate c;
        c.id = c.kind = kind;
        c.subject = subject;
        c.from_ms = at_ms - 1000;
        papers.certificates.push_back(c);
    };
    certificate("supplier_licence", "org-s");
    certificate("installer_authorisation", "org-i");
    certificate("recycler_licence", "org-r");
    certificate("accreditation", "lab");
    certificate("calibration", "meter");
    const auto test = [&](TestKind kind, const char* id) {
        Test t;
        t.id = id;
        t.kind = kind;
        t.device = "ct-0001";
        t.at_ms = at_ms;
        t.passed = true;
        t.items = {{"noise", 350, std::nullopt, 450, true, true}};
        t.body = "lab";
        t.instruments = {"meter"};
        papers.tests.push_back(t);
    };
    test(TestKind::acceptance, "T-a");
    test(TestKind::status, "T-s");
    test(TestKind::constancy, "T-c");
    test(TestKind::site_protection, "T-p");
    Room room;
    room.id = "room-1";
    room.site = "east";
    room.device = "ct-0001";
    room.shielding_reviewed_ms = room.evaluation_accepted_ms = at_ms;
    papers.rooms = {room};
    Operator person;
    person.id = "op-1";
    person.training_to_ms = at_ms + 1;
    person.dosimetry_at_ms = person.health_check_at_ms = at_ms;
    papers.operators = {person};
    Schedule plan;
    plan.id = "PM-1";
    plan.from_ms = at_ms;
    papers.schedules = {plan};
    Document application;
    application.id = "D-1";
    application.kind = "permit_application";
    application.at_ms = at_ms;
    papers.documents = {application};
    return facts;
}

// What a declaration needs: a licence is granted only for what the catalogue lists.
inline gantry::DeviceFacts facts_for(const gantry::Declaration& declared) {
    gantry::DeviceFacts facts = full_facts(declared.at_ms);
    if (declared.event == "licence.granted") facts.papers.sheet.rows = 128;
    return facts;
}

// A life that stands like this, with one word on record that owes every signature: log index 7.
inline gantry::LifecycleFold life_standing(const gantry::Standing& standing) {
    gantry::LifecycleFold life;
    static_cast<gantry::Standing&>(life) = life.base = standing;
    if (standing.state == gantry::State::none) return life;
    life.base_ms = standing.since_ms;
    life.base_leaf = 1;
    gantry::LifeEvent noted;
    noted.at_ms = noted.recv_ms = standing.since_ms;
    noted.leaf = 7;
    noted.event = "noted";
    noted.from = noted.to = noted.after = standing.state;
    noted.owes = 0x1FF;
    life.events = {noted};
    gantry::derive_steps(life);
    return life;
}

// A device that stands in `state` lawfully: accepted and commissioned where that is implied, nothing owed but a test in
// RETEST.
inline gantry::Standing standing(gantry::State state) {
    using enum gantry::State;
    gantry::Standing life;
    life.state = state;
    if (state == none) return life;
    life.since_ms = 1'000'000;
    life.accepted = state >= ready && state != relocating;
    life.commissioned = life.accepted && state != ready;
    life.retest_due = state == retest;
    if (state == suspended || state == sealed || state == lost) life.cleared_to = in_use;
    if (state == sealed) life.sealed_by = gantry::seal_bit(gantry::Role::reg_h);
    return life;
}
inline gantry::LifecycleFold standing_in(gantry::State state) { return life_standing(standing(state)); }

// Carries out what was judged, as the fold does.
inline void carry_out(gantry::LifecycleFold& life, const gantry::Declaration& d, const gantry::Moved& moved,
                      std::uint64_t leaf, const gantry::LifecycleTable& table = ct_table()) {
    if (d.event == gantry::correction_event) {
        gantry::apply_correction(life, table, d);
    } else if (d.event == gantry::countersigned_event) {
        gantry::apply_countersignature(life, d);
    } else {
        gantry::LifeEvent event = gantry::life_event_of(d);
        event.leaf = leaf;
        event.from = moved.from;
        event.to = moved.to;
        for (const gantry::Role role : moved.outstanding)
            event.owes = static_cast<std::uint16_t>(event.owes | gantry::role_bit(role));
        gantry::apply_declared(life, table, std::move(event));
    }
}
