#include "firmware-sim/model/life.hpp"

#include <algorithm>

#include "firmware-sim/model/prng.hpp"

namespace gantry::sim {
namespace {

enum : std::uint64_t { stream_life = 31 };

std::int64_t before(std::int64_t ms, Prng& prng, int days_min, int days_max) {
    return ms - prng.between(days_min, days_max) * day_ms;
}

// CT scanners of 64 rows and more were listed from the catalogue of 2018 to that of 2023.
std::int64_t listed_from_ms() { return days_from_civil(2018, 3, 29) * day_ms; }
std::int64_t listed_to_ms() { return days_from_civil(2023, 3, 3) * day_ms; }

}  // namespace

bool licence_listed(int detector_rows, std::int64_t bought_ms) {
    return detector_rows >= 64 && bought_ms >= listed_from_ms() && bought_ms < listed_to_ms();
}

std::int64_t local_ms_of(const FleetOptions& options, const Profile& profile, std::int64_t day,
                         std::int64_t offset_ms) {
    return local_midnight_utc_ms(profile.zone, options.from_ms / day_ms + day) + offset_ms;
}

Life make_life(const FleetOptions& options, const Profile& profile, const Plan& plan) {
    Prng prng = Prng::keyed(options.seed, profile.index, stream_life, 0);
    Life life{};
    // Offices are open: ten in the morning, months to seven years before the run.
    // What goes wrong over years needs a device that is that old.
    const int age_least = plan.lawful() ? 90 : 500;
    life.commissioned_ms = options.from_ms - prng.between(age_least, 2'600) * day_ms + 2 * hour_ms;
    std::int64_t ready_to_use_ms = prng.between(3, 20) * day_ms;
    std::int64_t test_ms = prng.between(1, 3) * day_ms;

    switch (plan.turn) {
        case Turn::none:
            break;
        case Turn::commissioned_in_window:
            life.commissioned_ms = plan.to_ms;
            ready_to_use_ms = plan.to_ms - plan.from_ms;
            test_ms = 4 * hour_ms;
            if (plan.of(Rule::V10)) {
                // The test was passed, the permits were still missing, the patients were scanned all the same.
                life.commissioned_ms = plan.to_ms + 2 * hour_ms;
                ready_to_use_ms = life.commissioned_ms - (plan.from_ms - hour_ms);
                test_ms = 20 * hour_ms;
            }
            break;
        case Turn::decommissioned_in_window:
            life.ended_ms = plan.lawful() ? plan.from_ms : plan.from_ms - hour_ms;
            break;
        case Turn::disposed_in_window:
            life.ended_ms = plan.from_ms;
            life.disposed_ms = plan.from_ms + 3 * day_ms;
            break;
        case Turn::transferred_in_window:
            life.ended_ms = plan.from_ms;
            life.transferred_ms = plan.from_ms + 2 * day_ms;
            break;
        case Turn::delivered:
            life.never_installed = true;
            break;
        case Turn::accepting:
            // The test goes on beyond the run, and the permits take their weeks.
            life.commissioned_ms = plan.from_ms + 40 * day_ms;
            ready_to_use_ms = 30 * day_ms;
            test_ms = 10 * day_ms;
            break;
        case Turn::sealed_in_window:
            break;
    }
    life.ready_ms = life.commissioned_ms - ready_to_use_ms;
    life.acceptance_ms = life.ready_ms - test_ms;
    life.installed_ms = before(life.acceptance_ms, prng, 1, 5);
    life.received_ms = before(life.installed_ms, prng, 5, 25);
    life.ordered_ms = before(life.received_ms, prng, 30, 120);

    // Wrongs about the licence need a purchase of those years: all dates move together.
    const bool wants_listed = plan.of(Rule::V01) || plan.of(Rule::V02) || plan.of(Rule::V09);
    const std::int64_t latest_ms = std::min(listed_to_ms(), options.from_ms - 300 * day_ms);
    if (wants_listed && !licence_listed(64, life.ordered_ms) && latest_ms > listed_from_ms() + 110 * day_ms) {
        const std::int64_t days = (latest_ms - listed_from_ms()) / day_ms;
        const std::int64_t move = listed_from_ms() + prng.between(80, days - 30) * day_ms - life.ordered_ms;
        for (std::int64_t* date : {&life.ordered_ms, &life.received_ms, &life.installed_ms, &life.acceptance_ms,
                                   &life.ready_ms, &life.commissioned_ms})
            *date += move;
    }
    if (life.never_installed) {
        // A hundred and eighty days of standing about are over when the plan's day comes.
        life.received_ms = plan.from_ms - 180 * day_ms;
        life.ordered_ms = before(life.received_ms, prng, 30, 120);
        life.installed_ms = life.acceptance_ms = life.ready_ms = life.commissioned_ms = 0;
    }
    return life;
}

}  // namespace gantry::sim
