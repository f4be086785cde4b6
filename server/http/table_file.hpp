#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "server/http/text_form.hpp"

// Tables as files for people's own programs.
namespace gantry::http {

// A moment; 0: none.
struct CellTime {
    std::int64_t utc_ms = 0;
};
// monostate: an empty cell.
using Cell = std::variant<std::monostate, std::string, std::int64_t, bool, CellTime>;

struct ColumnHead {
    std::string_view en, zh;
};

class TableFile {
public:
    virtual ~TableFile() = default;
    // As many cells as there are columns.
    virtual void row(std::span<const Cell> cells) = 0;
    // The whole file; the last call.
    virtual std::string finish() = 0;
};

// RFC 4180: CRLF, quotes where they are needed. Times are RFC 3339 in UTC. A text that begins with = + - @, tab or
// return gets an apostrophe in front, so that no program runs it as a formula. `bom`: a byte order mark first, by which
// spreadsheet programs know UTF-8.
std::unique_ptr<TableFile> csv_file(std::span<const ColumnHead> columns, Language language, bool bom);

// One sheet with a frozen heading; times are date cells in UTC. Texts are texts, whatever they begin with. Throws
// std::runtime_error when it cannot be made.
std::unique_ptr<TableFile> xlsx_file(std::span<const ColumnHead> columns, Language language);

}  // namespace gantry::http
