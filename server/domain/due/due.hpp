#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/rules/case.hpp"

// What comes next for a device: work, tests, papers that end, promises. The rules say what is late; this says what will
// be, and when.
namespace gantry::due {

enum class Kind : std::uint8_t {
    maintenance,      // a schedule's next visit
    status_test,      // yearly, by an accredited body
    site_protection,  // yearly
    constancy,        // a schedule's next constancy test
    permit_renewal,   // to be applied for by then
    permit_end,
    contract_end,
    recall_answer,  // to be acknowledged by then
    recall_close,
    commitment,
    operator_training,
    service_life,  // the labelled end
    work_order,    // open since then
};
std::string_view name(Kind kind);

struct Due {
    Kind kind = Kind::maintenance;
    std::int64_t at_ms = 0;
    std::string ref;         // id of the paper behind it; empty: none
    std::string what;        // name of a schedule, number of a permit …; empty: the kind says all
    bool estimated = false;  // by a counter, at the pace of the last 28 days
    bool operator==(const Due&) const = default;
};

struct Policy {
    std::int64_t status_test_days = 365;
    std::int64_t site_protection_days = 365;
    std::int64_t renewal_ahead_days = 30;  // Order 449 Art 13
    std::int64_t recall_answer_days = 3;
};

// Everything that is open at the case's now, sorted by (time, kind, ref): what is overdue comes first. Empty for a
// device that is nobody's duty any more (decommissioned and after). Exactly what is on file: without a schedule there
// is no next visit, and without a known test none is due.
std::vector<Due> due_list(const rules::DeviceCase& device, const Policy& policy = {});

}  // namespace gantry::due
