#include <algorithm>

#include "firmware-sim/model/life.hpp"
#include "firmware-sim/model/violations.hpp"

// A city small enough to be looked at, in which something is to be seen at each device.
namespace gantry::sim {
namespace {

constexpr std::int64_t opening_ms = 9 * hour_ms;

class Teller {
public:
    Teller(const FleetOptions& options, std::uint32_t index)
        : options_{options}, profile_{make_profile(options, index)} {}

    // A day counted from the end of the run: the story is about the last days, however long the past is.
    std::int64_t before_end(std::int64_t days) const {
        return local_ms_of(options_, profile_, std::max<std::int64_t>(options_.days - days, 1), opening_ms);
    }
    // The last working day at least so many days before the end: patients come then.
    std::int64_t working_day(std::int64_t days) const {
        std::int64_t at_ms = before_end(days);
        while (weekday(local_day_of(profile_.zone, at_ms)) >= 5) at_ms -= day_ms;
        return at_ms;
    }
    Plan wrong(Rule rule, std::int64_t from_ms, std::int64_t to_ms) const {
        Plan plan;
        plan.wrongs.push_back({rule, from_ms, to_ms, profile_.index});
        plan.busy.push_back({from_ms - opening_ms, to_ms});
        return plan;
    }
    static Plan turn(Turn turn, std::int64_t from_ms, std::int64_t to_ms) {
        Plan plan;
        plan.turn = turn;
        plan.from_ms = from_ms;
        plan.to_ms = to_ms;
        return plan;
    }

private:
    const FleetOptions& options_;
    Profile profile_;
};

}  // namespace

Plan story_plan(const FleetOptions& options, std::uint32_t index) {
    const Teller tell{options, index};
    switch (index) {
        case 1:
            return tell.wrong(Rule::V21, tell.before_end(options.days), tell.before_end(0));
        case 2:
            return Teller::turn(Turn::sealed_in_window, tell.before_end(2), tell.before_end(0));
        case 3:
            return tell.wrong(Rule::V26, tell.working_day(2), tell.working_day(2) + day_ms);
        case 4: {
            Plan plan = Teller::turn(Turn::decommissioned_in_window, tell.before_end(3), tell.before_end(0));
            plan.wrongs.push_back({Rule::V14, plan.from_ms, plan.to_ms, index});
            return plan;
        }
        case 5: {
            Plan plan;  // Needs no days of its own: its tube has long been used.
            plan.wrongs.push_back({Rule::W01, tell.before_end(options.days), tell.before_end(0), index});
            return plan;
        }
        case 6:
            return Teller::turn(Turn::accepting, tell.before_end(1), tell.before_end(0));
        default:
            return {};
    }
}

}  // namespace gantry::sim
