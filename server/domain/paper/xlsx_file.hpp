#pragma once

#include <vector>

#include "common/core/bytes.hpp"
#include "server/domain/paper/sheet.hpp"

// A whole XLSX file: a ZIP archive of which two parts are read.
namespace gantry::paper {

// The first sheet's rows, as parse_xlsx_sheet gives them. Of the archive only stored and deflated parts without
// encryption are read, no part unpacks to more than sheet_bytes_max, and nothing but the sheet and its strings is
// unpacked at all. Errors: Errc::malformed (no archive, no sheet, damaged), too_large.
Result<std::vector<SheetRow>> parse_xlsx(ByteView file);

// Whether the bytes are an archive that holds a workbook.
bool is_xlsx(ByteView file);

}  // namespace gantry::paper
