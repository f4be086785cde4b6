#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a figure is: what it is called, how it is made, and what is known of its value. One table feeds the API, the
// data dictionary, the exports and the tests.
namespace gantry::kpi {

// How a value follows from its numerator and denominator, and how figures of several devices become one.
enum class Kind : std::uint8_t {
    sum,      // the numerator; several: added
    ratio,    // scale · numerator / denominator; several: both added first
    measure,  // a percentile and the like, of `denominator` values; several: not one figure
};

struct Definition {
    std::string_view id;    // title: the text `kpi.<id>` of config/text
    std::string_view unit;  // of the value; "1" for a plain number
    Kind kind = Kind::ratio;
    double scale = 1;
    std::string_view numerator_unit, denominator_unit;  // empty: there is none
    std::string_view formula;
    std::string_view source;
    std::string_view parts;  // what `part` tells apart; empty: the figure has no parts
    bool shared = false;     // several devices share the denominator (the beds of a hospital): its mean counts
};
std::span<const Definition> definitions();               // in the order of a report
const Definition* find_definition(std::string_view id);  // null: no such figure
const Definition& definition(std::string_view id);       // needs one of the table

// Why there is no value. A figure without a value is unknown, which is never zero.
enum class Why : std::uint8_t {
    known,
    no_data,             // nobody watched the device in the period
    nothing_counted,     // the denominator is zero: no failure, no exam, nothing due
    not_on_file,         // a paper is missing; `basis` names its kind
    not_told,            // the device's records do not carry it
    local_time_unknown,  // the site has no time zone that is known here
    not_in_service,      // the period has no time in service
    too_few,             // fewer values than a percentile needs
    one_device_only,     // it is made of single events, which are read for one device at a time
    not_combined,        // several devices have it, but not as one figure
};
std::string_view name(Why why);  // "known", "no_data", …

struct Figure {
    const Definition* of = nullptr;
    std::string part;  // a reason, a phase, a protocol group; empty: the whole
    std::optional<double> value;
    std::optional<double> numerator, denominator;
    std::int64_t coverage_permille = 0;  // the part of the period with the data that the figure rests on
    Why why = Why::known;
    std::vector<std::string> basis;  // papers and assumptions, "contract:c-1"; or what is missing, "cost.energy"
};

// Figures of several devices over one period as those of all of them: sums are added, ratios get the sum of the
// numerators over the sum of the denominators of the devices that have a value, the coverage is the mean over all
// devices. A device without a value counts with coverage 0; a figure that no device has says why, by the first reason.
class Combiner {
public:
    void add(std::span<const Figure> figures);
    std::size_t devices() const { return devices_; }
    std::vector<Figure> take() const;  // in the order of definitions(), then by part

private:
    struct Sum {
        Figure figure;
        std::int64_t coverage = 0;
        std::size_t known = 0;
    };
    std::vector<Sum> sums_;
    std::size_t devices_ = 0;
};

}  // namespace gantry::kpi
