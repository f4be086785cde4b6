#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>

#include "server/domain/paper/sheet.hpp"

namespace gantry::paper {
namespace {

namespace bj = boost::json;

Error at_line(int line, std::string_view what) { return {Errc::malformed, fmt::format("line {}: {}", line, what)}; }

// A cell as a table program would show it; none: neither text nor number.
std::optional<std::string> cell_of(const bj::value& value) {
    if (value.is_null()) return std::string{};
    if (value.is_string()) return std::string{value.get_string().data(), value.get_string().size()};
    if (value.is_bool()) return value.get_bool() ? "true" : "false";
    if (value.is_int64()) return std::to_string(value.get_int64());
    if (value.is_uint64()) return std::to_string(value.get_uint64());
    if (value.is_double()) return fmt::format("{}", value.get_double());
    return std::nullopt;
}

struct Table {
    std::vector<SheetRow> rows{SheetRow{1, {}}};  // the headings, as they come up
    std::map<std::string, std::size_t, std::less<>> columns;

    Result<void> add(int line, const bj::object& object) {
        SheetRow row{line, std::vector<std::string>(columns.size())};
        for (const auto& member : object) {
            const std::string heading{member.key().data(), member.key().size()};
            auto cell = cell_of(member.value());
            if (!cell) return at_line(line, fmt::format("{}: want a text, a number, true, false or null", heading));
            if (cell->size() > sheet_cell_bytes_max)
                return Error{Errc::too_large, fmt::format("line {}: got a cell of {} bytes, want at most {}", line,
                                                          cell->size(), sheet_cell_bytes_max)};
            const auto [column, is_new] = columns.try_emplace(heading, columns.size());
            if (columns.size() > sheet_columns_max)
                return Error{Errc::too_large,
                             fmt::format("table: got {} columns, want at most {}", columns.size(), sheet_columns_max)};
            if (is_new) rows.front().cells.push_back(heading);
            row.cells.resize(columns.size());
            row.cells[column->second] = std::move(*cell);
        }
        rows.push_back(std::move(row));
        return {};
    }
};

}  // namespace

Result<std::vector<SheetRow>> parse_ndjson(std::string_view text) {
    if (text.size() > sheet_bytes_max)
        return Error{Errc::too_large,
                     fmt::format("table: got {} bytes, want at most {}", text.size(), sheet_bytes_max)};
    Table table;
    int line_no = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++line_no;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
        bj::error_code error;
        const bj::value row = bj::parse({line.data(), line.size()}, error);
        if (error || !row.is_object()) return at_line(line_no, "want one JSON object a line");
        if (table.rows.size() > sheet_rows_max)
            return Error{Errc::too_large,
                         fmt::format("table: got more than {0} rows, want at most {0}", sheet_rows_max)};
        if (auto added = table.add(line_no, row.get_object()); !added) return added.error();
    }
    if (table.rows.size() == 1) return std::vector<SheetRow>{};
    return std::move(table.rows);
}

}  // namespace gantry::paper
