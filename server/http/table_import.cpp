#include "server/http/table_import.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "server/domain/leaf_json.hpp"
#include "server/domain/paper/import_columns.hpp"
#include "server/domain/paper/paper_read.hpp"
#include "server/domain/paper/xlsx_file.hpp"
#include "server/http/due_view.hpp"
#include "server/judging/paper_reader.hpp"
#include "server/store/read_papers.hpp"

namespace gantry::http {
namespace {

using paper::ImportAction;

constexpr std::size_t refused_errors_max = 50;  // of one row; a row has some thirty columns

// One row of the table on its way.
struct Row {
    int line = 0;
    std::string device;
    ImportAction action = ImportAction::refused;
    State state = State::none;
    std::vector<paper::ImportError> errors;
    paper::ImportChange change;
    std::optional<std::vector<MissingSince>> missing;
};

Result<std::vector<paper::SheetRow>> rows_of(const ImportOrder& order) {
    switch (order.format) {
        case TableFormat::csv:
            return paper::parse_csv(order.table);
        case TableFormat::ndjson:
            return paper::parse_ndjson(order.table);
        case TableFormat::xlsx:
            return paper::parse_xlsx(as_bytes(order.table));
    }
    return Error{Errc::malformed, "table: want CSV, NDJSON or XLSX"};
}

Result<std::int64_t> zone_minutes(const std::string& tz, std::int64_t now_ms) {
    constexpr std::int64_t china = 480;
    if (tz.empty()) return china;
    try {
        const auto info = date::locate_zone(tz)->get_info(
            date::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{now_ms}});
        return std::chrono::duration_cast<std::chrono::minutes>(info.offset).count();
    } catch (const std::runtime_error&) {
        return Error{Errc::schema, fmt::format("tz: got \"{}\", want a zone such as Asia/Shanghai", tz.substr(0, 64))};
    }
}

// What people call the states, of all tables that are loaded.
std::map<std::string, State, std::less<>> words_of(const HttpConfig& config) {
    std::map<std::string, State, std::less<>> out;
    const auto tables = config.tables->get();
    for (const LifecycleTable* table : tables->all()) out.merge(paper::state_words_of(*table));
    return out;
}

paper::KnownDevice known_of(store::StoreReader& reader, const std::string& id, std::optional<DeviceView>& view) {
    paper::KnownDevice out;
    const auto device = reader.device(id);
    if (!device) return out;
    view = device_view(*device);
    out.state = view->fold.life.state;
    out.entry.emplace("id", id);
    if (const auto entry = parse_fact_leaf(device->row.entry))
        for (const auto& [member, value] : entry->more)
            if (const auto* text = std::get_if<std::string>(&value)) out.entry.emplace(member, *text);
    const auto sheets = store::paper_versions(reader, "device_sheet", id, 1);
    if (!sheets.empty()) out.sheet_json = sheets.front().body;
    return out;
}

// As it will be once the row is in: with the sheet of the row, in the state that it declares.
std::vector<MissingSince> missing_after(store::StoreReader& reader, const HttpConfig& config,
                                        const paper::ImportedDevice& read, const Row& row,
                                        const std::optional<DeviceView>& view, std::int64_t now_ms) {
    const auto member = [&](const char* name) {
        const auto found = read.entry.find(name);
        return found == read.entry.end() ? std::string{} : found->second;
    };
    const paper::DeviceIdentity identity{row.device,      member("org"),   member("site"),
                                         member("maker"), member("model"), member("serial")};
    auto papers = judging::read_device_papers(reader, identity);
    const std::string& body = row.change.sheet ? row.change.sheet->paper->body : read.sheet_json;
    if (auto sheet = paper::read_paper({.id = row.device, .leaf = 0, .recv_ms = now_ms}, "device_sheet", body))
        papers.sheet = std::get<paper::DeviceSheet>(std::move(*sheet));
    std::vector<store::IntervalRow> states;
    if (row.change.baseline)
        states.push_back({Lane::lifecycle, {}, row.change.baseline->at_ms, {}, std::string{name(row.state)}, 0});
    else if (view)
        states = lifecycle_states(reader, view->dev_no);
    return missing_of(*config.duties, row.state, papers, states, now_ms);
}

// The text in the column that names the device, also of a row that is refused.
std::string id_in(const std::vector<paper::SheetRow>& table, const paper::SheetRow& row) {
    const auto& headings = table.front().cells;
    for (std::size_t i = 0; i < std::min(headings.size(), row.cells.size()); ++i)
        if (const auto* column = paper::column_of_heading(paper::trimmed(headings[i])); column && column->key == "id")
            return std::string{paper::trimmed(row.cells[i]).substr(0, 64)};
    return {};
}

class TableImport {
public:
    TableImport(store::StoreReader& reader, Commands& commands, const HttpConfig& config, const ImportOrder& order,
                std::int64_t now_ms)
        : reader_{reader}, commands_{commands}, config_{config}, order_{order}, now_ms_{now_ms} {}

    Result<std::string> run() {
        const auto table = rows_of(order_);
        if (!table) return table.error();
        const auto zone = zone_minutes(order_.tz, now_ms_);
        if (!zone) return zone.error();
        auto report = paper::import_devices(*config_.papers, *table,
                                            {.now_ms = now_ms_,
                                             .zone_minutes = *zone,
                                             .org = order_.org,
                                             .site = order_.site,
                                             .tz = order_.tz,
                                             .state_words = words_of(config_)});
        if (!report) return report.error();
        plan(*table, *report);
        if (!order_.dry_run)
            if (auto done = carry_out(); !done) return done.error();
        return answer(*report);
    }

private:
    void plan(const std::vector<paper::SheetRow>& table, const paper::ImportReport& report) {
        auto good = report.devices.begin();
        for (std::size_t i = 1; i < table.size(); ++i) {
            Row row;
            row.line = table[i].line;
            row.device = id_in(table, table[i]);
            if (good != report.devices.end() && good->line == row.line)
                plan_row(row, *good++);
            else
                for (const paper::ImportError& error : report.errors)
                    if (error.line == row.line && row.errors.size() < refused_errors_max) row.errors.push_back(error);
            if (row.action == ImportAction::refused && row.errors.empty())
                row.errors.push_back({row.line, "", row.device, "fewer faults in the rows before: not all are told"});
            rows_.push_back(std::move(row));
        }
    }

    void plan_row(Row& row, const paper::ImportedDevice& read) {
        row.device = read.entry.at("id");
        std::optional<DeviceView> view;
        const auto known = known_of(reader_, row.device, view);
        auto step = paper::import_step(*config_.papers, read, known, order_.by);
        row.action = step.action;
        row.errors = std::move(step.errors);
        row.change = std::move(step.change);
        row.state = known.state;
        if (row.action == ImportAction::refused) return;
        if (row.change.baseline)
            if (const std::string* state = row.change.baseline->text("state"))
                row.state = state_from(*state).value_or(State::none);
        if (rows_.size() < missing_told_rows_max)
            row.missing = missing_after(reader_, config_, read, row, view, now_ms_);
    }

    Result<void> carry_out() {
        std::vector<std::size_t> places;
        std::vector<paper::ImportChange> changes;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (rows_[i].action == ImportAction::refused || rows_[i].change.is_nothing()) continue;
            places.push_back(i);
            changes.push_back(std::move(rows_[i].change));
        }
        if (changes.empty()) return {};
        const auto done = commands_.import_rows(std::move(changes));
        if (!done) return done.error();
        for (std::size_t i = 0; i < places.size(); ++i) {
            Row& row = rows_[places[i]];
            row.state = (*done)[i].state;
            if ((*done)[i].error.empty()) continue;
            row.action = ImportAction::refused;
            row.errors.push_back({row.line, "", row.device, (*done)[i].error});
        }
        return {};
    }

    std::string answer(const paper::ImportReport& report) const {
        std::map<ImportAction, std::uint64_t> counts;
        for (const Row& row : rows_) ++counts[row.action];
        std::string text;
        JsonWriter json{text};
        json.begin_object().field("dry_run", order_.dry_run).field("rows", static_cast<std::uint64_t>(rows_.size()));
        for (const ImportAction action :
             {ImportAction::added, ImportAction::changed, ImportAction::unchanged, ImportAction::refused})
            json.field(paper::name(action), counts[action]);
        json.key("unknown_columns").begin_array();
        for (const std::string& heading : report.unknown_columns) json.value(heading);
        json.end_array().key("results").begin_array();
        for (const Row& row : rows_) write_row(json, row);
        json.end_array().end_object();
        return text;
    }

    static void write_row(JsonWriter& json, const Row& row) {
        json.begin_object().field("row", row.line);
        write_optional(json, "device", row.device);
        json.field("action", paper::name(row.action));
        write_state(json, "state", row.state);
        json.key("errors").begin_array();
        for (const paper::ImportError& error : row.errors)
            json.begin_object()
                .field("column", error.column)
                .field("got", error.got)
                .field("want", error.want)
                .end_object();
        json.end_array();
        if (row.missing)
            write_missing(json, *row.missing, "missing");
        else
            json.key("missing").null();
        json.end_object();
    }

    store::StoreReader& reader_;
    Commands& commands_;
    const HttpConfig& config_;
    const ImportOrder& order_;
    std::int64_t now_ms_;
    std::vector<Row> rows_;
};

}  // namespace

Result<std::string> import_table(store::StoreReader& reader, Commands& commands, const HttpConfig& config,
                                 const ImportOrder& order, std::int64_t now_ms) {
    return TableImport{reader, commands, config, order, now_ms}.run();
}

}  // namespace gantry::http
