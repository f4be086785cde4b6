#include "server/domain/paper/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "common/core/ids.hpp"
#include "common/core/json.hpp"
#include "server/domain/paper/dates.hpp"
#include "server/domain/paper/filing.hpp"
#include "server/domain/paper/import_columns.hpp"
#include "server/domain/paper/paper_read.hpp"
#include "server/domain/paper/udi.hpp"

namespace gantry::paper {
namespace {

constexpr std::size_t register_text_bytes_max = 128;  // as the register takes it
constexpr std::size_t shown_bytes_max = 60;           // of a cell, in an error

constexpr std::string_view entry_members[] = {"id",     "name", "modality", "maker", "model",
                                              "serial", "org",  "site",     "tz",    "record_key"};

struct BoundColumn {
    const Column* column = nullptr;  // null: not known
    std::string heading;
};

Result<std::vector<BoundColumn>> bind_columns(const SheetRow& headings, ImportReport& report) {
    std::vector<BoundColumn> out;
    for (const std::string& cell : headings.cells) {
        const std::string heading{trimmed(cell)};
        const Column* column = column_of_heading(heading);
        if (!column && !heading.empty()) report.unknown_columns.push_back(heading);
        const auto same = [&](const BoundColumn& before) { return column && before.column == column; };
        if (const auto twice = std::ranges::find_if(out, same); twice != out.end())
            return Error{Errc::malformed, fmt::format("line {}: got the columns '{}' and '{}', want one of them",
                                                      headings.line, twice->heading, heading)};
        out.push_back({column, heading});
    }
    for (const Column& column : import_columns()) {
        const auto is_it = [&](const BoundColumn& bound) { return bound.column == &column; };
        if (column.needed && std::ranges::none_of(out, is_it))
            return Error{Errc::malformed,
                         fmt::format("line {}: got no column {}, want one headed '{}' or '{}'", headings.line,
                                     column.key, column.headings.substr(0, column.headings.find('|')), column.key)};
    }
    return out;
}

int year_of(std::int64_t at_ms) {
    const auto day = std::chrono::floor<std::chrono::days>(
        std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{at_ms}});
    return static_cast<int>(std::chrono::year_month_day{day}.year());
}

// Reads one row. Every fault is noted; the device is taken only when there is none.
class RowReader {
public:
    RowReader(const Schema& papers, const std::vector<BoundColumn>& columns, const SheetRow& row,
              const ImportOptions& options)
        : papers_{papers}, columns_{columns}, row_{row}, options_{options} {}

    std::optional<ImportedDevice> read() {
        read_cells();
        fill("org", options_.org);
        fill("site", options_.site);
        fill("tz", options_.tz);
        check_entry();
        ImportedDevice device;
        device.line = row_.line;
        device.baseline = baseline();
        if (errors_.empty()) device.sheet_json = sheet();
        for (const std::string_view member : entry_members)
            if (const std::string value = text(member); !value.empty()) device.entry.emplace(member, value);
        if (const std::string di = text("udi_di"); !di.empty()) device.entry.emplace("udi", di);
        if (!errors_.empty()) return std::nullopt;
        return device;
    }
    const std::vector<ImportError>& errors() const { return errors_; }
    void fail(std::string_view key, std::string_view got, std::string want) {
        std::string shown{got.substr(0, shown_bytes_max)};
        while (!is_valid_utf8(shown)) shown.pop_back();
        errors_.push_back({row_.line, heading_of(key), std::move(shown), std::move(want)});
    }

private:
    void read_cells() {
        const std::size_t count = std::min(columns_.size(), row_.cells.size());
        for (std::size_t i = 0; i < count; ++i) {
            const std::string_view cell = trimmed(row_.cells[i]);
            const Column* column = columns_[i].column;
            if (cell.empty() || !column) continue;
            auto value = read_cell(column->kind, cell, options_);
            if (!value) {
                errors_.push_back({row_.line, columns_[i].heading, std::string{cell.substr(0, shown_bytes_max)},
                                   std::string{wanted(column->kind)}});
                while (!is_valid_utf8(errors_.back().got)) errors_.back().got.pop_back();
                continue;
            }
            if (!values_.emplace(column->key, std::move(*value)).second)
                fail(column->key, cell, "the value in one column, not in two");
        }
        for (const Column& column : import_columns())
            if (column.needed && !values_.contains(column.key) && !has_error(column.key))
                fail(column.key, "", "a value");
        read_udi();
    }

    // The code on the plate tells model and piece; what it tells of the piece fills empty cells and may not contradict.
    void read_udi() {
        const std::string code = text("udi_di");
        if (code.empty()) return;
        const auto udi = parse_udi(code, year_of(options_.now_ms));
        if (!udi) {
            const std::string why = udi.error().message;  // begins with "UDI: "
            return fail("udi_di", code, fmt::format("a code that is right ({})", why.substr(5)));
        }
        values_.insert_or_assign("udi_di", udi->di);
        fill("serial", udi->serial);
        if (!udi->serial.empty() && text("serial") != udi->serial)
            fail("serial", text("serial"), "the serial number of the UDI, " + udi->serial);
        if (udi->manufactured_ms) values_.emplace("manufactured_at", *udi->manufactured_ms);
    }

    void check_entry() {
        const std::string id = text("id");
        if (!id.empty() && !DeviceId::parse(id)) fail("id", id, "1 to 64 of a-z, 0-9 and '-', not '-' first");
        const std::string key = text("record_key");
        if (!key.empty() && (key.size() != 64 || key.find_first_not_of("0123456789abcdef") != std::string::npos))
            fail("record_key", key, "64 lower-case hexadecimal digits");
        for (const std::string_view member : entry_members) {
            const std::string value = text(member);
            const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
            if (value.size() > register_text_bytes_max)
                fail(member, value, fmt::format("at most {} bytes, got {}", register_text_bytes_max, value.size()));
            else if (std::ranges::any_of(value, is_control))
                fail(member, "a line break or control character", "one line of text");
        }
    }

    // As the guard of baseline.declared will judge it.
    Declaration baseline() {
        Declaration out;
        out.event = "baseline.declared";
        out.subject = text("id");
        out.role = Role::hm;
        out.org = text("org");
        out.reason = values_.contains("reason") ? text("reason") : "imported from the register of the hospital";
        out.at_ms = number("state_since").value_or(options_.now_ms);
        out.recv_ms = options_.now_ms;
        if (out.at_ms > options_.now_ms) fail("state_since", time_text(out.at_ms), "a day that has come");
        for (const std::string_view key : {"state", "cleared_to", "sealed_by"})
            if (values_.contains(key)) out.data.emplace(key, text(key));
        const auto needs_former = [](std::string_view state) {
            return state == "SUSPENDED" || state == "SEALED" || state == "LOST";
        };
        const std::string state = text("state");
        const std::string former = text("cleared_to");
        if (needs_former(state) && (former.empty() || needs_former(former)) && !has_error("cleared_to"))
            fail("cleared_to", former, "the last state that it lawfully reached before " + state);
        const std::string sealer = text("sealed_by");
        if (state == "SEALED" && sealer != "REG-H" && sealer != "REG-E" && sealer != "REG-D")
            fail("sealed_by", sealer, "one of REG-H, REG-E, REG-D");
        return out;
    }

    std::string sheet() {
        std::string body;
        JsonWriter out{body};
        out.begin_object();
        for (const std::string& field : fields_of("device_sheet")) {
            const auto value = values_.find(field);
            if (value == values_.end()) continue;
            out.key(field);
            std::visit([&](const auto& v) { out.value(v); }, value->second);
        }
        out.end_object();
        auto filed = canonical_filing(papers_, "device_sheet", text("id"), body);
        if (filed) return std::move(*filed);
        note_sheet_error(filed.error().message);
        return {};
    }

    // "device_sheet.rows: got 2000, want 1 to 1024": the column is the field's.
    void note_sheet_error(std::string_view message) {
        constexpr std::string_view prefix = "device_sheet.";
        const std::size_t colon = message.find(": ");
        if (!message.starts_with(prefix) || colon == std::string_view::npos) return fail("", "", std::string{message});
        const std::string_view field = message.substr(prefix.size(), colon - prefix.size());
        const std::size_t want = message.find("want ", colon);
        fail(field, cell_of(field),
             std::string{want == std::string_view::npos ? message.substr(colon + 2) : message.substr(want + 5)});
    }

    std::size_t index_of(std::string_view key) const {
        for (std::size_t i = 0; i < columns_.size(); ++i)
            if (columns_[i].column && columns_[i].column->key == key) return i;
        return columns_.size();
    }
    std::string heading_of(std::string_view key) const {
        const std::size_t i = index_of(key);
        return i < columns_.size() ? columns_[i].heading : std::string{key};
    }
    std::string_view cell_of(std::string_view key) const {
        const std::size_t i = index_of(key);
        return i < row_.cells.size() ? trimmed(row_.cells[i]) : std::string_view{};
    }
    bool has_error(std::string_view key) const {
        const std::string heading = heading_of(key);
        return std::ranges::any_of(errors_, [&](const ImportError& error) { return error.column == heading; });
    }
    void fill(std::string_view key, const std::string& value) {
        if (!value.empty()) values_.emplace(key, value);
    }
    std::string text(std::string_view key) const {
        const auto found = values_.find(key);
        const auto* value = found == values_.end() ? nullptr : std::get_if<std::string>(&found->second);
        return value ? *value : std::string{};
    }
    std::optional<std::int64_t> number(std::string_view key) const {
        const auto found = values_.find(key);
        const auto* value = found == values_.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
        return value ? std::optional{*value} : std::nullopt;
    }

    const Schema& papers_;
    const std::vector<BoundColumn>& columns_;
    const SheetRow& row_;
    const ImportOptions& options_;
    DataMap values_;
    std::vector<ImportError> errors_;
};

// Two rows may not be one device: neither by id, nor by maker, model and serial.
class SeenDevices {
public:
    void check(const ImportedDevice& device, RowReader& reader) {
        const auto value = [&](const char* member) {
            const auto found = device.entry.find(member);
            return found == device.entry.end() ? std::string{} : found->second;
        };
        note("id", value("id"), value("id"), device.line, reader);
        if (const std::string serial = value("serial"); !serial.empty())
            note("serial", value("maker") + "\n" + value("model") + "\n" + serial, serial, device.line, reader);
    }

private:
    void note(const std::string& key, const std::string& what, const std::string& shown, int line, RowReader& reader) {
        const auto [before, is_new] = lines_.emplace(key + "\n" + what, line);
        if (!is_new) reader.fail(key, shown, fmt::format("each device once: it stands on line {} too", before->second));
    }
    std::map<std::string, int> lines_;
};

}  // namespace

std::map<std::string, State, std::less<>> state_words_of(const LifecycleTable& table) {
    std::map<std::string, State, std::less<>> out;
    for (std::size_t i = 1; i < state_count; ++i) {
        const auto state = static_cast<State>(i);
        out.emplace(table.rule(state).text_zh, state);
        out.emplace(table.rule(state).text_en, state);
    }
    return out;
}

Result<ImportReport> import_devices(const Schema& papers, std::span<const SheetRow> rows,
                                    const ImportOptions& options) {
    if (rows.empty()) return Error{Errc::malformed, "table: got no rows, want a heading and a row for each device"};
    if (rows.size() > sheet_rows_max + 1)
        return Error{Errc::too_large, fmt::format("table: got {} rows, want at most {}", rows.size(), sheet_rows_max)};
    ImportReport report;
    const auto columns = bind_columns(rows.front(), report);
    if (!columns) return columns.error();
    SeenDevices seen;
    for (const SheetRow& row : rows.subspan(1)) {
        ++report.rows;
        RowReader reader{papers, *columns, row, options};
        auto device = reader.read();
        if (device) seen.check(*device, reader);
        report.error_count += reader.errors().size();
        for (const ImportError& error : reader.errors())
            if (report.errors.size() < import_errors_max) report.errors.push_back(error);
        if (device && reader.errors().empty()) report.devices.push_back(std::move(*device));
    }
    return report;
}

}  // namespace gantry::paper
