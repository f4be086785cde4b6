#include <algorithm>

#include "server/domain/kpi/basis.hpp"

// Utilisation and throughput.
namespace gantry::kpi {
namespace {

using rules::ms_per_day;

void unknown_use(const Basis& basis, Sheet& out, std::initializer_list<std::string_view> ids) {
    for (const std::string_view id : ids) out.unknown(id, Why::no_data, basis.coverage());
}

// The local days of `windows` (the opening hours) that `seen` touches, whole.
struct OpenDays {
    std::int64_t days = 0, open_ms = 0;
};
OpenDays open_days(const Basis& basis, const Spans& seen) {
    OpenDays out;
    auto window = basis.roster.begin();
    while (window != basis.roster.end()) {
        const std::int64_t day = rules::day_of(rules::local_ms(basis.device, window->from_ms));
        Spans of_day;
        for (; window != basis.roster.end() && rules::day_of(rules::local_ms(basis.device, window->from_ms)) == day;
             ++window)
            of_day.push_back(*window);
        if (both(of_day, seen).empty()) continue;
        ++out.days;
        out.open_ms += total_ms(of_day);
    }
    return out;
}

void add_year(const Basis& basis, Sheet& out) {
    const paper::DeviceSheet& sheet = basis.device.papers.sheet;
    const double years = years_of(basis.device, basis.period);
    const double days = real(sheet.openable_days_per_year.value_or(basis.settings.openable_days_per_year)) * years;
    const double hours = real(sheet.openable_minutes_per_day.value_or(basis.settings.openable_minutes_per_day)) / 60;
    std::vector<std::string> assumed;
    if (!sheet.openable_days_per_year || !sheet.openable_minutes_per_day)
        assumed = {"assumed: openable days and hours of the handbook"};
    if (basis.known.empty()) {
        unknown_use(basis, out, {"year_time_utilisation", "year_capacity_utilisation"});
        return;
    }
    if (!basis.local) {
        out.unknown("year_time_utilisation", Why::local_time_unknown, basis.coverage());
    } else if (basis.roster.empty()) {
        out.unknown("year_time_utilisation", Why::not_on_file, basis.coverage()).basis = {"opening_hours"};
    } else {
        const OpenDays open = open_days(basis, basis.used);
        out.ratio("year_time_utilisation", hours_of(open.open_ms), days * hours, basis.coverage()).basis = assumed;
    }
    if (sheet.capacity_exams_per_day)
        out.ratio("year_capacity_utilisation", real(basis.use.exams), days * real(*sheet.capacity_exams_per_day),
                  basis.coverage())
            .basis = assumed;
    else
        out.unknown("year_capacity_utilisation", Why::not_on_file, basis.coverage()).basis = {
            "device_sheet.capacity_exams_per_day"};
}

void add_room(const Basis& basis, Sheet& out) {
    if (!basis.local || basis.roster.empty()) {
        Figure& figure =
            out.unknown("room_utilisation", basis.local ? Why::not_on_file : Why::local_time_unknown, basis.coverage());
        if (basis.local) figure.basis = {"opening_hours"};
        return;
    }
    const std::int64_t staffed = total_ms(both(basis.roster, basis.known));
    const ExamEnds& ends = basis.use.ends;
    if (staffed == 0) return unknown_use(basis, out, {"room_utilisation"});
    if (ends.timed == 0 && (basis.use.exams > 0 || ends.all() > 0)) {
        out.unknown("room_utilisation", Why::not_told, basis.coverage());
        return;
    }
    // Exams of unknown length are no time at all, so the figure rests on that much less.
    const std::int64_t exams = std::max(ends.all(), basis.use.exams);
    const std::int64_t told = exams == 0 ? 1000 : permille(ends.timed, exams);
    out.ratio("room_utilisation", hours_of(ends.exam_ms), hours_of(staffed),
              permille(staffed, total_ms(basis.roster)) * std::min<std::int64_t>(told, 1000) / 1000);
}

void add_beam(const Basis& basis, Sheet& out) {
    const UseSum& use = basis.use;
    Spans off;
    for (const rules::OperatingSpan& span : basis.device.operating)
        if (span.operating == Operating::off) off.push_back({span.from_ms, span.to_ms});
    const Spans powered = without(both(basis.in_use, basis.known), off);
    if (powered.empty()) {
        out.unknown("beam_duty", basis.in_use.empty() ? Why::not_in_service : Why::no_data, basis.coverage());
        return;
    }
    const std::int64_t timed = use.exposures - use.unknown_duration;
    if (timed == 0 && use.exposures > 0) {
        out.unknown("beam_duty", Why::not_told, basis.coverage());
        return;
    }
    const std::int64_t told = use.exposures == 0 ? 1000 : permille(timed, use.exposures);
    out.ratio("beam_duty", real(use.exposure_ms) / 1000, real(total_ms(powered)) / 1000,
              basis.coverage() * told / 1000);
}

void add_exam_counts(const Basis& basis, Sheet& out) {
    const UseSum& use = basis.use;
    const std::int64_t coverage = basis.coverage();
    out.sum("exams", real(use.exams), coverage);
    out.sum("exposures", real(use.exposures), coverage);
    out.ratio("exams_per_day", real(use.exams), basis.known_days(), coverage);
    out.ratio("exposures_per_exam", real(use.exposures), real(use.exams), coverage);
    if (!basis.local)
        out.unknown("exams_per_open_day", Why::local_time_unknown, coverage);
    else if (basis.roster.empty())
        out.unknown("exams_per_open_day", Why::not_on_file, coverage).basis = {"opening_hours"};
    else
        out.ratio("exams_per_open_day", real(use.exams), real(open_days(basis, basis.known).days), coverage);
    const auto& org = basis.device.papers.org;
    if (org && org->open_beds)
        out.ratio("throughput_per_bed", real(use.exams), real(*org->open_beds) * basis.known_days(), coverage).basis = {
            "org:" + org->id};
    else
        out.unknown("throughput_per_bed", Why::not_on_file, coverage).basis = {"org.open_beds"};
}

void add_aborts(const Basis& basis, Sheet& out) {
    const ExamEnds& ends = basis.use.ends;
    const std::int64_t coverage = basis.coverage();
    if (ends.all() == 0) {
        out.unknown("abort_rate", basis.use.exams > 0 ? Why::not_told : Why::nothing_counted, coverage);
        return;
    }
    out.ratio("abort_rate", real(ends.aborted()), real(ends.all()), coverage);
    for (std::size_t i = 0; i < abort_reasons.size(); ++i)
        if (ends.discontinued[i] > 0)
            out.ratio("abort_rate", real(ends.discontinued[i]), real(ends.all()), coverage,
                      std::string{abort_reasons[i]});
}

}  // namespace

void add_use(const Basis& basis, Sheet& out) {
    add_year(basis, out);
    if (basis.known.empty())
        return unknown_use(basis, out,
                           {"room_utilisation", "beam_duty", "exams", "exposures", "exams_per_day",
                            "exams_per_open_day", "exposures_per_exam", "abort_rate", "throughput_per_bed"});
    add_room(basis, out);
    add_beam(basis, out);
    add_exam_counts(basis, out);
    add_aborts(basis, out);
}

}  // namespace gantry::kpi
