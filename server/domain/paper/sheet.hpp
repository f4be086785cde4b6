#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

// Tables as offices keep them, read into rows of texts: CSV, and the two parts of an XLSX that hold one sheet.
namespace gantry::paper {

inline constexpr std::size_t sheet_bytes_max = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t sheet_rows_max = 10'000;  // without the heading
inline constexpr std::size_t sheet_columns_max = 100;
inline constexpr std::size_t sheet_cell_bytes_max = 4'096;

struct SheetRow {
    int line = 0;  // where it begins, as the person's own program numbers it, from 1
    std::vector<std::string> cells;
    bool operator==(const SheetRow&) const = default;
};

// RFC 4180: quotes, quoted line breaks, CRLF or LF. A byte order mark is passed over; the separator is the one of
// comma, semicolon and tab that stands most often in the first line. Rows without any text are left out. Errors, with
// line, got and want: Errc::malformed (not UTF-8, quotes), too_large.
Result<std::vector<SheetRow>> parse_csv(std::string_view text);

// One JSON object a line, its members' names as headings, in the order in which they come up; values are texts,
// numbers, true, false or null. `line` is the line of the text. Errors as above.
Result<std::vector<SheetRow>> parse_ndjson(std::string_view text);

// `shared_strings` is xl/sharedStrings.xml (empty when the file has none), `sheet` xl/worksheets/sheet1.xml, both
// unpacked. Numbers come as they are written, so a date comes as a day number, counted from 1900 as all files but very
// old ones of one system do. Errors as above; a document type declaration is refused.
Result<std::vector<SheetRow>> parse_xlsx_sheet(std::string_view shared_strings, std::string_view sheet);

}  // namespace gantry::paper
