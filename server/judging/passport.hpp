#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/core/schema.hpp"
#include "server/domain/due/calendar.hpp"
#include "server/domain/kpi/kpi.hpp"
#include "server/domain/rules/pack.hpp"
#include "server/judging/texts.hpp"
#include "server/store/store_reader.hpp"

// The whole file of one device: what it is, its life with the log index of each step, its papers, works and parts, what
// was found about it, its figures year by year, and the signed state of the log that all of it rests on.
namespace gantry::judging {

// Lists longer than these are cut to the newest; `left_out` says how many are not shown.
inline constexpr std::size_t passport_declarations_max = 2'000;
inline constexpr std::size_t passport_findings_max = 1'000;
inline constexpr std::size_t passport_years_max = 40;

struct PartChange {
    std::int64_t at_ms = 0;
    std::string part, old_serial, new_serial;
    bool major = false;
    std::string work_order;  // the paper that tells it; empty: the device did
    std::uint64_t leaf = 0;
};

struct PassportFinding {
    store::FindingRow row;
    std::string title_en, title_zh;
    std::vector<store::FindingStepRow> steps;
};

struct PassportYear {
    int year = 0;  // of the site's calendar
    rules::Span span;
    std::vector<kpi::Figure> figures;
};

struct Passport {
    rules::DeviceCase device;  // states, papers, declared; see figure_reader.hpp
    std::string maker, model, serial, udi, record_key;
    std::vector<store::PaperRow> papers;    // those that concern the device, by kind, then by time, then by id
    std::vector<std::string> declared_raw;  // JSON of each of device.declared, same order
    std::vector<PartChange> parts;          // by time
    std::vector<PassportFinding> findings;  // newest first
    std::vector<PassportYear> years;        // oldest first, the present one cut at now
    std::uint64_t log_size = 0;
    std::optional<store::CheckpointRow> checkpoint;
    std::map<std::string, std::size_t> left_out;  // list -> entries not shown
};

// nullopt: no such device. One consistent view of the store. `pack`: for titles and reference levels; may be null.
std::optional<Passport> read_passport(store::StoreReader& reader, const std::string& device,
                                      const rules::RulePack* pack, std::int64_t now_ms);

// The document of GET /devices/{id}/passport; `papers` gives the kinds of the papers' fields.
std::string passport_json(const Passport& passport, const Schema& papers);

// The same for people, in lines of at most some 120 characters; the years' figures are the ones that most ask for.
std::string passport_text(const Passport& passport, const Texts& texts, due::Language language);

// One figure as an element of a list: id, part?, unit, value or null with why_null, numerator, denominator,
// coverage_permille, definition, basis?.
void write_figure(JsonWriter& json, const kpi::Figure& figure);
// A number with at most six digits after the point, never an exponent; what is not finite is null.
std::string number_text(double value);

}  // namespace gantry::judging
