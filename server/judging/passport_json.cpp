#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "common/core/json.hpp"
#include "common/io/clock.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/judging/passport.hpp"

namespace gantry::judging {
namespace {

using clock::rfc3339;

void write_time(JsonWriter& json, std::string_view name, std::optional<std::int64_t> ms) {
    json.key(name);
    if (ms && *ms != paper::forever_ms)
        json.value(rfc3339(*ms));
    else
        json.null();
}

void write_text(JsonWriter& json, std::string_view name, const std::string& text) {
    json.key(name);
    if (text.empty())
        json.null();
    else
        json.value(text);
}

// ---- papers: their stored bodies, with times as text ----

void write_object(JsonCursor& in, const std::vector<Field>& fields, JsonWriter& out);

void write_value(JsonCursor& in, const Field* field, JsonWriter& out) {
    if (field && field->kind == FieldKind::time && in.peek() == JsonCursor::Kind::integer) {
        std::int64_t ms = 0;
        in.integer(ms);
        out.value(rfc3339(ms));
    } else if (field && field->kind == FieldKind::object && in.peek() == JsonCursor::Kind::object) {
        write_object(in, field->fields, out);
    } else if (field && field->kind == FieldKind::list && in.peek() == JsonCursor::Kind::array) {
        in.enter_array();
        out.begin_array();
        while (in.next_element()) write_value(in, &field->fields.front(), out);
        out.end_array();
    } else {
        std::string_view raw;
        in.skip(&raw);
        out.raw(raw);
    }
}

void write_object(JsonCursor& in, const std::vector<Field>& fields, JsonWriter& out) {
    in.enter_object();
    out.begin_object();
    for (std::string_view key; in.next_key(key);) {
        const auto field = std::ranges::find(fields, key, &Field::name);
        out.key(key);
        write_value(in, field == fields.end() ? nullptr : &*field, out);
    }
    out.end_object();
}

void write_paper(JsonWriter& json, const store::PaperRow& row, const EventType* type) {
    static const std::vector<Field> none;
    json.begin_object().field("id", row.id).field("log_index", row.leaf).field("filed_at", rfc3339(row.recv_ms));
    json.key("body");
    JsonCursor in{row.body};
    write_object(in, type ? type->fields : none, json);
    json.end_object();
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 15> paper_lists = {{
    {"rooms", "room"},
    {"permits", "permit"},
    {"commitments", "commitment"},
    {"tests", "test"},
    {"schedules", "schedule"},
    {"maintenance", "work_order"},
    {"contracts", "contract"},
    {"costs", "cost"},
    {"recalls", "recall"},
    {"recall_answers", "recall_answer"},
    {"adverse_events", "adverse_event"},
    {"operators", "operator"},
    {"opening_hours", "opening_hours"},
    {"declared_counts", "declared_count"},
    {"documents", "document"},
}};

void write_papers(JsonWriter& json, const Passport& passport, const Schema& schema) {
    for (const auto& [list, kind] : paper_lists) {
        const EventType* type = schema.find(kind);
        json.key(list).begin_array();
        for (const store::PaperRow& row : passport.papers)
            if (row.kind == kind) write_paper(json, row, type);
        json.end_array();
    }
}

void write_one(JsonWriter& json, std::string_view name, std::string_view kind, const Passport& passport,
               const Schema& schema) {
    const auto row = std::ranges::find(passport.papers, kind, &store::PaperRow::kind);
    json.key(name);
    if (row == passport.papers.end())
        json.null();
    else
        write_paper(json, *row, schema.find(kind));
}

// ---- the rest ----

void write_identity(JsonWriter& json, const Passport& passport, const Schema& schema) {
    const rules::DeviceCase& device = passport.device;
    json.key("identity").begin_object();
    write_text(json, "name", device.name);
    write_text(json, "maker", passport.maker);
    write_text(json, "model", passport.model);
    write_text(json, "serial", passport.serial);
    write_text(json, "udi", passport.udi);
    write_text(json, "modality", device.modality);
    write_text(json, "org", device.org);
    write_text(json, "site", device.site);
    write_text(json, "tz", device.tz);
    write_text(json, "record_key", passport.record_key);
    write_text(json, "software", device.fold.identity.sw);
    write_text(json, "shown_serial", device.fold.identity.serial);
    write_time(json, "registered_at", device.registered_ms);
    write_one(json, "sheet", "device_sheet", passport, schema);
    write_one(json, "org_paper", "org", passport, schema);
    write_one(json, "site_paper", "site", passport, schema);
    json.end_object();
}

void write_life(JsonWriter& json, const Passport& passport) {
    const LifecycleFold& life = passport.device.fold.life;
    json.key("state").begin_object();
    write_text(json, "state", life.state == State::none ? std::string{} : std::string{name(life.state)});
    write_time(json, "since", life.since_ms == 0 ? std::nullopt : std::optional{life.since_ms});
    json.field("retest_due", life.retest_due).field("restricted", life.restricted).field("baseline", life.baseline);
    json.end_object().key("timeline").begin_array();
    for (const rules::StateSpan& span : passport.device.states) {
        json.begin_object().field("state", name(span.state)).field("from", rfc3339(span.from_ms));
        write_time(json, "to", span.to_ms);
        json.field("log_index", span.leaf).end_object();
    }
    json.end_array().key("declarations").begin_array();
    for (std::size_t i = 0; i < passport.device.declared.size(); ++i) {
        const rules::Declared& declared = passport.device.declared[i];
        json.begin_object().field("at", rfc3339(declared.at_ms)).field("recv_at", rfc3339(declared.recv_ms));
        json.field("log_index", declared.leaf).field("event", declared.event).field("role", name(declared.role));
        json.key("leaf").raw(passport.declared_raw[i]).end_object();
    }
    json.end_array();
}

void write_parts(JsonWriter& json, const Passport& passport) {
    json.key("parts").begin_array();
    for (const PartChange& part : passport.parts) {
        json.begin_object().field("at", rfc3339(part.at_ms)).field("part", part.part);
        write_text(json, "old_serial", part.old_serial);
        write_text(json, "new_serial", part.new_serial);
        json.field("major", part.major);
        write_text(json, "work_order", part.work_order);
        json.field("log_index", part.leaf).end_object();
    }
    json.end_array();
}

void write_findings(JsonWriter& json, const Passport& passport) {
    json.key("findings").begin_array();
    for (const PassportFinding& finding : passport.findings) {
        const store::FindingRow& row = finding.row;
        json.begin_object().field("rule", row.rule).field("key", row.key).field("kind", row.kind);
        json.field("title_en", finding.title_en).field("title_zh", finding.title_zh);
        json.field("severity", name(row.severity)).field("suspected", row.suspected).field("stage", row.stage);
        json.field("open", row.open);
        write_text(json, "owner", row.owner);
        json.field("from", rfc3339(row.first_at_ms)).field("to", rfc3339(row.last_at_ms));
        write_time(json, "found_at", row.found_ms == 0 ? std::nullopt : std::optional{row.found_ms});
        json.field("count", row.count).field("first_log_index", row.first_leaf).field("last_log_index", row.last_leaf);
        write_text(json, "measured", row.measured);
        write_text(json, "limit_text", row.limit);
        json.field("rule_version", row.rule_version).key("steps").begin_array();
        for (const store::FindingStepRow& step : finding.steps) {
            json.begin_object().field("log_index", step.leaf).field("at", rfc3339(step.recv_ms));
            json.field("action", step.action);
            write_text(json, "actor", step.actor);
            write_text(json, "role", step.role);
            write_text(json, "reason", step.reason);
            write_text(json, "owner", step.owner);
            json.end_object();
        }
        json.end_array().end_object();
    }
    json.end_array();
}

void write_years(JsonWriter& json, const Passport& passport) {
    json.key("years").begin_array();
    for (const PassportYear& year : passport.years) {
        json.begin_object().field("year", year.year);
        json.field("from", rfc3339(year.span.from_ms)).field("to", rfc3339(year.span.to_ms));
        json.key("figures").begin_array();
        for (const kpi::Figure& figure : year.figures) write_figure(json, figure);
        json.end_array().end_object();
    }
    json.end_array();
}

void write_checkpoint(JsonWriter& json, const Passport& passport) {
    json.field("log_size", passport.log_size).key("checkpoint");
    if (!passport.checkpoint) {
        json.null();
        return;
    }
    json.begin_object().field("size", passport.checkpoint->size).field("root", to_hex(passport.checkpoint->root));
    json.field("at", rfc3339(passport.checkpoint->created_ms)).field("note", passport.checkpoint->note).end_object();
}

}  // namespace

std::string number_text(double value) {
    if (!std::isfinite(value)) return "null";
    std::string out = fmt::format("{:.6f}", value);
    while (out.back() == '0') out.pop_back();
    if (out.back() == '.') out.pop_back();
    return out == "-0" ? "0" : out;
}

void write_figure(JsonWriter& json, const kpi::Figure& figure) {
    const auto number = [&](std::string_view name, const std::optional<double>& value) {
        json.key(name).raw(value ? number_text(*value) : "null");
    };
    json.begin_object().field("id", figure.of->id);
    if (!figure.part.empty()) json.field("part", figure.part);
    json.field("unit", figure.of->unit);
    number("value", figure.value);
    number("numerator", figure.numerator);
    number("denominator", figure.denominator);
    json.field("coverage_permille", figure.coverage_permille).field("definition", figure.of->formula);
    if (figure.why != kpi::Why::known) json.field("why_null", kpi::name(figure.why));
    if (!figure.basis.empty()) {
        json.key("basis").begin_array();
        for (const std::string& basis : figure.basis) json.value(basis);
        json.end_array();
    }
    json.end_object();
}

std::string passport_json(const Passport& passport, const Schema& papers) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("device", passport.device.device).field("as_of", rfc3339(passport.device.now_ms));
    write_checkpoint(json, passport);
    write_identity(json, passport, papers);
    write_life(json, passport);
    write_papers(json, passport, papers);
    write_parts(json, passport);
    write_findings(json, passport);
    write_years(json, passport);
    json.key("left_out").begin_object();
    for (const auto& [list, count] : passport.left_out) json.field(list, static_cast<std::uint64_t>(count));
    json.end_object().end_object();
    return out;
}

}  // namespace gantry::judging
