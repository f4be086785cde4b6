#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/domain/paper/import_step.hpp"
#include "server/http/commands.hpp"
#include "server/http/http_server.hpp"
#include "server/store/store_reader.hpp"

// A fleet's table from its bytes to the answer that tells what became of each row; the same for HTTP and the command
// line.
namespace gantry::http {

// Rows whose missing papers are told: each takes a few reads of the store. Of later rows `missing` is null.
inline constexpr std::size_t missing_told_rows_max = 2'000;

enum class TableFormat : std::uint8_t { csv, ndjson, xlsx };

struct ImportOrder {
    TableFormat format = TableFormat::csv;
    std::string_view table;
    bool dry_run = true;
    std::string org{}, site{};  // of rows that leave them empty
    std::string tz{};           // the same; dates are days of this zone, of Asia/Shanghai when it is empty
    paper::ImportedBy by{};     // not needed for a dry run
};

// The ImportReport of the contract as JSON. Waits for the commits, so it must run where waiting is allowed. Errors are
// of the table as a whole: malformed, too_large, schema (tz is no zone), unavailable (part of it may be committed: the
// same table again does the rest).
Result<std::string> import_table(store::StoreReader& reader, Commands& commands, const HttpConfig& config,
                                 const ImportOrder& order, std::int64_t now_ms);

}  // namespace gantry::http
