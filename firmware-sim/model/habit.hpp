#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gantry::sim {

/// How a department or its scanner departs from the usual for a while.
enum class Habit {
    closed,        ///< No patient, no test object.
    open_anyway,   ///< Patients though the state forbids them.
    no_phantoms,   ///< The daily test object is left out.
    dark,          ///< Patients' exposures reach nobody; only the counters grow.
    silent,        ///< Nothing reaches anybody.
    clock_back,    ///< The clock is behind; value in ms.
    counter_back,  ///< The next counter falls.
    arcs,          ///< `value` more arcs with each exposure.
    hot,           ///< Oil and anode hotter; value in thousandths of a degree.
    dose,          ///< CTDIvol times value / 1000; all groups.
    chest_dose,    ///< The same for chests.
    check_off,     ///< The dose check is not set up.
    // The next examination that fits is changed, once.
    unreasoned,   ///< Dose alert passed, no reason given.
    outlier,      ///< A dose far above all others.
    child,        ///< A child's head reported with the body phantom.
    many_phases,  ///< Far more scans than planned.
};
inline constexpr std::size_t habit_count = 16;

struct HabitSpan {
    std::int64_t from_ms;
    std::int64_t to_ms;
    std::int64_t value = 0;
};

class Habits {
public:
    void add(Habit habit, HabitSpan span) { spans_[static_cast<std::size_t>(habit)].push_back(span); }
    /// The first that holds then; null when none.
    const HabitSpan* at(Habit habit, std::int64_t at_ms) const {
        for (const HabitSpan& span : spans_[static_cast<std::size_t>(habit)])
            if (at_ms >= span.from_ms && at_ms < span.to_ms) return &span;
        return nullptr;
    }
    /// Takes away what holds then; true when there was one.
    bool spend(Habit habit, std::int64_t at_ms) {
        for (HabitSpan& span : spans_[static_cast<std::size_t>(habit)])
            if (at_ms >= span.from_ms && at_ms < span.to_ms) return span.to_ms = at_ms, true;
        return false;
    }

private:
    std::array<std::vector<HabitSpan>, habit_count> spans_;
};

}  // namespace gantry::sim
