#include <fmt/format.h>

#include <algorithm>

#include "firmware-sim/model/device_model.hpp"

namespace gantry::sim {
namespace {

enum : std::uint64_t { stream_life = 31 };

std::int64_t before(std::int64_t ms, Prng& prng, int days_min, int days_max) {
    return ms - prng.between(days_min, days_max) * day_ms;
}

// Scanners of 64 rows and more were on the list of the health commission from March 2018 to March 2023.
bool needs_licence(const Profile& profile, std::int64_t at_ms) {
    constexpr std::int64_t unlisted_ms = 1'677'772'800'000;  // 2023-03-02T16:00Z, midnight in Beijing
    return profile.detector_rows >= 64 && at_ms < unlisted_ms;
}

}  // namespace

Life make_life(const FleetOptions& options, const Profile& profile, const Plan& plan) {
    Prng prng = Prng::keyed(options.seed, profile.index, stream_life, 0);
    Life life{};
    // Offices are open: ten in the morning, months to seven years before the run.
    life.commissioned_ms = options.from_ms - prng.between(90, 2'600) * day_ms + 2 * hour_ms;
    std::int64_t ready_to_use_ms = prng.between(3, 20) * day_ms;
    std::int64_t test_ms = prng.between(1, 3) * day_ms;

    if (plan.turn == Turn::commissioned_in_window) {
        life.commissioned_ms = plan.to_ms;
        ready_to_use_ms = plan.to_ms - plan.from_ms;
        test_ms = 4 * hour_ms;
    }
    if (plan.turn == Turn::decommissioned_in_window) life.decommissioned_ms = plan.from_ms;
    if (plan.turn == Turn::violation && plan.rule == Rule::use_before_commissioning) {
        // The test was passed, the permits were still missing, the patients were scanned all the same.
        life.commissioned_ms = plan.to_ms + 2 * hour_ms;
        ready_to_use_ms = life.commissioned_ms - (plan.from_ms - hour_ms);
        test_ms = 8 * hour_ms;
    }
    if (plan.turn == Turn::violation && plan.rule == Rule::use_after_decommissioning)
        life.decommissioned_ms = plan.from_ms - hour_ms;

    life.ready_ms = life.commissioned_ms - ready_to_use_ms;
    life.acceptance_ms = life.ready_ms - test_ms;
    life.installed_ms = before(life.acceptance_ms, prng, 1, 5);
    life.received_ms = before(life.installed_ms, prng, 5, 25);
    life.ordered_ms = before(life.received_ms, prng, 30, 120);
    return life;
}

// What people stated before the run began is told at its start, each with its own date; the rest at its time.
void DeviceModel::declare_life() {
    const auto declare = [&](std::int64_t at_ms, Declared declared) {
        if (at_ms == 0) return;
        pending_.push_back({std::max(at_ms, start_ms_), at_ms, std::move(declared)});
    };
    const std::int64_t planned_ms = life_.ordered_ms - 60 * day_ms;
    declare(planned_ms, {"plan.approved", "HM", "replacement plan", {"feasibility_report", "board_minute"}, "{}"});
    const std::int64_t licence_ms = planned_ms + 20 * day_ms;
    if (needs_licence(profile_, licence_ms))
        declare(licence_ms, {"licence.granted", "REG-H", "class B, as planned", {"licence"}, "{}"});
    else
        declare(licence_ms, {"licence.not_required", "HM", "not in the catalogue", {"catalogue_extract"}, "{}"});
    declare(life_.ordered_ms, {"contract.signed",
                               "HM",
                               "tender closed",
                               {"contract", "registration_certificate"},
                               R"({"supplier":"sim-supplier"})"});
    declare(life_.received_ms,
            {"goods.received",
             "HM",
             "incoming check done",
             {"inspection_record", "udi_photo"},
             fmt::format(R"({{"udi":"(01)06900000000012(21){0}","serial":"{0}","incoming_check":true}})",
                         profile_.serial)});
    declare(life_.installed_ms, {"install.completed",
                                 "SVC",
                                 "installed and handed over",
                                 {"assembly_report", "shielding_drawing"},
                                 R"({"installer":"sim-installer"})"});
    declare(life_.acceptance_ms, {"acceptance.started", "QMP", "test order", {"test_order"}, "{}"});
    declare(life_.ready_ms,
            {"acceptance.passed", "QMP", "all items passed", {"acceptance_report", "site_survey"}, "{}"});
    declare(life_.commissioned_ms,
            {"commissioned", "HM", "released for patients", {"permit_copies", "baseline_file"}, "{}"});
    declare(life_.decommissioned_ms, {"decommission.approved",
                                      "HM",
                                      "end of service life",
                                      {"appraisal", "wipe_certificate", "final_counters"},
                                      R"({"beam_disabled":true,"counters_recorded":true,"data_wiped":true})"});
}

}  // namespace gantry::sim
