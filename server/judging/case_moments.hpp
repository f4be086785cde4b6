#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "server/domain/rules/case.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::judging {

// Sorts a device's rare leaves into its case: moments, climate, declarations, the register time. Hourly counters are
// thinned: kept is the first of a UTC day, and both sides of a change of serial or of a figure that fell.
class MomentTaker {
public:
    enum class Taken {
        yes,
        no,            // nothing for the case
        out_of_order,  // a counter about an earlier time than the one before: what is kept depends on the order
    };
    // `at_ms`: the time that the leaf is about, as its moment says. Lists are appended to: settle() sorts them.
    Taken take(const store::StoreReader::Leaf& leaf, std::int64_t at_ms, rules::DeviceCase& out);
    static void settle(rules::DeviceCase& out);

private:
    struct Tube {
        rules::Moment last;
        bool kept = false;
    };
    Taken take_record(const store::StoreReader::Leaf& leaf, std::int64_t at_ms, rules::DeviceCase& out);
    Taken take_counter(rules::Moment moment, rules::DeviceCase& out);

    std::map<std::string, Tube> tubes_;
};

}  // namespace gantry::judging
