#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/audit/domain/observation.hpp"
#include "agent/audit/domain/text.hpp"
#include "agent/audit/domain/time.hpp"
#include "common/core/schema.hpp"

namespace re2 {
class RE2;
}

// Rules, as data, that turn lines of one kind of vendor log into observations. Expressions are RE2's: linear time, no
// back references. Only what a rule captures, as a typed field of the schema, leaves; never a line.
namespace gantry::audit {

// How a captured number becomes a field: (number - subtract) × multiply ÷ divide, rounded half away from zero.
struct Scaling {
    std::int64_t subtract = 0;
    std::int64_t multiply = 1;
    std::int64_t divide = 1;
    bool decimal_comma = false;
};

struct RuleField {
    Field field;           // of the schema
    int capture = 0;       // group of the expression; 0: `constant`
    std::string constant;  // JSON
    Scaling scaling;
    std::vector<std::pair<std::string, std::string>> map;  // captured text -> value
    std::string otherwise;  // value of what the map does not have; empty: the field is left out
};

struct Rule {
    std::string name;
    std::string event;
    std::shared_ptr<const re2::RE2> match;
    std::shared_ptr<const re2::RE2> unless;  // null: none
    int captures = 0;
    std::int64_t every_ms = 0;  // at most one event in this time, by the log's own clock; 0: no limit
    std::vector<RuleField> fields;
};

// What a pattern file says. Immutable; copies share the expressions.
class PatternFile {
public:
    // Checks everything against the schema: types and fields that do not exist, constants out of range, captures that
    // no expression has, required fields that no rule gives, expressions that would let a person's name through. Each
    // fault is one line `file:line: rule "name": reason`; all of them are told at once (Errc::malformed).
    static Result<PatternFile> parse(std::string_view toml, std::string_view file_name, const Schema& schema);

    Encoding encoding() const { return encoding_; }
    const std::string& zone() const { return zone_; }  // IANA name; empty: the program's
    const std::vector<Rule>& rules() const { return rules_; }
    bool times_carry_offset() const { return !time_match_ || time_format_->has_offset(); }

private:
    friend class LineReader;
    friend class PatternParser;
    Encoding encoding_ = Encoding::utf8;
    std::string zone_;
    std::shared_ptr<const re2::RE2> time_match_;  // null: lines carry no time
    std::optional<TimeFormat> time_format_;
    std::vector<Rule> rules_;
};

struct LineCounters {
    std::uint64_t lines = 0;
    std::uint64_t events = 0;
    std::uint64_t unmatched = 0;   // no rule
    std::uint64_t suppressed = 0;  // `every_s`
    std::uint64_t out_of_range =
        0;  // a value that the schema does not allow: the field, or the event that needs it, is left out
    std::uint64_t bad_time = 0;  // a time that its format does not fit
    std::uint64_t repaired = 0;  // bytes that the encoding does not have
};

// Reads one file's lines in their order. Not shared between files: a line without a time takes that of the line before.
class LineReader {
public:
    // `last_at_ms`: the time of the last line that was read before a restart.
    LineReader(std::shared_ptr<const PatternFile> patterns, const Schema& schema, const Zone& zone,
               std::optional<std::int64_t> last_at_ms = std::nullopt);

    // The first rule that matches decides. `line` is raw, without its end of line.
    std::optional<Observation> read(std::string_view line, std::int64_t now_ms);

    const LineCounters& counters() const { return counters_; }
    std::optional<std::int64_t> last_at_ms() const { return last_at_ms_; }

private:
    void take_time(const std::string& line, std::int64_t now_ms);
    std::optional<Observation> apply(std::size_t rule, const std::vector<std::string_view>& captured);

    std::shared_ptr<const PatternFile> patterns_;
    const Schema* schema_;
    Zone zone_;
    std::optional<std::int64_t> last_at_ms_;
    std::vector<std::optional<std::int64_t>> last_event_ms_;  // of each rule
    LineCounters counters_;
};

// A decimal number ("-12.5", "1,25" with a decimal comma) scaled to a whole one; nothing when it is none or does not
// fit 2^53.
std::optional<std::int64_t> scaled_number(std::string_view text, const Scaling& scaling);

}  // namespace gantry::audit
