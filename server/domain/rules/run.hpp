#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/rules/case.hpp"
#include "server/domain/rules/judge.hpp"
#include "server/domain/rules/registry.hpp"
#include "server/domain/rules/span.hpp"

// What a rule function is given: the case, its own parameters, and where it says what it found.
namespace gantry::rules {

// A moment with its body taken apart. A body that is no JSON object is an empty one: all of it is unknown.
struct Signal {
    std::int64_t at_ms = 0;
    std::uint64_t leaf = 0;
    boost::json::object body;

    std::string text(std::string_view key) const;  // "": not told
    std::optional<std::int64_t> number(std::string_view key) const;
    std::optional<bool> flag(std::string_view key) const;
};

// Made once for all rules of one judgement. Bodies are taken apart when a rule first asks for their type.
class Signals {
public:
    explicit Signals(const DeviceCase& device);
    const std::vector<Signal>& of(std::string_view type) const;  // sorted; empty for a type that never came

private:
    struct Group {
        std::vector<const Moment*> moments;
        std::vector<Signal> parsed;
    };
    mutable std::map<std::string_view, Group, std::less<>> by_type_;
};

// Log indexes: the first eight and the last eight of any number.
class Leaves {
public:
    void add(std::uint64_t leaf);
    std::vector<std::uint64_t> take() const;

private:
    std::vector<std::uint64_t> first_, last_;
    std::size_t next_ = 0;
};

// Patient exposures (purpose patient or unknown) within a stretch of time.
struct PatientUse {
    std::int64_t exposures = 0;
    std::int64_t first_ms = 0, last_ms = 0;  // to the hour
    Leaves leaves;
};

class Run {
public:
    Run(const DeviceCase& device, const RulePack& pack, const Signals& signals, const Rule& rule)
        : device_{device}, pack_{pack}, signals_{signals}, rule_{rule} {}

    const DeviceCase& device() const { return device_; }
    const paper::DevicePapers& papers() const { return device_.papers; }
    const RulePack& pack() const { return pack_; }
    const Rule& rule() const { return rule_; }
    std::int64_t now_ms() const { return device_.now_ms; }
    const std::vector<Signal>& signals(std::string_view type) const { return signals_.of(type); }

    // Whether this version is the one that judges what happened then.
    bool covers(std::int64_t at_ms) const { return rule_.from_ms <= at_ms && at_ms < rule_.to_ms; }
    Span validity() const { return {rule_.from_ms, rule_.to_ms}; }
    Span lived() const { return {rule_.from_ms, std::min(rule_.to_ms, device_.now_ms + 1)}; }  // of it, what has passed

    // Parameters; the name must be one of the function's own.
    std::int64_t number(std::string_view name) const;
    std::int64_t days_ms(std::string_view name) const { return number(name) * ms_per_day; }
    const Texts& texts(std::string_view name) const;
    const Table& table(std::string_view name) const;
    const Words& words(std::string_view name) const;
    bool lists(std::string_view name, std::string_view text) const;

    // Says what was found. Rule and severity are filled in from the rule unless `found` has its own severity.
    void add(Found found);
    Found found(std::string key, std::int64_t from_ms, std::int64_t to_ms, std::string measured,
                std::string limit) const;
    // With no new leaf the answer may change then. A moment that has passed is ignored.
    void due_at(std::int64_t at_ms);

    // The first days after a device entered the register, as long as nothing of a kind is on file: its papers are still
    // being gathered, and their absence says nothing. Needs the parameter `unfiled_grace_days`; announces its end.
    bool is_gathering(bool any_filed);

    // Exposures of whole hours are summed; of an hour that the span cuts in two, the single exposures are counted, and
    // the hour is asked for. An hour that is not at hand counts nothing.
    PatientUse patient_use(Span span);
    // One finding for the span when a patient was exposed in it.
    void report_use(Span span, std::string key, Severity severity, std::string limit);

    // For rules on single exposures: the latest days' hours are asked for, and the exposures of them at hand.
    std::vector<const UseEvent*> recent_uses(bool patients_only = true);
    void want(std::int64_t hour_ms) { wanted_.push_back(hour_ms); }
    // What lies before it is not at hand: what was found there is neither upheld nor withdrawn. 0: all is.
    void known_from(std::int64_t at_ms) { judged_from_ms_ = std::max(judged_from_ms_, at_ms); }
    void want_hours(Span span);  // all hours with exposures in it

    std::vector<Found>& found_list() { return found_; }
    std::vector<std::int64_t>& wanted() { return wanted_; }
    std::int64_t next_due_ms() const { return next_due_ms_; }
    std::int64_t judged_from_ms() const { return judged_from_ms_; }

private:
    const DeviceCase& device_;
    const RulePack& pack_;
    const Signals& signals_;
    const Rule& rule_;
    std::vector<Found> found_;
    std::vector<std::int64_t> wanted_;
    std::int64_t next_due_ms_ = forever_ms;
    std::int64_t judged_from_ms_ = 0;
};

// ---- what several rules ask ----------------------------------------------------------------------------------------

// States in which a device is held for use, and duties of time run.
inline constexpr std::initializer_list<State> in_service = {State::in_use, State::pm, State::fault};
// States in which a device is nobody's duty any more.
inline constexpr std::initializer_list<State> gone = {State::decommissioned, State::transferred, State::disposed,
                                                      State::cancelled,      State::returned,    State::lost};

// Something that must come again: done at `anchor_ms`, due by `due_ms`, done again at `end_ms` (forever: not yet).
struct Late {
    std::int64_t anchor_ms = 0, due_ms = 0, end_ms = forever_ms;
    std::int64_t late_from_ms = 0, late_to_ms = forever_ms;  // while the duty runs: part of [due_ms, end_ms)
};
// Every time that the thing was done (sorted) and the time from which it counts give one stretch each; returned are
// those that ran past their due time while in one of `duty` and while the rule version was in force. The next due time
// is announced.
std::vector<Late> find_late(Run& run, std::int64_t start_ms, const std::vector<std::int64_t>& done,
                            std::int64_t interval_ms, const Spans& duty);

std::int64_t declared_ms(const Declared& declared);  // the later of claimed and received: what counts for deadlines
const std::string* text_of(const Declared& declared, std::string_view key);
std::optional<bool> flag_of(const Declared& declared, std::string_view key);

bool names_device(const std::vector<std::string>& devices, std::string_view device);  // an empty list names all
bool matches(const paper::Recall& recall, const DeviceCase& device);
std::optional<std::int64_t> recall_closed_ms(const DeviceCase& device, const paper::Recall& recall);
bool ionising(const DeviceCase& device);  // false also when the modality is not known
std::string modality_of(const DeviceCase& device);

}  // namespace gantry::rules
