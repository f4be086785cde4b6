#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "server/domain/lifecycle_table.hpp"

inline std::string ct_toml() {
    std::ifstream in{std::filesystem::path{GANTRY_SOURCE_DIR} / "config/lifecycle/ct.toml", std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

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
              {"state", std::string{"IN_USE"}}};
    return d;
}

// A device that stands in `state` lawfully: accepted and commissioned where that is implied, nothing owed but a test in
// RETEST.
inline gantry::LifecycleFold standing_in(gantry::State state) {
    using enum gantry::State;
    gantry::LifecycleFold life;
    life.state = state;
    life.since_ms = 1'000'000;
    life.accepted = state >= ready && state != relocating;
    life.commissioned = life.accepted && state != ready;
    life.retest_due = state == retest;
    if (state == suspended || state == sealed || state == lost) life.cleared_to = in_use;
    if (state == sealed) life.sealed_by = gantry::seal_bit(gantry::Role::reg_h);
    if (state != none) life.steps = {{life.since_ms, state, 1}};
    return life;
}
