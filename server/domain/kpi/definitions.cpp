#include <algorithm>
#include <array>
#include <cassert>

#include "server/domain/kpi/figure.hpp"

namespace gantry::kpi {
namespace {

using enum Kind;

// Sources: the contract or roster; IEC 60050-192 (dependability terms); AAMI EQ56, EQ89 (equipment programme); the
// Chinese handbook of large-equipment use assessment; NEMA XR-25; WS/T 637; ICRP 135 (reference levels).
constexpr std::array table{
    Definition{"covered_hours", "h", sum, 1, "h", "",
               "hours in service that the contract covers, else the opening hours; local time", "contract, roster", ""},
    Definition{"effective_downtime", "h", sum, 1, "h", "",
               "down time inside covered hours: 1.0 for hard down, the contract's factor for partial; planned "
               "maintenance and agreed exclusions left out unless the contract counts them",
               "contract", ""},
    Definition{"uptime", "%", ratio, 100, "h", "h",
               "(known covered hours - effective down time) / known covered hours; exclusions are in neither",
               "contract", ""},
    Definition{"availability", "%", ratio, 100, "h", "h",
               "(known covered hours - faults, retests, maintenance, suspension, sealing) / known covered hours",
               "user view", ""},
    Definition{"mtbf", "h", ratio, 1, "h", "1", "powered hours in use / failures (partial ones too)", "IEC 60050-192",
               ""},
    Definition{"mttr", "h", ratio, 1, "h", "1", "time from report to restoration / failures restored in the period",
               "IEC 60050-192; parts from work orders", "response, diagnosis, parts_wait, repair, retest"},
    Definition{"inherent_availability", "%", ratio, 100, "h", "h", "MTBF / (MTBF + MTTR)", "IEC 60050-192", ""},
    Definition{"first_fix_rate", "%", ratio, 100, "1", "1",
               "faults whose code did not come back within 14 days / faults; of those whose 14 days are over",
               "AAMI EQ89", ""},
    Definition{"pm_compliance", "%", ratio, 100, "1", "1",
               "maintenance done by its due day and grace / maintenance due in the period", "AAMI EQ56", ""},
    Definition{"qc_compliance", "%", ratio, 100, "1", "1",
               "tests passed by their due day and grace / tests due in the period", "Order 46 Art 20-21; WS 519",
               "status_test, site_protection, constancy"},
    Definition{"year_time_utilisation", "%", ratio, 100, "h", "h",
               "opening hours of days with patients / openable days a year x openable hours a day",
               "handbook of large-equipment use assessment", ""},
    Definition{"year_capacity_utilisation", "%", ratio, 100, "1", "1",
               "exams / openable days a year x possible exams a day", "handbook of large-equipment use assessment", ""},
    Definition{"room_utilisation", "%", ratio, 100, "h", "h", "duration of exams / known staffed hours", "roster", ""},
    Definition{"beam_duty", "%", ratio, 100, "s", "s", "exposure time / powered time in use", "records", ""},
    Definition{"exams", "1", sum, 1, "1", "", "exams begun in the period and not discontinued", "records", ""},
    Definition{"exposures", "1", sum, 1, "1", "", "irradiation events, each counted once", "records", ""},
    Definition{"exams_per_day", "1/d", ratio, 1, "1", "d", "exams / days with data", "records", ""},
    Definition{"exams_per_open_day", "1/d", ratio, 1, "1", "d", "exams / days with opening hours and data",
               "records, roster", ""},
    Definition{"exposures_per_exam", "1", ratio, 1, "1", "1", "irradiation events / exams", "records", ""},
    Definition{"turn_round", "min", measure, 1, "", "1",
               "median of the pauses from one exam's end to the next one's start, of at most 60 minutes", "MPPS", ""},
    Definition{"abort_rate", "%", ratio, 100, "1", "1", "exams discontinued / exams ended", "MPPS; DICOM CID 9300",
               "reason"},
    Definition{"repeat_rate", "%", ratio, 100, "1", "1",
               "acquisitions beyond the protocol group's plan / acquisitions, without localisers; of groups with a "
               "plan",
               "records; plan of rule V43", ""},
    Definition{"throughput_per_bed", "1/d", ratio, 1, "1", "d", "exams / (open beds x days with data)",
               "records, organisation", "", true},
    Definition{"cost_per_exam", "CNY", ratio, 1, "CNY", "1",
               "(depreciation + service + tube + energy + staff + consumables + room) / exams", "papers, records",
               "depreciation, service, tube, energy, staff, consumables, room"},
    Definition{"tube_cost_per_scan_second", "CNY/s", ratio, 1, "CNY", "s",
               "price of the tubes put in / exposure time of the tubes they replaced", "work orders, records", ""},
    Definition{"cosr", "%", ratio, 100, "CNY/a", "CNY", "service cost a year / acquisition cost",
               "cost-of-service ratio", ""},
    Definition{"return_per_year", "%/a", ratio, 100, "CNY/a", "CNY", "(income - running cost) a year / price", "papers",
               ""},
    Definition{"payback", "a", ratio, 1, "CNY", "CNY/a", "price / (income - running cost) a year", "papers", ""},
    Definition{"positive_rate", "%", ratio, 100, "1", "1", "positive reports / reports", "declared counts", ""},
    Definition{"ctdivol_p25", "mGy", measure, 1, "", "1",
               "P25 over adult exams of the highest CTDIvol of an exam, without localisers", "ICRP 135",
               "protocol group"},
    Definition{"ctdivol_p50", "mGy", measure, 1, "", "1",
               "P50 over adult exams of the highest CTDIvol of an exam, without localisers", "ICRP 135",
               "protocol group"},
    Definition{"ctdivol_p75", "mGy", measure, 1, "", "1",
               "P75 over adult exams of the highest CTDIvol of an exam, without localisers", "ICRP 135",
               "protocol group"},
    Definition{"dlp_p25", "mGy·cm", measure, 1, "", "1", "P25 over adult exams of the sum of DLP", "ICRP 135",
               "protocol group"},
    Definition{"dlp_p50", "mGy·cm", measure, 1, "", "1", "P50 over adult exams of the sum of DLP", "ICRP 135",
               "protocol group"},
    Definition{"dlp_p75", "mGy·cm", measure, 1, "", "1", "P75 over adult exams of the sum of DLP", "ICRP 135",
               "protocol group"},
    Definition{"drl_ratio_ctdivol", "%", measure, 1, "", "1", "P50 of CTDIvol / diagnostic reference level",
               "WS/T 637; level of rule V39", "protocol group"},
    Definition{"drl_ratio_dlp", "%", measure, 1, "", "1", "P50 of DLP / diagnostic reference level",
               "WS/T 637; level of rule V39", "protocol group"},
    Definition{"data_completeness", "%", ratio, 100, "1", "1",
               "records received / (records received + records known to be missing), since registration",
               "sequence numbers", ""},
    Definition{"silent_share", "%", ratio, 100, "h", "h", "hours in service that nobody watched / hours in service",
               "coverage records", ""},
    Definition{"detection_delay_p50", "min", measure, 1, "", "1",
               "P50 of the time from the event to its finding, of findings of the period", "findings", ""},
    Definition{"detection_delay_p95", "min", measure, 1, "", "1",
               "P95 of the time from the event to its finding, of findings of the period", "findings", ""},
};

constexpr std::array<std::string_view, 10> why_names{
    "known",          "no_data", "nothing_counted", "not_on_file", "not_told", "local_time_unknown",
    "not_in_service", "too_few", "one_device_only", "not_combined"};

}  // namespace

std::span<const Definition> definitions() { return table; }

const Definition* find_definition(std::string_view id) {
    const auto found = std::ranges::find(table, id, &Definition::id);
    return found == table.end() ? nullptr : &*found;
}

const Definition& definition(std::string_view id) {
    const Definition* found = find_definition(id);
    assert(found);
    return *found;
}

std::string_view name(Why why) { return why_names[static_cast<std::size_t>(why)]; }

}  // namespace gantry::kpi
