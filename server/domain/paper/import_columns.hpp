#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/domain/paper/import.hpp"

// The columns that an import knows, and what may stand in their cells.
namespace gantry::paper {

enum class CellKind : std::uint8_t {
    text,
    whole,         // 64, 1,200,000, 64.0
    tesla,         // 1.5 -> 1500
    ten_thousand,  // 万元: 120.5 -> 1205000
    years,         // 10 -> 3652 days
    date,          // 2021-03-05, 2021/3/5, 2021年3月5日, 20210305, 44260
    flag,          // 是, 否, yes, no, 1, 0
    modality,
    guidance,
    state,
    udi,
};

struct Column {
    std::string_view key;  // member of the register entry, field of the device sheet, or of the baseline
    CellKind kind = CellKind::text;
    std::string_view headings;  // separated by '|', as normal_heading writes them; the first is shown to people
    bool needed = false;
};
std::span<const Column> import_columns();

// Lower case, without spaces and what joins words; full-width brackets as plain ones.
std::string normal_heading(std::string_view text);

// The column of a heading; null when it is not known.
const Column* column_of_heading(std::string_view heading);

std::string_view trimmed(std::string_view text);

// A cell's text as the value that its column holds: DataValue of the paper's field. None when it is not of that form;
// `wanted` tells the form. Not for CellKind::udi, which is more than one value.
std::optional<DataValue> read_cell(CellKind kind, std::string_view text, const ImportOptions& options);
std::string_view wanted(CellKind kind);

}  // namespace gantry::paper
