#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/kpi/figure.hpp"
#include "server/domain/kpi/kpi.hpp"
#include "server/domain/rules/span.hpp"

// What all figures of one device and period rest on; not for other rooms.
namespace gantry::kpi {

using rules::DeviceCase;
using rules::Span;
using rules::Spans;

// Of merged spans.
std::int64_t total_ms(const Spans& spans);
Spans both(const Spans& a, const Spans& b);
Spans either(const Spans& a, const Spans& b);
Spans without(const Spans& a, const Spans& b);

inline constexpr double ms_per_hour_f = 3'600'000.0;
inline constexpr double ms_per_day_f = 86'400'000.0;
inline double hours_of(std::int64_t ms) { return static_cast<double>(ms) / ms_per_hour_f; }
inline double real(std::int64_t number) { return static_cast<double>(number); }
std::int64_t permille(std::int64_t part, std::int64_t whole);  // 0 of nothing

// A window of the local day on some weekdays, as UTC spans inside `within`. Needs the case's zone.
Spans local_windows(const DeviceCase& device, std::int64_t from_minute, std::int64_t to_minute, std::uint8_t weekdays,
                    Span within);

// The part of `span` in years of the local calendar: a whole calendar year is exactly 1.
double years_of(const DeviceCase& device, Span span);

// A stretch of covered hours under one contract; null: the roster's, with the usual terms.
struct Cover {
    const paper::Contract* contract = nullptr;
    Spans spans;
};

// Use summed over the rows that begin in the period.
struct UseSum {
    std::int64_t exams = 0;  // begun and not discontinued
    std::int64_t exposures = 0, exposure_ms = 0, unknown_duration = 0;
    ExamEnds ends;
};

struct Basis {
    Basis(const DeviceCase& device, Span period, const Settings& settings);

    const DeviceCase& device;
    const Settings& settings;
    Span period;                 // cut at now
    Spans watched, used, known;  // in the period; known: watched or used
    Spans in_use, in_service;    // in the period
    Spans roster;                // opening hours in the period
    std::vector<std::string> roster_basis;
    std::vector<Cover> covers;  // in service, without overlap
    Spans hard, partial;        // faults as told or declared; not cut to the period
    UseSum use;
    bool local = false;

    std::int64_t length_ms() const { return period.to_ms - period.from_ms; }
    std::int64_t coverage() const { return permille(total_ms(watched), length_ms()); }
    double known_days() const { return real(total_ms(known)) / ms_per_day_f; }
    Spans states(std::initializer_list<State> list) const;  // in the period
};

// Where figures are put together; each definition's figures may come in any order.
class Sheet {
public:
    Figure& sum(std::string_view id, double value, std::int64_t coverage, std::string part = {});
    // A zero denominator: `nothing_counted`, with the numerator kept.
    Figure& ratio(std::string_view id, double numerator, double denominator, std::int64_t coverage,
                  std::string part = {});
    Figure& measure(std::string_view id, double value, double count, std::int64_t coverage, std::string part = {});
    Figure& unknown(std::string_view id, Why why, std::int64_t coverage, std::string part = {});
    std::vector<Figure> take();  // in the order of definitions()

    const Figure* find(std::string_view id) const;  // the whole, when it is there already

private:
    std::vector<Figure> figures_;
};

void add_time(const Basis& basis, Sheet& out);   // down time, uptime, failures, repair
void add_duty(const Basis& basis, Sheet& out);   // maintenance and tests in time
void add_use(const Basis& basis, Sheet& out);    // utilisation, exams, aborts
void add_exams(const Basis& basis, Sheet& out);  // from single events: turn-round, dose, repeats
void add_money(const Basis& basis, Sheet& out);  // cost, return
void add_data(const Basis& basis, Sheet& out);   // completeness, silence, detection

}  // namespace gantry::kpi
