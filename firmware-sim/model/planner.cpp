#include <algorithm>
#include <bit>
#include <optional>

#include "firmware-sim/model/life.hpp"
#include "firmware-sim/model/prng.hpp"
#include "firmware-sim/model/violations.hpp"
#include "firmware-sim/model/wrong.hpp"

// Which device holds which wrong, and when. A block of devices is planned as a whole and without looking at how large
// the fleet is, so that a device is the same in a fleet of any size.
namespace gantry::sim {
namespace {

enum : std::uint64_t { stream_block = 11, stream_window = 12 };

// The run is cut into stretches of four days: three are a wrong's own, the fourth is left to lawful work.
constexpr int slots_begin_day = 2;
constexpr int slot_days = 4;
constexpr int own_days = 3;
constexpr std::int64_t opening_ms = 9 * hour_ms;  // Patients come by day: whatever needs them starts in the morning.

struct Place {
    std::uint32_t index;
    Profile profile;
    Plan plan;
    bool storied = false;
    std::vector<bool> slots;
    std::uint32_t taken = takes_nothing;
};

class Block {
public:
    Block(const FleetOptions& options, std::uint32_t number)
        : options_{options},
          size_{std::max(options.violation_block, 1U)},
          prng_{Prng::keyed(options.seed, number, stream_block, size_)} {
        const auto slot_count = static_cast<std::size_t>(std::max(0, (options.days - slots_begin_day + 1) / slot_days));
        for (std::uint32_t i = 0; i < size_; ++i) {
            const std::uint32_t index = number * size_ + i;
            places_.push_back({index, make_profile(options, index), {}, false, std::vector<bool>(slot_count), 0});
        }
        for (std::size_t i = places_.size() - 1; i > 0; --i)
            std::swap(places_[i], places_[static_cast<std::size_t>(prng_.between(0, static_cast<std::int64_t>(i)))]);
    }

    // By index.
    std::vector<Plan> plans() {
        tell_stories();
        std::vector<const Wrong*> rest;
        for (const Wrong* wrong : all_wrongs())
            if (chosen(wrong->rule) && wrong->turn == Turn::none) rest.push_back(wrong);
        // What is hardest to place comes first.
        std::ranges::stable_sort(rest, [](const Wrong* a, const Wrong* b) {
            const auto hardness = [](const Wrong* w) {
                return std::tuple{w->suits != Suits::any, std::popcount(w->takes) > 2, w->slots,
                                  w->first_day + w->days_after};
            };
            return hardness(a) > hardness(b);
        });
        for (const Wrong* wrong : rest) put(*wrong);
        std::ranges::sort(places_, {}, &Place::index);
        std::vector<Plan> out;
        for (Place& place : places_) out.push_back(std::move(place.plan));
        return out;
    }

private:
    bool chosen(Rule rule) const { return options_.violations[static_cast<std::size_t>(rule)]; }
    std::int64_t at(const Place& place, std::int64_t day, std::int64_t offset_ms = opening_ms) const {
        return local_ms_of(options_, place.profile, day, offset_ms);
    }

    Place* next_unstoried() {
        const auto found = std::ranges::find(places_, false, &Place::storied);
        if (found == places_.end()) return nullptr;
        found->storied = true;
        return &*found;
    }

    std::int64_t share_ms(const Place& place, double share) const {
        const auto day = static_cast<std::int64_t>(share * options_.days);
        return at(place, day);
    }

    // One device a story, with all the wrongs that belong to it.
    void tell_stories() {
        for (const Turn turn : {Turn::commissioned_in_window, Turn::decommissioned_in_window, Turn::disposed_in_window,
                                Turn::transferred_in_window, Turn::delivered})
            tell_story(turn);
        // Lawful turns of life, where the block has room for them.
        if (size_ < 16) return put_peer();
        if (Place* place = next_unstoried())
            place->plan = {Turn::commissioned_in_window, share_ms(*place, 0.10), share_ms(*place, 0.40), {}, {}};
        // In a told city an agent goes on beside every scanner: only the ghost of the story is taken out of use there.
        if (Place* place = options_.story ? nullptr : next_unstoried())
            place->plan = {Turn::decommissioned_in_window, share_ms(*place, 0.75), share_ms(*place, 1.0), {}, {}};
        put_peer();
    }

    void tell_story(Turn turn) {
        std::vector<const Wrong*> wrongs;
        int days_after = 0;
        for (const Wrong* wrong : all_wrongs()) {
            if (wrong->turn != turn || !chosen(wrong->rule) || wrong->first_day + wrong->days_after > options_.days)
                continue;
            wrongs.push_back(wrong);
            days_after = std::max(days_after, wrong->days_after);
        }
        if (wrongs.empty()) return;
        Place* place = next_unstoried();
        if (!place) return;
        place->plan.turn = turn;
        const int days = options_.days;
        int day = turn == Turn::commissioned_in_window     ? days / 10
                  : turn == Turn::decommissioned_in_window ? days * 6 / 10
                                                           : days / 4;
        day = std::max(1, std::min(day, days - days_after));
        place->plan.from_ms = at(*place, day);
        const int until = turn == Turn::commissioned_in_window ? days * 55 / 100 : days * 9 / 10;
        place->plan.to_ms = std::max(at(*place, std::min(until, day + 6)), place->plan.from_ms + 6 * hour_ms);
        for (const Wrong* wrong : wrongs) {
            place->plan.wrongs.push_back({wrong->rule, place->plan.from_ms, place->plan.to_ms, place->index});
            if (wrong->rule == Rule::V56) scrapped_ = {place->index, day};
        }
    }

    // The tube of what was scrapped is fitted elsewhere: at a device with three days to spare, some days later.
    void put_peer() {
        if (!scrapped_) return;
        const auto [index, day] = *scrapped_;
        for (Place& place : places_) {
            if (place.storied || (place.taken & (takes_status_test | takes_tube)) != 0) continue;
            for (std::size_t slot = 0; slot < place.slots.size(); ++slot) {
                if (first_day(slot) < day + 4 || place.slots[slot]) continue;
                take(place, slot, 1);
                place.taken |= takes_status_test | takes_tube;
                place.plan.wrongs.push_back(
                    {Rule::V56, at(place, first_day(slot)), at(place, first_day(slot) + own_days), index});
                return;
            }
        }
    }

    static int first_day(std::size_t slot) { return slots_begin_day + static_cast<int>(slot) * slot_days; }

    void take(Place& place, std::size_t slot, int count) {
        for (int i = 0; i < count; ++i) {
            const std::size_t one = slot + static_cast<std::size_t>(i);
            place.slots[one] = true;
            place.plan.busy.push_back({at(place, first_day(one), 0), at(place, first_day(one) + own_days, 0)});
        }
    }

    bool suits(const Wrong& wrong, const Place& place) const {
        if (place.storied || (place.taken & wrong.takes) != 0) return false;
        if (wrong.suits == Suits::closed_by_night && place.profile.round_the_clock) return false;
        return wrong.suits != Suits::bought_when_listed || place.profile.detector_rows >= 64;
    }

    // A free stretch at a place drawn from the seed; none: the device has no room.
    std::optional<std::size_t> free_slot(const Wrong& wrong, const Place& place) {
        std::vector<std::size_t> fit;
        const auto count = static_cast<std::size_t>(wrong.slots);
        for (std::size_t slot = 0; slot + count <= place.slots.size(); ++slot) {
            const bool free = std::none_of(place.slots.begin() + static_cast<std::ptrdiff_t>(slot),
                                           place.slots.begin() + static_cast<std::ptrdiff_t>(slot + count),
                                           [](bool taken) { return taken; });
            const bool in_time =
                first_day(slot) >= wrong.first_day && first_day(slot) + wrong.days_after <= options_.days;
            const int of_month = to_local(place.profile.zone, at(place, first_day(slot))).day;
            const bool fits_month = wrong.suits != Suits::month_begins || (of_month >= 2 && of_month <= 10);
            if (free && in_time && fits_month) fit.push_back(slot);
        }
        if (fit.empty()) return std::nullopt;
        return fit[static_cast<std::size_t>(prng_.between(0, static_cast<std::int64_t>(fit.size()) - 1))];
    }

    // On the device with the fewest wrongs of those that have room for it; on none when the run is too short.
    void put(const Wrong& wrong) {
        std::vector<Place*> order;
        for (Place& place : places_)
            if (suits(wrong, place)) order.push_back(&place);
        std::ranges::stable_sort(order, {}, [](const Place* place) { return place->plan.wrongs.size(); });
        for (Place* place : order) {
            Planned planned{wrong.rule, 0, 0, place->index};
            if (wrong.rule == Rule::V51 && !other_hospital(*place, planned.peer)) continue;
            if (wrong.slots > 0) {
                const auto slot = free_slot(wrong, *place);
                if (!slot) continue;
                take(*place, *slot, wrong.slots);
                planned.from_ms = at(*place, first_day(*slot));
                planned.to_ms = at(*place, first_day(*slot) + slot_days * wrong.slots - 1);
            } else {
                if (wrong.first_day + wrong.days_after > options_.days) return;
                const auto day = prng_.between(wrong.first_day, options_.days - wrong.days_after);
                planned.from_ms = at(*place, day);
                planned.to_ms = at(*place, options_.days, 0);
            }
            place->taken |= wrong.takes;
            place->plan.wrongs.push_back(planned);
            return;
        }
    }

    bool other_hospital(const Place& place, std::uint32_t& peer) const {
        const std::uint32_t hospitals = std::max(options_.hospitals, 1U);
        for (const Place& other : places_) {
            if (other.index % hospitals == place.index % hospitals || other.plan.turn == Turn::delivered) continue;
            if ((other.taken & takes_serial) != 0) continue;
            peer = other.index;
            return true;
        }
        return false;
    }

    struct Scrapped {
        std::uint32_t index;
        int day;
    };
    const FleetOptions& options_;
    std::uint32_t size_;
    Prng prng_;
    std::optional<Scrapped> scrapped_;
    std::vector<Place> places_;
};

}  // namespace

const Planned* Plan::of(Rule rule) const {
    const auto found = std::ranges::find(wrongs, rule, &Planned::rule);
    return found == wrongs.end() ? nullptr : &*found;
}

std::vector<Plan> plan_block(const FleetOptions& options, std::uint32_t number) {
    auto plans = Block{options, number}.plans();
    if (!options.story) return plans;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        const auto index = static_cast<std::uint32_t>(number * plans.size() + i);
        if (index < story_devices) plans[i] = story_plan(options, index);
    }
    return plans;
}

Plan plan_for(const FleetOptions& options, std::uint32_t index) {
    const std::uint32_t size = std::max(options.violation_block, 1U);
    return plan_block(options, index / size)[index % size];
}

}  // namespace gantry::sim
